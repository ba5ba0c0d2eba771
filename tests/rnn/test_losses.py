"""The losses: values by hand, words, slopes where they have none, labels of files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.parameters import ParameterError
from helpers.rnn.losses import LOSSES, loss_label, loss_name, loss_value, target_vector

NUMBERS = st.lists(st.floats(-20, 20), min_size=1, max_size=12).map(np.array)


@given(NUMBERS, st.floats(-5, 5))
def test_l2_is_the_norm_and_mse_its_square_over_k(x, t):
    target = target_vector("MSE", t, x.size)
    norm = np.linalg.norm(x - t)
    assert loss_value("l2", x, target) == pytest.approx(norm, rel=1e-9, abs=1e-150)
    assert loss_value("MSE", x, target) == pytest.approx(norm**2 / x.size, rel=1e-9)


@given(NUMBERS)
def test_sinai_is_the_plain_sum_and_not_the_entropy(x):
    """The source's sum of relu(l) - relu(-l) over the exponents is their sum."""
    relu = np.maximum(x, 0).sum() - np.maximum(-x, 0).sum()
    assert loss_value(loss_name("Sinai"), x, x) == pytest.approx(-relu)


@given(NUMBERS)
def test_entropy_is_the_positive_part_within_its_softening(x):
    excess = -loss_value("entropy", x, x) - np.maximum(x, 0).sum()
    assert -1e-12 <= excess <= x.size * np.log(2) / 10 + 1e-12


def test_custom_target_is_a_line_whatever_the_target():
    assert target_vector("MSE_Custom", 7.0, 3).tolist() == [1.25, 0.0, -1.25]
    assert loss_value("MSE_Custom", np.array([1.25, 0.0, -1.25]), target_vector("MSE_Custom", 7.0, 3)) == 0


def test_words_in_any_case_and_others_are_refused_with_those_that_exist():
    assert [loss_name(word) for word in ("l2", "L2", "mse", "SINAI", "mse_custom")] == [
        "l2",
        "l2",
        "MSE",
        "sum",
        "MSE_Custom",
    ]
    for word in ("l1", ""):
        with pytest.raises(ParameterError, match=f"loss.*{LOSSES[0]}.*Sinai"):
            loss_name(word)


def test_a_target_of_another_length_or_kind_is_refused():
    for target in ([1.0, 2.0], [[1.0]], "0", float("nan"), None, float("inf")):
        with pytest.raises(ParameterError, match="target"):
            target_vector("MSE", target, 3)
    for k in (10**30, 0):
        for name in ("MSE", "MSE_Custom"):
            with pytest.raises(ParameterError, match=f"^k = {k} is out of range"):
                target_vector(name, 0.0, k)


def test_labels_of_files():
    labels = [loss_label(name, -2) for name in LOSSES]
    assert labels == ["l2Norm_-2.00", "MSE_-2.00", "MSE_1.25_-1.25", "Entropy", "EntropyPositive"]
