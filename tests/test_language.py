"""Figures in French: every text of the committed figures is known, numbers get a comma, English is left alone."""

import html
import re

import matplotlib.pyplot as plt
import pytest
from matplotlib.ticker import LogFormatterSciNotation

from helpers import figures
from helpers.language import MATH, NUMBER, WORD, said, translate, words
from helpers.parameters import ParameterError
from tools.common import ROOT


def drawn(path):
    """Return the texts of a saved figure; those with formulas stand in comments of the svg."""
    svg = path.read_text(encoding="utf-8")
    found = re.findall(r"<text[^>]*>([^<]+)</text>", svg) + re.findall(r"<!-- (.*?) -->", svg, re.S)
    return {html.unescape(text.strip()) for text in found}


@pytest.fixture
def french(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTEBOOK_LANGUAGE", "fr")
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path))
    return tmp_path


def test_every_text_of_the_committed_figures_is_translated():
    paths = list((ROOT / "figs").glob("*/*.svg"))
    keys = {NUMBER.sub("#", text) for path in paths for text in drawn(path)}
    asked = {key for key in keys if WORD.search(MATH.sub("", key))}
    assert len(paths) > 70 and asked - set(words()) == set(), "add them to helpers/figures_fr.toml"
    assert set(words()) - asked == set(), "no figure says these any more"


def test_a_translation_keeps_formulas_and_numbers():
    for english, french in words().items():
        assert sorted(MATH.findall(english)) == sorted(MATH.findall(french)), english
        assert english.count("#") == french.count("#") or "#" not in french, english
        assert said(french.replace("#", "1,5")) == french.replace("#", "1,5"), "saved twice, it stays"
        assert not re.search(r" [:;!?%]|\btaux\b|contrôle\b(?! *$)", french), french


SAID = {
    "time (ms)\nmovie (0.5 s each)": "temps (ms)\nfilm (0,5 s chacun)",
    "10.5 seeds": "10,5 graines",
    "$s$ from $-$1.5 to 20 ms": "$s$ de $-$1,5 à 20 ms",
    "$0.25$": "$0{,}25$",
    "1e-07": "1e-07",
    "": "",
    "time # 0.5": "time # 0.5",
    "version 1.5 of mine": "version 1.5 of mine",
}


def test_words_and_numbers_are_translated_and_what_is_not_known_is_left_alone():
    assert {english: said(english) for english in SAID} == SAID


def panels():
    fig, (left, right) = figures.figure(1, 2)
    left.plot([0, 1], [-0.5, 0.5], label="static")
    left.set(xlabel="time (ms)", ylabel="of my own", title="7.5 deg", yticks=[-0.5, 0, 0.5])
    left.legend()
    right.set_xticks([0, 1], ["trained", "0.5"])
    right.semilogy([0, 1], [1, 100])
    right.set_yticks([10, 20], [10, 2.5], minor=True)
    right.annotate("neuromast (cm)\nrate (Hz)", (0, 1))
    return fig


def test_a_saved_figure_is_french_and_keeps_its_scales(french):
    fig = panels()
    translate(fig)  # a second time, when it is saved, changes nothing
    figures.save(fig, "m/a", params={})
    texts = drawn(french / "m/a.svg")
    assert {"temps (ms)", "of my own", "7,5 deg", "statique", "entraînés", "neuromaste (cm)", "fréquence (Hz)"} <= texts
    assert {"−0,5", "0,0", "0,5", "2,5"} <= texts and not {"time (ms)", "static", "0.5", "0.0"} & texts
    assert isinstance(fig.axes[1].yaxis.get_major_formatter(), LogFormatterSciNotation)


def test_an_animation_is_french(french):
    fig, ax = figures.figure(width_mm=40, height_mm=30)
    figures.save_animation(fig, lambda k: ax.set_title("movie (0.5 s each)"), "m/c", n_frames=2, params={})
    assert ax.get_title() == "film (0,5 s chacun)"


def test_english_is_left_as_it_is_and_another_language_refused_before_anything_is_written(french, monkeypatch):
    fig = panels()
    before = [text.get_text() for text in fig.findobj(plt.Text)]
    monkeypatch.delenv("NOTEBOOK_LANGUAGE")
    translate(fig)
    assert [text.get_text() for text in fig.findobj(plt.Text)] == before
    monkeypatch.setenv("NOTEBOOK_LANGUAGE", "de")
    with pytest.raises(ParameterError, match=r"NOTEBOOK_LANGUAGE = 'de'.*en.*fr"):
        figures.save(fig, "m/a", params={})
    assert list(french.iterdir()) == []
