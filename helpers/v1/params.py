"""Parameters of the V1 models: the retina/LGN bank and the ring, frozen and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import ParameterError, Parameters, parameter

__all__ = ["LgnParams", "RingParams"]

_SOURCE = "published ring notebooks"
_MARKRAM = "published ring notebooks, after Markram et al. 2015"
_MCCORMICK = "published ring notebooks, after McCormick"
_LGN = "published retina/LGN script"
_CAI = "Cai, DeAngelis and Freeman 1997"
_HERE = "here: samples the stimulus's .15 cycles/px"


def _weight(default, meaning):
    return parameter(default, "uS", f"initial weight {meaning}; 0 leaves the projection out", _SOURCE, low=0, high=5)


@dataclass(frozen=True)
class RingParams(Parameters):
    """Parameters of the ring; the defaults are those of the published single-layer model.

    Weights are peak conductances and positive for inhibition too; each synapse starts at its weight and, if
    `plastic`, moves between 0 and `w_max_ratio` times it. One spike of .4 uS moves a resting cell by 11.4 mV and
    the threshold is 13 mV away, so it needs two inputs within about 50 ms.

    Raises
    ------
    ParameterError
        If a value is out of range, or if times do not fit together (delays in order and not below the time step,
        a whole number of steps in a window, reset and rest below threshold).

    Examples
    --------
    >>> RingParams(plastic=False).table("n_exc", "window_ms").rows[1][:3]
    ('window_ms', '1000', 'ms')
    """

    n_exc: int = parameter(60, "", "excitatory cells, and inputs", _SOURCE, low=2, high=10_000)
    n_inh: int = parameter(60, "", "inhibitory cells (12 in the 5:1 variant)", _SOURCE, low=2, high=10_000)
    gain_hz: float = parameter(20.0, "Hz", "peak input rate G", _SOURCE, low=0, high=1e4)
    noise: float = parameter(0.2, "", "share of G that does not depend on orientation", _SOURCE, low=0, high=1)
    b_theta_rad: float = parameter(np.pi / 12, "rad", "input bandwidth B", _SOURCE, low=0, low_open=True)
    window_ms: float = parameter(1000.0, "ms", "duration of one orientation", _SOURCE, low=0, high=1e6, low_open=True)
    plastic: bool = parameter(True, "", "STDP on all projections", _SOURCE)
    lateral: bool = parameter(True, "", "E to E and I to I connections", _SOURCE)
    inhibition: bool = parameter(True, "", "E to I and I to E connections", _SOURCE)
    layers: int = parameter(1, "", "rings, one above the other", _SOURCE, low=1, high=2)
    w_input_exc_us: float = _weight(0.4, "input to E")
    w_input_inh_us: float = _weight(0.4, "input to I")
    w_exc_exc_us: float = _weight(0.1, "E to E")
    w_inh_inh_us: float = _weight(0.1, "I to I (.2 in the run with a broader input)")
    w_exc_inh_us: float = _weight(0.1, "E to I")
    w_inh_exc_us: float = _weight(0.1, "I to E")
    w_exc_exc2_us: float = _weight(0.5, "E to E of layer 2")
    w_exc_inh2_us: float = _weight(0.5, "E to I of layer 2")
    w_inh_exc2_us: float = _weight(0.5, "I to E of layer 2")
    w_max_ratio: float = parameter(2.0, "", "largest weight over initial weight", _SOURCE, low=1, high=20)
    shared_delays: bool = parameter(False, "", "one-to-one projections draw the same delays", "source's shared seed")
    lateral_decay: float = parameter(
        2.0, "1/radius", "lateral connections: P = exp(-decay d)", _SOURCE, low=0, high=1e3
    )
    lateral_decay_2: float = parameter(
        5.0, "1/radius", "the same, second E to E set of layer 2", _SOURCE, low=0, high=1e3
    )
    p_sparse: float = parameter(0.05, "", "one-to-one replaced by chance when n_inh != n_exc", _SOURCE, low=0, high=1)
    delay_mean_ms: float = parameter(3.0, "ms", "delay: mean of the normal", _SOURCE, low=0, high=1e3)
    delay_sd_ms: float = parameter(5.0, "ms", "delay: sd of the normal", _SOURCE, low=0, high=1e6, low_open=True)
    delay_min_ms: float = parameter(0.1, "ms", "delay: redrawn below", _SOURCE, low=0, low_open=True)
    delay_max_ms: float = parameter(5.0, "ms", "delay: redrawn above", _SOURCE, low=0, high=1e3, low_open=True)
    cm_nf: float = parameter(0.5, "nF", "membrane capacitance", _MCCORMICK, low=1e-3, high=1e5)
    tau_m_ms: float = parameter(30.0, "ms", "membrane time constant", _MARKRAM, low=1e-3, high=1e5)
    tau_refrac_ms: float = parameter(1.5, "ms", "refractory period", _MCCORMICK, low=0, high=1e4)
    tau_syn_exc_ms: float = parameter(0.25, "ms", "decay of excitatory conductance", _SOURCE, low=1e-3, high=1e5)
    tau_syn_inh_ms: float = parameter(0.75, "ms", "decay of inhibitory conductance", _SOURCE, low=1e-3, high=1e5)
    e_rev_exc_mv: float = parameter(0.0, "mV", "excitatory reversal potential", _SOURCE, low=-1e3, high=1e3)
    e_rev_inh_mv: float = parameter(-70.0, "mV", "inhibitory reversal potential", _SOURCE, low=-1e3, high=1e3)
    v_rest_mv: float = parameter(-65.5, "mV", "resting potential", _MCCORMICK, low=-1e3, high=1e3)
    v_reset_mv: float = parameter(
        -56.5, "mV", "reset and initial potential, above rest", _MCCORMICK, low=-1e3, high=1e3
    )
    v_thresh_mv: float = parameter(-52.5, "mV", "threshold", _MCCORMICK, low=-1e3, high=1e3)
    dt_ms: float = parameter(0.1, "ms", "time step", _SOURCE, low=1e-3, high=1.0)

    def __post_init__(self):
        super().__post_init__()
        if not self.dt_ms <= self.delay_min_ms <= self.delay_max_ms:
            raise ParameterError(
                f"delay_min_ms = {self.delay_min_ms:g}, delay_max_ms = {self.delay_max_ms:g} are out of order; "
                f"allowed: dt_ms ({self.dt_ms:g}) <= delay_min_ms <= delay_max_ms"
            )
        if max(self.v_reset_mv, self.v_rest_mv) >= self.v_thresh_mv:
            raise ParameterError(
                f"v_thresh_mv = {self.v_thresh_mv:g} is too low; allowed: above v_reset_mv and v_rest_mv"
            )
        if 0 < self.tau_refrac_ms < self.dt_ms:
            raise ParameterError(
                f"tau_refrac_ms = {self.tau_refrac_ms:g} is below dt_ms = {self.dt_ms:g}; allowed: 0, or at least dt_ms"
            )
        steps = self.window_ms / self.dt_ms
        if steps < 10 or abs(steps - round(steps)) > 1e-6:
            raise ParameterError(f"window_ms = {self.window_ms:g}; allowed: whole multiples of dt_ms, at least 10")


@dataclass(frozen=True)
class LgnParams(Parameters):
    """Parameters of the retina/LGN bank; lengths in pixels of the movie.

    With ``legacy=True`` the lattice, template, thresholds, kernels and scanned orientations are the source's own
    (:data:`helpers.v1.lgn.LEGACY`), whatever the other fields say.

    Raises
    ------
    ParameterError
        If a value is out of range, `kernel_px` is odd, or `margin_px` is too small for kernel and lattice.

    Examples
    --------
    >>> LgnParams(random_shift=False).table("duration_ms", "random_shift").rows[0][:3]
    ('duration_ms', '0', 'ms')
    """

    n_theta: int = parameter(12, "", "orientations of the bank, over 180 deg", _LGN, low=2)
    duration_ms: int = parameter(
        0, "ms", "length of the response; 0: the whole movie; longer: last frame held", "here", low=0
    )
    onset_ms: int = parameter(200, "ms", "left out of time averages at the start and after a dark part", _LGN, low=0)
    margin_px: int = parameter(20, "px", "border left free of cell centres", _LGN, low=12)
    spacing_px: float = parameter(10.0, "px", "sets the number of cells per axis", _LGN, low=1)
    random_shift: bool = parameter(True, "", "each cell centre is shifted by 0 or -1 px per axis", _LGN)
    lattice_step_px: int = parameter(2, "px", "step of the 7 x 7 lattice", _HERE, low=1, high=3)
    template_sf_0: float = parameter(0.15, "cycles/px", "template frequency", _HERE, low=0, high=0.5, low_open=True)
    template_b_sf: float = parameter(0.5, "", "sd of ln f of the template", _LGN, low=0, low_open=True)
    template_b_theta_rad: float = parameter(np.pi / 12, "rad", "its orientation sd", _LGN, low=0, low_open=True)
    on_threshold: float = parameter(
        0.0, "", "template over its maximum above which a position is ON", _LGN, low=0, high=0.9
    )
    off_threshold: float = parameter(
        0.0, "", "the same below zero: OFF; between the two it is left out", _LGN, low=0, high=0.9
    )
    off_gain: float = parameter(1.0, "", "gain of the OFF cells over that of the ON cells", _LGN, low=0, high=100)
    kernel_px: int = parameter(4, "px", "side of the square that a position reads, even", _LGN, low=2, high=20)
    sigma_centre_px: float = parameter(1.0, "px", "sd of the centre", _LGN, low=0, low_open=True)
    sigma_surround_px: float = parameter(1.2, "px", "sd of the surround", _LGN, low=0, low_open=True)
    temporal: str = parameter("cai", "", "form of the temporal filter", _CAI, options=("cai", "coded"))
    k_1: float = parameter(0.92, "", "temporal filter: gain of the first phase", _CAI, low=0, high=100)
    c_1_per_ms: float = parameter(0.2, "1/ms", "its rate", _CAI, low=0.01, high=10)
    n_1: float = parameter(7.0, "", "its order", _CAI, low=1, high=50)
    t_1_ms: float = parameter(-6.0, "ms", "its start", _CAI, low=-200, high=200)
    k_2: float = parameter(0.2, "", "gain of the second phase, of opposite sign", _CAI, low=0, high=100)
    c_2_per_ms: float = parameter(0.12, "1/ms", "its rate", _CAI, low=0.01, high=10)
    n_2: float = parameter(8.0, "", "its order", _CAI, low=1, high=50)
    t_2_ms: float = parameter(-6.0, "ms", "its start", _CAI, low=-200, high=200)
    rectify: str = parameter("v1", "", "where the half-rectification sits", "here", options=("v1", "lgn"))
    legacy: bool = parameter(False, "", "the source's pipeline, an artefact kept as control", _LGN)

    def __post_init__(self):
        super().__post_init__()
        if self.kernel_px % 2:
            raise ParameterError(f"kernel_px = {self.kernel_px} is odd; give an even number of pixels")
        if self.margin_px < 11 + self.kernel_px // 2:
            raise ParameterError(
                f"margin_px = {self.margin_px} is too small; allowed: at least {11 + self.kernel_px // 2} with "
                f"kernel_px = {self.kernel_px}"
            )
