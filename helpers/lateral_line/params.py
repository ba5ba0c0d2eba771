"""Parameters of the lateral-line network: one table for code, command line, documents and tests.

Each field carries its unit, meaning and allowed range. :class:`NetworkParams` holds the base values of the
public model; :func:`preset` gives the documented modes. Positions are in cm along the body, weights of LL->MON in mV,
weights of MON->TS without unit (the gain turns them into mV).
"""

from __future__ import annotations

from dataclasses import dataclass

from helpers.parameters import ParameterError, Parameters, check_choice, doors, parameter

__all__ = ["MODES", "NetworkParams", "preset", "topographic_counts", "without_plasticity"]


def _f(default, unit, meaning, **limits):
    return parameter(default, unit, meaning, "public lateral-line model", **limits)


_POSITIVE, _UNIT = dict(low=0, high=1e6, low_open=True), dict(low=0, high=1)
_AMOUNT, _COUNT = dict(low=0, high=1e6), dict(low=1, high=1_000_000)
_PLACE = dict(low=-1e4, high=1e4)


@dataclass(frozen=True)
class NetworkParams(Parameters):
    """Every parameter of the model; the defaults are the base values, to which the modes apply their changes.

    The three layers are LL (afferents, one per neuromast), MON (medial octavolateral nucleus) and TS (torus
    semicircularis). q1 and q2 are the topography strengths of LL->MON and MON->TS: of k synapses only
    round(k q) are topographic (:func:`topographic_counts`).

    Raises
    ------
    ParameterError
        If a value is out of range, or if values do not fit together (distances or window ends out of order,
        threshold below rest, a time step longer than a time constant, a test sweep of no or of too many steps).

    Examples
    --------
    >>> NetworkParams().replace(distance_cm=0.8).table("distance_cm").rows[0][:3]
    ('distance_cm', '0.8', 'cm')
    """

    n_ll: int = _f(100, "", "afferents, one per neuromast", low=2, high=10_000)
    n_mon: int = _f(3200, "", "MON cells", **_COUNT)
    n_ts: int = _f(300, "", "TS cells", low=1, high=100_000)
    dt_s: float = _f(0.001, "s", "time step", low=1e-6, high=0.1)
    trial_duration_s: float = _f(1.2, "s", "length of a training trial", low=1e-3, high=1e4)
    n_training_trials: int = _f(200, "", "training trials", low=0, high=1_000_000)
    checkpoint_trials: int = _f(10, "", "trials between records", **_COUNT)
    pv_eval_every_checkpoints: int = _f(2, "", "records between map metrics", **_COUNT)
    training_position_hold_s: float = _f(0.05, "s", "snapshot hold", low=1e-4, high=1e4)
    training_noise_scale_early: float = _f(0.0, "", "noise SD / 10 Hz, before", **_AMOUNT)
    training_noise_scale_late: float = _f(0.0, "", "noise SD / 10 Hz, after", **_AMOUNT)
    training_noise_switch_fraction: float = _f(0.5, "", "switch of the two", **_UNIT)
    test_ll_noise_hz: float = _f(0.0, "Hz", "extra white noise in the test", **_AMOUNT)
    training_ordered_sweeps: bool = _f(True, "", "positions ordered, not shuffled")
    training_fixed_distance: bool = _f(True, "", "train at 1.5 cm, ignore min and max")
    training_bidirectional: bool = _f(False, "", "alternate the dipole direction")
    training_distance_min_cm: float = _f(0.8, "cm", "training distance, low", **_AMOUNT)
    training_distance_max_cm: float = _f(1.8, "cm", "training distance, high", **_AMOUNT)
    speed_cm_s: float = _f(5.0, "cm/s", "sphere speed", low=1e-6, high=1e6)
    distance_cm: float = _f(1.5, "cm", "test distance", **_POSITIVE)
    direction: float = _f(1.0, "", "test direction, forwards > 0 > backwards", low=-1, high=1)
    sphere_radius_cm: float = _f(0.5, "cm", "sphere radius, field ~ R^3", low=1e-3, high=1e3)
    ll_rate_mode: str = _f("raw", "", "LL drive mode", options=("raw", "modulation"))
    ll_rate_baseline_subtract_hz: float = _f(0.0, "Hz", "extra rate removed", **_AMOUNT)
    ll_rate_gain: float = _f(1.0, "", "gain on the LL rates", **_AMOUNT)
    ll_body_length_cm: float = _f(4.0, "cm", "body length L", low=0.1, high=1e4)
    test_path_cm: float = _f(4.0, "cm", "length of the test sweep", **_POSITIVE)
    eval_x_min_cm: float | None = _f(None, "cm", "start of the evaluation window", **_PLACE)
    eval_x_max_cm: float | None = _f(None, "cm", "end of the evaluation window", **_PLACE)
    seed: int = _f(123, "", "seed, the first of a series", low=0, high=2**31 - 1)
    vth_mV: float = _f(-54.0, "mV", "threshold", low=-1e3, high=1e3)
    vreset_mV: float = _f(-60.0, "mV", "reset potential", low=-1e3, high=1e3)
    el_mV: float = _f(-74.0, "mV", "resting potential", low=-1e3, high=1e3)
    tau_ref_ms: float = _f(2.0, "ms", "refractory period", low=0, high=1e4)
    tau_m_ms: float = _f(10.0, "ms", "membrane time constant", low=0.1, high=1e4)
    tau_s_ms: float = _f(2.0, "ms", "synaptic time constant", low=0.1, high=1e4)
    ll_to_mon_in_degree: int = _f(3, "", "LL synapses on a MON cell", low=1, high=10_000)
    ll_to_mon_sigma: float = _f(15.0, "LL cells", "topographic spread", **_POSITIVE)
    ll_to_mon_topography_strength: float = _f(0.01, "", "q1, share of topographic synapses", **_UNIT)
    ll_mon_w_mean_mV: float = _f(7.0, "mV", "fixed weight, lower edge", **_AMOUNT)
    ll_mon_w_jitter_mV: float = _f(3.0, "mV", "fixed weight, one-sided jitter", **_AMOUNT)
    ll_mon_use_stdp: bool = _f(False, "", "LL->MON plastic")
    ll_mon_apre: float = _f(0.01, "", "LL->MON LTP step", **_UNIT)
    ll_mon_apost: float = _f(-0.0105, "", "LL->MON LTD step", low=-1, high=0)
    ll_mon_wmax_mV: float = _f(20.0, "mV", "LL->MON ceiling", **_AMOUNT)
    ll_mon_w_init_mV: float = _f(10.0, "mV", "plastic initial weight, lower edge", **_AMOUNT)
    ll_mon_w_jitter_stdp_mV: float = _f(2.0, "mV", "its one-sided jitter", **_AMOUNT)
    ll_mon_homeo_eta: float = _f(0.0, "", "LL->MON homeostasis rate", **_UNIT)
    ll_mon_homeo_every_trials: int = _f(10, "trials", "its period", **_COUNT)
    mon_to_ts_out_degree: int = _f(16, "", "TS synapses of a MON cell", low=1, high=10_000)
    mon_to_ts_sigma: float = _f(120.0, "TS cells", "topographic spread", **_POSITIVE)
    mon_to_ts_topography_strength: float = _f(0.05, "", "q2, share of topographic synapses", **_UNIT)
    mon_ts_apre: float = _f(0.02, "", "MON->TS LTP step", **_UNIT)
    mon_ts_apost: float = _f(-0.021, "", "MON->TS LTD step", low=-1, high=0)
    mon_ts_wmax: float = _f(0.045, "", "MON->TS ceiling", **_AMOUNT)
    mon_ts_w_init: float = _f(0.02, "", "initial weight, lower edge", **_AMOUNT)
    mon_ts_w_jitter: float = _f(0.01, "", "its one-sided jitter", **_AMOUNT)
    mon_ts_homeo_eta: float = _f(0.0, "", "MON->TS homeostasis rate", **_UNIT)
    mon_ts_homeo_every_trials: int = _f(10, "trials", "its period", **_COUNT)
    mon_ts_gain_mV: float = _f(30.0, "mV", "EPSP per unit of MON->TS weight", **_AMOUNT)
    keep_mon_ts_stdp_during_test: bool = _f(False, "", "MON->TS plastic in the test")
    keep_ll_mon_stdp_during_test: bool = _f(False, "", "LL->MON plastic in the test, as in the original")
    test_using_held_snapshots: bool = _f(False, "", "test with training-style snapshots")
    test_repeats: int = _f(5, "", "test sweeps, each with its own noise", low=1, high=10_000)
    mon_to_global_inh_p: float = _f(0.06, "", "MON->interneuron probability", **_UNIT)
    mon_to_global_inh_drive_mV: float = _f(0.5, "mV", "MON->interneuron step", **_AMOUNT)
    global_inh_to_mon_mV: float = _f(1.4, "mV", "interneuron->MON step", **_AMOUNT)
    teacher_rate_hz: float = _f(0.0, "Hz", "visual teacher on TS in training, peak rate", **_AMOUNT)
    teacher_sigma: float = _f(10.0, "TS cells", "its spread around the place of the sphere", **_POSITIVE)
    teacher_w_mV: float = _f(20.0, "mV", "weight of its spikes", **_AMOUNT)
    ts_lateral_radius: int = _f(14, "TS cells", "lateral inhibition radius", low=1, high=100_000)
    ts_local_inh_peak_mV: float = _f(1.0, "mV", "lateral inhibition peak", **_AMOUNT)
    use_ts_feedback_inh: bool = _f(False, "", "TS feedback inhibition")
    ts_to_global_inh_p: float = _f(0.12, "", "TS->interneuron probability", **_UNIT)
    ts_to_global_inh_drive_mV: float = _f(0.35, "mV", "TS->interneuron step", **_AMOUNT)
    global_inh_to_ts_mV: float = _f(0.8, "mV", "interneuron->TS step", **_AMOUNT)
    bg_rate_mon_hz: float = _f(22.0, "Hz", "MON background rate", **_AMOUNT)
    bg_rate_ts_hz: float = _f(12.0, "Hz", "TS background rate", **_AMOUNT)
    bg_w_mon_mV: float = _f(1.5, "mV", "MON background weight", **_AMOUNT)
    bg_w_ts_mV: float = _f(0.6, "mV", "TS background weight", **_AMOUNT)

    def __post_init__(self):
        super().__post_init__()
        if self.direction == 0:
            raise ParameterError("direction = 0 is no direction; allowed: 1 or -1")
        if (self.eval_x_min_cm is None) != (self.eval_x_max_cm is None):
            raise ParameterError("eval_x_min_cm and eval_x_max_cm belong together; give both, or neither")
        if self.eval_x_min_cm is not None:
            _check_order(self, "eval_x_min_cm", "eval_x_max_cm")
        _check_order(self, "training_distance_min_cm", "training_distance_max_cm", equal=True)
        for name in ("el_mV", "vreset_mV"):
            _check_order(self, name, "vth_mV")
        _check_times(self)

    @property
    def window_cm(self) -> tuple[float, float]:
        """Evaluation window (start, end) in cm; the body, (0, L), unless one is given."""
        if self.eval_x_min_cm is None:
            return (0.0, self.ll_body_length_cm)
        return (self.eval_x_min_cm, self.eval_x_max_cm)


