"""The book as a reader opens it: every page from a file, in a browser without network, on a desk and on a phone."""

import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest

from tools import book

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MAX_MB = 60
FAULTS = ("messages", "failed", "bare", "raw", "unseen", "unnamed", "headed")
CONTENT = """async () => {
  await window.MathJax?.startup?.promise;
  document.querySelectorAll('details').forEach(part => { part.open = true; });
  const texts = selector => [...document.querySelectorAll(selector)].map(e => e.textContent);
  return {
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
    formulas: document.querySelectorAll('article .math').length,
    pictures: document.querySelectorAll('article img').length,
    terms: document.querySelectorAll('article a[href*="glossary.html#term-"]').length,
    // what should not be: formulas not typeset, text left as typed, pictures without words, terms in a heading
    bare: texts('article .math:not(:has(mjx-container))'),
    failed: texts('mjx-merror'),
    raw: texts('article p').filter(text => /^\\|.*\\| *(—|-)|^:::|^```|\\$\\$/.test(text)),
    unnamed: [...document.querySelectorAll('img')].filter(img => !img.alt.trim()).map(img => img.src),
    headed: texts('article :is(h1, h2, h3, h4) .std-term'),
  };
}"""
UNSEEN = """() => [...document.querySelectorAll('article img')].filter(img => {
  const box = img.getBoundingClientRect();
  const seen = img.complete && img.naturalWidth > 0 && img.checkVisibility();
  return !(seen && box.width >= 40 && box.height >= 10 && box.left >= 0 && box.right <= innerWidth + 1);
}).map(img => `${img.src.split('/').pop()}, window of ${innerWidth}`).concat(
  document.documentElement.scrollWidth > innerWidth ? [`the page is wider than ${innerWidth}`] : [])"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The book, built offline."""
    if not shutil.which("npm") and not list((ROOT / ".store").glob("mathjax-*.tgz")):
        pytest.skip("npm is not installed, and MathJax was not fetched before")
    out = tmp_path_factory.mktemp("site") / "book"
    book.build(ROOT, out, offline=True)
    return out


@pytest.fixture(scope="module")
def visit(site, chromium):
    """What the browser found on each page, by path below the site; each page is opened once."""
    tab, messages, found = chromium.new_page(viewport=PHONE), [], {}
    tab.on("console", lambda message: message.type in ("error", "warning") and messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    # A picture of the tab that still loads when the page is left is no fault; a file that is not there is another word.
    lost = "net::ERR_ABORTED"
    tab.on("requestfailed", lambda r: r.failure == lost or messages.append(f"not loaded: {r.url}"))
    tab.on("request", lambda request: urlparse(request.url).scheme in ("file", "data") or messages.append(request.url))
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        if name.startswith("_"):
            continue
        messages.clear()
        pictured = "<img" in path.read_text(encoding="utf-8").partition("<article")[2]
        tab.set_viewport_size(DESK if pictured else PHONE)
        tab.goto(path.as_uri())
        found[name] = tab.evaluate(CONTENT) | {"unseen": tab.evaluate(UNSEEN)}
        if pictured:  # text that fits a phone fits a desk
            tab.set_viewport_size(PHONE)
            found[name]["unseen"] += tab.evaluate(UNSEEN)
        found[name]["messages"] = list(messages)
    tab.close()
    return found


def test_the_site_holds_every_page_within_its_size(site, visit):
    notebooks = [*(ROOT / "FINAL_notebooks").glob("FINAL_*.ipynb"), *(ROOT / "dev").glob("*.ipynb")]
    modules = [p for p in (ROOT / "helpers").rglob("*.py") if not p.name.startswith("__")]
    expected = {f"{path.parent.name}/{path.stem}.html" for path in notebooks}
    expected |= {f"api/{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.html" for path in modules}
    expected |= {"index.html", "fr.html", "glossary.html", "references.html", "figs/scorecard.html", "COMMANDS.html"}
    expected |= {f"model_{path.parent.name}.html" for path in (ROOT / "helpers").glob("*/__init__.py")}
    assert expected - set(visit) == set()
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6 < MAX_MB


@pytest.mark.parametrize("fault", FAULTS)
def test_no_page_has_a_fault(fault, visit):
    assert {name: page[fault] for name, page in visit.items() if page[fault]} == {}


def test_notebooks_and_models_have_what_a_reader_looks_for(visit):
    notebooks = [page for name, page in visit.items() if name.startswith("FINAL")]
    for page in notebooks:
        assert page["formulas"] and page["pictures"] and page["terms"] >= 5
    assert visit["index.html"]["pictures"] == len(notebooks) > 0
    for name, page in visit.items():
        if name.startswith("model_"):
            links = " ".join(page["links"])
            assert f"api/helpers.{name[6:-5]}.html" in links and "FINAL_notebooks/FINAL_" in links, name


def test_internal_links_are_alive(site, visit):
    files = {path.as_uri() for path in site.rglob("*")}
    ids = {f"{(site / name).as_uri()}#{part}" for name, page in visit.items() for part in page["ids"]}
    for name, page in visit.items():
        own = {unquote(url) for url in page["links"] if url.startswith("file:")}
        pages = {urldefrag(url)[0] for url in own}
        assert pages <= set(map(unquote, files)), name
        assert {url for url in own if urldefrag(url)[1]} <= set(map(unquote, ids)), name


def test_a_picture_is_enlarged_on_a_phone_by_tap_and_by_key(site, chromium):
    with chromium.new_page(viewport=PHONE, has_touch=True) as tab:
        tab.goto(min((site / "FINAL_notebooks").glob("FINAL_5*.html")).as_uri())
        picture, large = tab.locator("article .cell_output img").first, tab.locator("dialog.zoom[open] img")
        before = picture.bounding_box()["width"]
        for enlarge, close in (
            (picture.tap, large.tap),
            (lambda: picture.press("Enter"), lambda: tab.keyboard.press("Escape")),
        ):
            enlarge()
            assert before < PHONE["width"] and large.bounding_box()["width"] >= 2.5 * before
            assert large.get_attribute("alt") == picture.get_attribute("alt")
            close()
            large.wait_for(state="hidden", timeout=5000)


def test_search_finds_a_term_from_a_file(site, chromium):
    with chromium.new_page() as tab:
        tab.goto((site / "search.html").as_uri() + "?q=lyapunov")
        tab.wait_for_selector("#search-results li a", timeout=10000)
