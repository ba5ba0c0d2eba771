"""The losses: closed forms, words, labels of files, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.parameters import ParameterError
from helpers.rnn.losses import LOSSES, loss_label, loss_name, loss_value, target_vector


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=12).map(np.array), st.floats(-5, 5))
def test_losses_in_closed_form(x, t):
    """The source calls the sum of relu(l) - relu(-l) Sinai's; the entropy is its first part, softened."""
    target, norm, line = target_vector("MSE", t, x.size), np.linalg.norm(x - t), np.linspace(1.25, -1.25, x.size)
    assert loss_value("l2", x, target) == pytest.approx(norm, rel=1e-9, abs=1e-150)
    assert loss_value("MSE", x, target) == pytest.approx(norm**2 / x.size, rel=1e-9)
    custom = loss_value("MSE_Custom", x, target_vector("MSE_Custom", t, x.size))
    assert custom == pytest.approx(((x - line) ** 2).mean(), rel=1e-9)
    positive, negative = np.maximum(x, 0).sum(), np.maximum(-x, 0).sum()
    assert loss_value(loss_name("Sinai"), x, x) == pytest.approx(negative - positive)
    assert -1e-12 <= -loss_value("entropy", x, x) - positive <= x.size * np.log(2) / 10 + 1e-12


def test_words_in_any_case_and_labels_of_files():
    wanted = {"l2": "l2Norm_-2.00", "MSE": "MSE_-2.00", "MSE_Custom": "MSE_1.25_-1.25"}
    wanted |= {"sum": "Entropy", "entropy": "EntropyPositive"}
    assert {name: loss_label(name, -2) for name in LOSSES} == wanted
    for name in LOSSES:
        assert {loss_name(word) for word in (name, name.upper(), name.lower())} == {name}
    assert loss_name("SINAI") == "sum"


def test_bad_words_and_targets_are_refused():
    with pytest.raises(ParameterError, match=f"loss.*{LOSSES[0]}.*Sinai"):
        loss_name("l1")
    with pytest.raises(ParameterError, match="target has 2 values"):
        target_vector("MSE", [1.0, 2.0], 3)
