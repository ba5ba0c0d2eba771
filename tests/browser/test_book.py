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
TYPESET = "() => window.MathJax?.startup?.promise"
OPENED = "() => document.querySelectorAll('details').forEach(part => { part.open = true; })"
CONTENT = """() => ({
  links: [...document.querySelectorAll('a[href]')].map(a => a.href),
  ids: [...document.querySelectorAll('[id], a[name]')].map(e => e.id || e.name),
  formulas: document.querySelectorAll('article .math').length,
  bare: [...document.querySelectorAll('article .math:not(:has(mjx-container))')].map(e => e.textContent),
  errors: [...document.querySelectorAll('mjx-merror')].map(e => e.textContent),
  raw: [...document.querySelectorAll('article p')].map(e => e.textContent)
    .filter(text => /^\\|.*\\| *(—|-)|^:::|^```|\\$\\$/.test(text)),
  pictures: document.querySelectorAll('article img').length,
  unnamed: [...document.querySelectorAll('img')].filter(img => !img.alt.trim()).map(img => img.src),
  terms: document.querySelectorAll('article a[href*="glossary.html#term-"]').length,
  headed: [...document.querySelectorAll('article :is(h1, h2, h3, h4) .std-term')].map(a => a.textContent),
})"""
HIDDEN = """() => [...document.querySelectorAll('article img')].filter(img => {
  const box = img.getBoundingClientRect();
  const seen = img.complete && img.naturalWidth > 0 && img.checkVisibility();
  return !(seen && box.width >= 40 && box.height >= 10 && box.left >= 0 && box.right <= innerWidth + 1);
}).map(img => img.src.split('/').pop()).concat(
  document.documentElement.scrollWidth > innerWidth ? ['the page itself is too wide'] : [])"""


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
    context = chromium.new_context(viewport=DESK)
    tab, faults = context.new_page(), []
    tab.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("requestfailed", lambda request: faults.append(f"not loaded: {request.url}"))
    tab.on("request", lambda request: urlparse(request.url).scheme in ("file", "data") or faults.append(request.url))
    found = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        if not name.startswith("_"):
            faults.clear()
            found[name] = _look(tab, path, phone=not name.startswith("dev/20")) | {"faults": list(faults)}
    context.close()
    return found


def _look(tab, path, *, phone):
    tab.goto(path.as_uri())
    tab.evaluate(TYPESET)
    tab.evaluate(OPENED)
    found = tab.evaluate(CONTENT) | {"desk": tab.evaluate(HIDDEN), "phone": []}
    if phone:
        tab.set_viewport_size(PHONE)
        found["phone"] = tab.evaluate(HIDDEN)
        tab.set_viewport_size(DESK)
    return found


def of(visit, key):
    return {name: page[key] for name, page in visit.items() if page[key]}


def test_the_site_holds_every_page_within_its_size(site, visit):
    notebooks = [*(ROOT / "FINAL_notebooks").glob("FINAL_*.ipynb"), *(ROOT / "dev").glob("*.ipynb")]
    modules = [p for p in (ROOT / "helpers").rglob("*.py") if not p.name.startswith("__")]
    expected = {f"{path.parent.name}/{path.stem}.html" for path in notebooks}
    expected |= {f"api/{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.html" for path in modules}
    expected |= {"index.html", "fr.html", "glossary.html", "references.html", "figs/scorecard.html", "COMMANDS.html"}
    expected |= {f"model_{path.parent.name}.html" for path in (ROOT / "helpers").glob("*/__init__.py")}
    assert expected - set(visit) == set()
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6 < MAX_MB


def test_no_console_message_no_failed_and_no_outside_request(visit):
    assert of(visit, "faults") == {}


def test_every_formula_is_typeset(visit):
    assert of(visit, "errors") == {} and of(visit, "bare") == {}
    assert sum(bool(page["formulas"]) for name, page in visit.items() if name.startswith("FINAL")) == sum(
        name.startswith("FINAL") for name in visit
    ), "every FINAL notebook has formulas"


def test_no_table_and_no_formula_is_left_as_typed(visit):
    assert of(visit, "raw") == {}


def test_every_figure_is_seen_on_desk_and_phone(visit):
    assert of(visit, "desk") == {} and of(visit, "phone") == {}
    assert [name for name, page in visit.items() if "notebooks/" in name and not page["pictures"]] == []
    assert visit["index.html"]["pictures"] == sum(name.startswith("FINAL") for name in visit)


def test_every_picture_has_words(visit):
    assert of(visit, "unnamed") == {}


def test_notebooks_lead_to_the_glossary_but_their_headings_do_not(visit):
    assert [name for name, page in visit.items() if name.startswith("FINAL") and page["terms"] < 5] == []
    assert of(visit, "headed") == {}


def test_the_page_of_a_model_leads_to_its_code_and_notebooks(visit):
    for name, page in visit.items():
        if name.startswith("model_"):
            links = " ".join(page["links"])
            assert f"api/helpers.{name[6:-5]}.html" in links and "FINAL_notebooks/FINAL_" in links, name


@pytest.mark.parametrize("way", ["tap", "Enter"])
def test_a_picture_is_enlarged_on_a_phone(way, site, chromium):
    with chromium.new_page(viewport=PHONE, has_touch=True) as tab:
        tab.goto(min((site / "FINAL_notebooks").glob("FINAL_5*.html")).as_uri())
        picture, large = tab.locator("article .cell_output img").first, tab.locator("dialog.zoom[open] img")
        before = picture.bounding_box()["width"]
        picture.tap() if way == "tap" else picture.press("Enter")
        assert before < PHONE["width"] and large.bounding_box()["width"] >= 2.5 * before
        assert large.get_attribute("alt") == picture.get_attribute("alt")
        large.tap() if way == "tap" else tab.keyboard.press("Escape")
        large.wait_for(state="hidden", timeout=5000)


def test_internal_links_are_alive(site, visit):
    dead = {}
    for name, page in visit.items():
        for url in page["links"]:
            address, anchor = urldefrag(url)
            if urlparse(address).scheme != "file":
                continue
            path = Path(unquote(urlparse(address).path))
            target = path.relative_to(site).as_posix() if path.is_relative_to(site) else None
            known = target in visit and (not anchor or unquote(anchor) in visit[target]["ids"])
            if not known and not (target and target not in visit and path.is_file()):
                dead.setdefault(name, set()).add(url.rpartition("/")[2])
    assert dead == {}


def test_search_finds_a_term_from_a_file(site, chromium):
    with chromium.new_page() as tab:
        tab.goto((site / "search.html").as_uri() + "?q=lyapunov")
        tab.wait_for_selector("#search-results li a", timeout=10000)