def _check_order(p, low, high, *, equal=False):
    a, b = getattr(p, low), getattr(p, high)
    if a > b or (a == b and not equal):
        raise ParameterError(
            f"{low} = {a:g} does not lie below {high} = {b:g}; allowed: {low} {'<' + '=' * equal} {high}"
        )


def _check_times(p):
    for name in ("tau_m_ms", "tau_s_ms"):
        if p.dt_s * 1e3 > getattr(p, name):
            raise ParameterError(f"dt_s = {p.dt_s:g} exceeds {name} = {getattr(p, name):g}; Euler steps need dt <= tau")
    if p.dt_s > p.trial_duration_s:
        raise ParameterError(
            f"dt_s = {p.dt_s:g} exceeds trial_duration_s = {p.trial_duration_s:g}; give a smaller dt_s"
        )
    steps = p.test_path_cm / p.speed_cm_s / p.dt_s
    if not 1 <= steps <= 1e6:
        hint = "change test_path_cm, speed_cm_s or dt_s"
        raise ParameterError(f"test_path_cm / speed_cm_s = {steps:g} steps of dt_s; allowed: 1 to 1e6; {hint}")


_THESIS = dict(
    n_training_trials=1000, checkpoint_trials=5, training_fixed_distance=False, training_distance_max_cm=0.8,
    distance_cm=0.8, test_path_cm=5.0, ll_to_mon_in_degree=10, ll_to_mon_topography_strength=0.08,
    ll_mon_w_mean_mV=11.5, mon_to_ts_sigma=10.0, mon_to_ts_topography_strength=0.08, mon_ts_apre=0.01,
    mon_ts_apost=-0.006, mon_ts_wmax=0.028, mon_ts_w_jitter=0.005, mon_ts_gain_mV=72.0, mon_to_global_inh_p=0.03,
    global_inh_to_mon_mV=1.15, ts_lateral_radius=18, ts_local_inh_peak_mV=0.9, use_ts_feedback_inh=True,
    ts_to_global_inh_p=0.08, ts_to_global_inh_drive_mV=0.25, global_inh_to_ts_mV=0.2, bg_rate_ts_hz=20.0,
    bg_w_ts_mV=0.85,
)  # fmt: skip
_BASELINE = _THESIS | dict(
    n_training_trials=10_000, ll_to_mon_topography_strength=0.2, ll_mon_use_stdp=True, ll_mon_w_jitter_stdp_mV=8.0,
    ll_mon_homeo_eta=0.005, mon_to_ts_topography_strength=0.2, mon_ts_homeo_eta=0.001, mon_ts_gain_mV=220.0,
    global_inh_to_mon_mV=1.8, ts_local_inh_peak_mV=1.5, bg_rate_mon_hz=18.0,
)  # fmt: skip
_SMALL = dict(n_mon=800, n_ts=80, trial_duration_s=0.8, n_training_trials=40)
PRESETS = {
    "ll_thesis": _THESIS,
    "ll_fast": _BASELINE | _SMALL | dict(mon_to_ts_sigma=3.0, ts_lateral_radius=5),
    "ll_baseline": _BASELINE,
    "ll_fast_legacy": _SMALL,
}
MODES = tuple(PRESETS)


