"""The slides as they are shown from a file without a network, and a student copy as JupyterLab opens it."""

import shutil

import nbformat
import pytest

from tests.browser.lab import watch
from tools import handouts
from tools.common import ROOT
from tools.hygiene import Page
from tools.notebooks import find

FINAL = find()
READY = "() => window.Reveal?.isReady() && window.MathJax?.startup?.promise"
# Every slide in turn: what sticks out of it, how large its pictures are drawn, formulas that failed, size of its text.
VISIT = """() => Array.from({length: Reveal.getTotalSlides()}, (_, i) => {
  Reveal.slide(i);
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const frame = document.querySelector('.reveal .slides').getBoundingClientRect();
  const shown = (selector) => [...slide.querySelectorAll(selector)].filter((e) => !e.closest('aside'));
  const out = shown('h1, h2, h3, p, li, pre code, table, img, mjx-container').filter((e) => {
    const box = e.getBoundingClientRect();
    return box.bottom > frame.bottom + 2 || box.right > frame.right + 2 || box.left < frame.left - 2;
  });
  const pictures = shown('.picture img').map((e) => {
    const box = e.getBoundingClientRect();
    const fit = Math.min(box.width / e.naturalWidth, box.height / e.naturalHeight);
    return [fit * e.naturalWidth / scale, fit * e.naturalHeight / scale];
  });
  return {
    title: shown('h1, h2, h3').map((e) => e.textContent)[0],
    outside: out.map((e) => `${e.tagName}: ${e.textContent.slice(0, 60)}`),
    pictures,
    failed: shown('[data-mjx-error], mjx-merror').length,
    formulas: shown('mjx-container').length,
    dollars: shown('p, li').filter((e) => /[$]/.test(e.textContent)).length,
    text: Math.min(99, ...shown('p, li').map((e) => parseFloat(getComputedStyle(e).fontSize))),
    table: Math.min(99, ...shown('td').map((e) => parseFloat(getComputedStyle(e).fontSize))),
  };
})"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """A folder with the slides of all notebooks, reveal.js and MathJax."""
    if not shutil.which("npm") and not list((ROOT / ".store").glob("reveal.js-*.tgz")):
        pytest.skip("npm is not installed, and reveal.js was not fetched before")
    folder = tmp_path_factory.mktemp("slides")
    places = handouts.write_offline(folder, ROOT / ".store")
    for path in FINAL:
        (folder / f"{path.stem}.html").write_text(handouts.slides_html(Page(path), *places), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(chromium):
    return chromium.new_page(viewport={"width": 1280, "height": 720})


def test_nothing_sticks_out_of_a_slide(offline, page):
    problems, seen = watch(page, "file:"), {}
    for path in FINAL:
        page.goto((offline / f"{path.stem}.html").as_uri())
        page.wait_for_function(READY)
        page.evaluate("() => MathJax.startup.promise.then(() => true)")
        own = page.evaluate(VISIT)
        assert sum(len(s["pictures"]) for s in own) >= 5 and sum(s["formulas"] for s in own) > 0
        for number, slide in enumerate(own, 1):
            seen[f"{path.stem[:7]}/{number}: {slide['title']}"] = slide
    assert problems == []
    assert {name: s["outside"] for name, s in seen.items() if s["outside"]} == {}
    small = {name: s["pictures"] for name, s in seen.items() if any(w < 500 or h < 240 for w, h in s["pictures"])}
    assert small == {}
    assert {name for name, s in seen.items() if s["failed"] or s["dollars"]} == set()
    assert min(s["text"] for s in seen.values()) >= 20 and min(s["table"] for s in seen.values()) >= 17, "of 720 pixels"


def test_a_key_leads_on_and_the_next_reading_takes_the_place_of_one(offline, page):
    page.goto((offline / f"{FINAL[4].stem}.html").as_uri())
    page.wait_for_function(READY)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getIndices().h") == 1
    page.evaluate("""() => {
      const slides = [...document.querySelectorAll('.slides > section')];
      Reveal.slide(slides.findIndex((s) => s.querySelector('img') && s.querySelectorAll('.fragment').length > 1));
    }""")
    shown = """() => [...Reveal.getCurrentSlide().querySelectorAll('.fragment')].map(
      (e) => e.matches('.visible:not(.current-visible), .current-fragment'))"""
    seen = [page.evaluate(shown)]
    for _ in seen[0]:
        page.keyboard.press("ArrowRight")
        seen.append(page.evaluate(shown))
    assert len(seen) > 2 and seen == [[k == n - 1 for k in range(len(seen) - 1)] for n in range(len(seen))]
    assert page.locator("section.present .picture img").count() == 1, "beside the same figure"


def test_a_student_copy_opens_in_jupyterlab(lab, tmp_path):
    handouts.write_student(Page(FINAL[0]), tmp_path)
    lab.open(tmp_path / FINAL[0].name)
    cells = nbformat.read(tmp_path / FINAL[0].name, as_version=4).cells
    place = [cell.source.startswith("<details>") for cell in cells].index(True)
    folded = lab.cell(place).locator(".jp-MarkdownOutput details")
    summary, reading = folded.locator("summary"), folded.get_by_text("Reading.", exact=True)
    summary.wait_for()
    assert summary.inner_text() == handouts.READING and not reading.is_visible(), "first run, then reveal"
    summary.click()
    assert reading.is_visible() and folded.locator("img").evaluate("img => img.complete && img.naturalWidth > 300")
