"""The slides as they are shown from a file without a network, and a student copy as JupyterLab opens it."""

import shutil

import nbformat
import pytest

from tests.browser.lab import watch
from tools import handouts, notebooks

FINAL = notebooks.find()
READY = "() => window.Reveal?.isReady() && window.MathJax?.startup?.promise"
# Every slide in turn: what sticks out of it, how large its pictures are drawn, formulas that failed, size of its text.
VISIT = """() => Array.from({length: Reveal.getTotalSlides()}, (_, i) => {
  Reveal.slide(i);
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale();
  const frame = document.querySelector('.reveal .slides').getBoundingClientRect();
  const shown = (selector) => [...slide.querySelectorAll(selector)].filter((e) => !e.closest('aside'));
  const out = shown('h1, h2, p, li, pre code, table, img, mjx-container').filter((e) => {
    const box = e.getBoundingClientRect();
    return box.bottom > frame.bottom + 2 || box.right > frame.right + 2 || box.left < frame.left - 2;
  });
  const pictures = shown('.picture img').map((e) => {
    const box = e.getBoundingClientRect();
    const fit = Math.min(box.width / e.naturalWidth, box.height / e.naturalHeight);
    return [fit * e.naturalWidth / scale, fit * e.naturalHeight / scale];
  });
  return {
    title: shown('h1, h2')[0].textContent,
    outside: out.map((e) => `${e.tagName}: ${e.textContent.slice(0, 60)}`),
    pictures,
    failed: shown('[data-mjx-error], mjx-merror').length,
    formulas: shown('mjx-container').length,
    dollars: shown('p, li').filter((e) => /[$]/.test(e.textContent)).length,
    text: Math.min(...shown('p, li, td').map((e) => parseFloat(getComputedStyle(e).fontSize))),
  };
})"""


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """A folder with reveal.js and MathJax, and where they lie in it."""
    if not shutil.which("npm") and not list((notebooks.ROOT / ".store").glob("reveal.js-*.tgz")):
        pytest.skip("npm is not installed, and reveal.js was not fetched before")
    folder = tmp_path_factory.mktemp("slides")
    return folder, handouts.write_offline(folder, notebooks.ROOT / ".store")


@pytest.fixture
def slides(offline, chromium, request):
    """The page of slides of a notebook, all formulas set, and what went wrong on it."""
    folder, places = offline
    path = request.param
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    problems = watch(page, "file:")
    target = folder / f"{path.stem}.slides.html"
    target.write_text(handouts.slides_html(path, nbformat.read(path, as_version=4), *places), encoding="utf-8")
    page.goto(target.as_uri())
    page.wait_for_function(READY)
    page.evaluate("() => MathJax.startup.promise.then(() => true)")
    yield page, problems
    page.close()


@pytest.mark.parametrize("slides", FINAL, ids=lambda path: path.stem[:7], indirect=True)
def test_slides_make_a_lecture(slides):
    page, problems = slides
    seen = page.evaluate(VISIT)
    assert problems == []
    assert 15 <= len(seen) <= 22
    assert {s["title"]: s["outside"] for s in seen if s["outside"]} == {}
    assert {s["title"]: s["pictures"] for s in seen if any(w < 600 or h < 260 for w, h in s["pictures"])} == {}
    assert sum(len(s["pictures"]) for s in seen) >= 5
    assert {s["title"] for s in seen if s["failed"] or s["dollars"]} == set() and sum(s["formulas"] for s in seen) > 0
    assert min(s["text"] for s in seen) >= 20, "of 720 pixels height"
    page.evaluate("() => Reveal.slide(0)")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => Reveal.getIndices().h") == 1


@pytest.mark.parametrize("path", FINAL[:1], ids=lambda path: path.stem[:7])
def test_a_student_copy_opens_in_jupyterlab(path, lab, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    handouts.write_student(path, notebook, tmp_path)
    shutil.copytree(tmp_path / "figs", lab.server.folder / tmp_path.name / "figs")
    lab.open(tmp_path / path.name)
    text = lab.page.evaluate("() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())")
    answers = [text.strip()[:60] for name, text in handouts.DETAILS.findall(notebook.cells[-4].source)]
    assert "Résumé en français" in text and handouts.STARTER in text
    assert "<summary>Answers" not in text and not any(answer in text for answer in answers)
    lab.cell(2).locator("img").wait_for()
    lab.page.wait_for_function("() => document.querySelector('.jp-mod-active img').naturalWidth > 600")
    assert lab.problems() == []