def preset(mode: str) -> NetworkParams:
    """Return the parameters of a mode.

    ``ll_thesis``: the documented thesis network, nearly silent at TS; ``ll_baseline``: the recipe of the published
    map; ``ll_fast``: that recipe on 800 MON and 80 TS cells; ``ll_fast_legacy``: the original's smoke test, silent.

    Examples
    --------
    >>> preset("ll_fast").n_mon, preset("ll_baseline").mon_ts_gain_mV
    (800, 220.0)
    """
    return NetworkParams(**PRESETS[check_choice("mode", mode, MODES)])


def without_plasticity(params: NetworkParams) -> NetworkParams:
    """Return the parameters with nothing that learns: the four STDP steps zero and homeostasis off."""
    still = ("ll_mon_apre", "ll_mon_apost", "mon_ts_apre", "mon_ts_apost", "ll_mon_homeo_eta", "mon_ts_homeo_eta")
    return params.replace(**dict.fromkeys(still, 0.0))


def topographic_counts(params: NetworkParams) -> tuple[int, int]:
    """Return how many synapses of a MON cell are topographic, (LL->MON, MON->TS): round half to even of k q.

    Examples
    --------
    >>> topographic_counts(preset("ll_thesis")), topographic_counts(preset("ll_baseline"))
    ((1, 1), (2, 3))
    """
    return (
        round(params.ll_to_mon_in_degree * params.ll_to_mon_topography_strength),
        round(params.mon_to_ts_out_degree * params.mon_to_ts_topography_strength),
    )


doors(globals())
