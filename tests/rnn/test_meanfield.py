"""The mean field: the printed table, limits in closed form, and what is refused."""

from decimal import Decimal

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.rnn import meanfield


@pytest.mark.parametrize("i", range(11))
def test_table_to_the_printed_digits(i, acceptance, record):
    """Within half a unit of the last printed digit: ".773" is .773 +- .0005."""
    row, corrected = acceptance["rnn"]["meanfield"], acceptance["rnn"]["meanfield_corrected"]
    g, right = row["g"][i], dict(zip(corrected["g"], corrected["lambda_1"], strict=True))
    delta, exponent = meanfield.delta_0(g), meanfield.first_exponent(g)
    for found, text in ((delta, row["delta_0"][i]), (exponent, right.get(g, row["lambda_1"][i]))):
        assert abs(found - float(text)) <= 0.5 * 10 ** Decimal(text).as_tuple().exponent
    record("rnn.meanfield", [delta, exponent])
    if g in right:
        record("rnn.meanfield_corrected", exponent)


def test_just_above_onset_the_exponent_tends_to_its_asymptote():
    """lambda_1 -> (g - 1)^2 / 2 and Delta_0 -> g - 1, from a ratio of .74 at 1.1."""
    ratio = [meanfield.first_exponent(1 + e) / (e * e / 2) for e in (0.1, 0.05, 0.025)]
    assert ratio[0] == pytest.approx(0.74, abs=0.01) and (np.diff(ratio) > 0).all() and ratio[-1] < 1
    assert meanfield.delta_0(1.01) == pytest.approx(0.01, rel=0.02)
    for e in (2**-52, 1e-15, 1e-10, 1e-5, 9e-5, 5e-4, 2e-3):  # where the numbers alone gave no sign change, or nan
        above = 1 + e - 1
        assert meanfield.delta_0(1 + e) == pytest.approx(above, rel=3e-3)
        assert meanfield.first_exponent(1 + e) == pytest.approx(above**2 / 2, rel=0.01)
    for e in (5e-5, 9e-5, 1e-3):  # the term of second order, in the series and in the numbers
        above = 1 + e - 1
        assert (meanfield.delta_0(1 + e) / above - 1) / above == pytest.approx(7 / 6, abs=0.01)


def test_at_rest_below_onset_and_at_strong_coupling_that_of_a_sign_function():
    """phi = sign h: Delta_0^2 = 2 g^2 Var|h| = 2 g^2 Delta_0 (1 - 2/pi)."""
    assert meanfield.delta_0(0.7) == meanfield.delta_0(1.0) == 0
    assert meanfield.first_exponent(0.7) == pytest.approx(-0.3)
    assert meanfield.delta_0(100) / (2 * (1 - 2 / np.pi) * 100**2) == pytest.approx(1, rel=0.02)


def test_critical_g(record):
    record("rnn.critical_g", [meanfield.critical_g("tanh_pos"), meanfield.critical_g("tanh_pos", legacy=True)])
    assert meanfield.critical_g("std") == 1 and meanfield.critical_g("strech", gain=2.0) == 0.5


@pytest.mark.parametrize(("gain", "shift"), [(0.01, -100.0), (100.0, 100.0)])  # phi is flat, or underflows
def test_gains_without_a_loss_of_stability_are_refused(gain, shift):
    with pytest.raises(ParameterError, match="no loss of stability found; go nearer to 1, 0"):
        meanfield.critical_g("tanh_pos", gain=gain, shift=shift)
