"""A valid call of every public callable: what the attack on arguments changes, one argument at a time.

`GOOD` holds a good value, `PANTRY` a maker of one, for each name that arguments have: ``"room.module.function:name"``
before ``"room.module:name"``, ``"room:name"`` and ``"name"``. Shared functions are called as in tests/test_units.py.
"""

import functools
import importlib
import inspect
import pkgutil
import tempfile
from pathlib import Path

import ipywidgets
import matplotlib
import numpy as np
from matplotlib import pyplot as plt

import helpers
from helpers import explorers, lateral_line, modular, parameters, stimuli, storage, v1, wta
from helpers.lateral_line import files, stimulus, wiring
from helpers.lateral_line.params import preset
from helpers.modular import history, learning, panels, recorder, state, synapses, ui, view
from helpers.rnn import connectome
from helpers.rnn.model import Rnn, random_weights
from helpers.wta import params as wta_params
from tests.test_units import CALLS, MOVIE, SEEDS, B, Cell

matplotlib.use("Agg")


def folder():
    return Path(tempfile.mkdtemp(dir="."))


def written(name, write):
    path = folder() / name
    write(path)
    return path


def axes(n=1, **options):
    plt.close("all")
    found = plt.figure(figsize=(3, 3)).subplots(1, n, **options)
    return found


def draw(a=1, b_deg=2.0):
    fig = matplotlib.figure.Figure(figsize=(1, 1))
    fig.add_axes((0, 0, 1, 1)).plot([0, a], [0, b_deg])
    return fig


def square(x):
    return {"y": x * x}


def copied(value):
    return value.copy() if isinstance(value, np.ndarray | dict | list) else value


# --- objects of the rooms, small

LL = preset("ll_fast").replace(n_mon=60, n_ts=20, n_ll=20, trial_duration_s=0.1, n_training_trials=2, test_repeats=1)
LL = LL.replace(test_path_cm=1.0, checkpoint_trials=1)
RING = v1.RingParams(n_exc=6, n_inh=6, window_ms=20.0)


@functools.cache
def ll_result():
    return lateral_line.simulate(LL)


@functools.cache
def ring_result():
    return v1.simulate(RING, [0.5], seed=1, record=("exc",))


def ll_network():
    drawn = wiring.draw(LL, 0)
    return lateral_line.Network(LL, drawn, wiring.initial_weights(LL, 0, drawn), rng=np.random.default_rng(0))


def ll_run():
    here = folder() / "run"
    files.begin(here, LL, mode="ll_fast", seeds=[LL.seed], multi_seed=1)
    files.save_scores(ll_result(), here)
    files.save_weights(ll_result(), here / "artifacts", tag="latest", mode="ll_fast")
    return here


def wta_network():
    return wta.Network(grid_shape=(2, 2), k_max=3, n_inputs=5, seed=1, save_figures=False)


def wta_inputs(net=None):
    return wta.InputGenerator(net or wta_network(), n_patterns=1, t_pattern=20, t_noise_range=(5, 10), seed=1)


@functools.cache
def wta_result():
    net = wta_network()
    return wta.Recorder(net, create_plot=False).test(wta_inputs(net), 200)


class Leak(modular.Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.vector("uniform")
        neurons.spike = neurons.activity > 0.5
        self.decay = self.get_init_attr("decay", 0.9)

    def new_iteration(self, neurons):
        neurons.activity *= self.decay


class Wire(modular.Behaviour):
    def set_variables(self, synapse):
        synapse.W = synapse.get_random_synapse_mat(0.5)


def modular_network(start=True):
    net = modular.Network(seed=1)
    behaviour = {1: Leak(), 5: learning.STDP(), 6: learning.Normalisation(), 9: modular.Recorder(["n.activity"])}
    cells = modular.NeuronGroup(net, modular.get_squared_dim(4), behaviour, tag="cells")
    modular.SynapseGroup(net, cells, cells, tag="GLUTAMATE", behaviour={0.5: Wire()})
    if start:
        net.initialize(warnings=False)
        net.simulate_iterations(3)
    return net


def shown():
    made = ui.Network_UI(modular_network())
    made.widget()
    return made


def region():
    return connectome.make_synthetic_roi(12, density=0.6, seed=0)


def rate_network():
    return Rnn(random_weights(6, 1.0, seed=0), "tanh_pos", np.ones(6), np.zeros(6))


def traced():
    here = folder()
    ids = range(1, 7)
    (here / "traced-neurons.csv").write_text("bodyId,type,instance\n" + "".join(f"{i},a,b\n" for i in ids))
    rows = [f"{i},{j},EB,5\n" for i in ids for j in ids if i != j]
    (here / "traced-roi-connections.csv").write_text("bodyId_pre,bodyId_post,roi,weight\n" + "".join(rows))
    (here / "words.csv").write_text(
        "bodyId,transmitter\n" + "".join(f"{i},{'ach' if i % 2 else 'gaba'}\n" for i in ids)
    )
    return here


def log():
    return {name: [1.0, 0.5] for name in ("training_loss", "training_lambda_max", "spectrum", "spectrum_before")}


FIT = dict(k=1, t_sim=5.0, transient=2.0, frame_transient=2.0)
SPECTRUM = dict(exponents=np.array([0.1, -0.2]), target=np.array([0.0, 0.0]))
STORED = dict(W=np.eye(2), C=np.eye(2), types=[0, 1], gains=[1.0, 1], shifts=[0.0, 0], dt=0.1, activation="tanh_pos")

GOOD = {
    "curves": {"a": SEEDS}, "groups": {"a": SEEDS[:3]}, "label": "w", "times_ms": [1.0, 2.0], "x": np.arange(3.0),
    "ids": np.array([0, 1]), "t": np.arange(6.0), "name": "model/name", "n_frames": 1,
    "results": {"a": {"r": np.arange(3.0)}}, "figures:params": {"x": 1}, "text": "time (ms)", "grid": {"x": [1, 2]},
    "n_jobs": 1, "code": "import helpers", "value": 1.0, "quick": 1, "full": 2, "seed": 3, "n": 4,
    "keys.source_key:names": ["helpers.keys"], "keys.value_key:name": "x", "runs.store:name": "a",
    "runs.source_hash:notebook": None, "simulators.installed:simulator": "Brian2", "axes:read": "xyt", "fps": 25.0,
    "movies.read_movie:axes": "xyt", "parameters:name": "x", "parameters:options": ("a", "b"),
    "parameters.check_choice:value": "a", "parameters.check_flag:value": True, "parameters.check_integer:value": 3,
    "parameters.parameter:options": (), "parameters.unit_of:name": "tau_ms", "default": 1.0, "columns:Table": ("a",),
    "parameters.Table:columns": ("a",), "parameters.Table:rows": ((1,),), "arrays": {"a": np.arange(3.0)},
    "lateral_line:params": LL, "lateral_line:seed": 0, "lateral_line:mode": "ll_fast", "lateral_line:tag": "latest",
    "lateral_line:layer": "ts", "lateral_line:name": "mon_ts",
    "lateral_line:w": np.full(LL.n_mon * LL.mon_to_ts_out_degree, 0.01), "lateral_line:weight": 0.5,
    "pre_steps": [1, 5], "post_steps": [3, 8], "rule": "additive", "a_pre": 0.1, "a_post": -0.1, "w_max": 1.0,
    "tau_ms": 20.0, "curves_hz": np.ones((3, 5)), "span_cm": 5.0, "spike_step": np.arange(40),
    "spike_cell": np.arange(40) % 20, "x_cm": np.linspace(0, 4, 40), "n_cells": 20, "t_s": [1.0, 2, 3, 4, 5, 6],
    "w_mean": [0.5, 1, 1, 1, 1, 1.0], "lateral_line.simulate.homeostasis:weights": np.array([1.0, 3.0]),
    "lateral_line.simulate.homeostasis:post": np.array([0, 1]), "n_post": 2, "eta": 0.05, "sphere_x_cm": [2.0],
    "distance_cm": 0.8, "speed_cm_s": 5.0, "radius_cm": 0.5, "first": 0, "n_steps": 20, "n_synapses": 30,
    "pre": np.array([0, 1]), "post": np.array([1, 0]), "lateral_line.figures.draw_seed:which": "some",
    "variables": ["n.activity"], "b_theta_rad": B, "spikes:columns": ("id", "time_ms"), "v1:params": RING,
    "theta_rad": [0.5], "clouds": [MOVIE] * 2, "labels": ["a", "b"], "cloud": MOVIE, "counts": np.arange(6.0),
    "size_px": (64, 64), "r_px": [0.0, 1.0], "t_ms": [0.0, 28.0], "v1.wiring.checked_rules:given": None,
    "v1.wiring:weight_us": 1.0, "v1.figures.window_fit:counts": np.arange(60.0), "wta:name": "a",
    "trains": (np.array([1, 2]), np.array([0, 1])), "wta:t": 50, "t_duration": 50.0, "rate": 20.0, "duration": 30.0,
    "t0_ms": 0, "patterns": [(np.array([1, 2]), np.array([0, 1]))], "wta:rows": [(0, 20, -1, -1), (20, 40, 0, 0)],
    "stop_ms": 40, "chosen": np.array([True, False]), "pattern": None, "wta.params.Phases.shown:pattern": 0,
    "wta:rate": np.eye(4), "wta.inputs:rate": 20.0, "time_ms": np.array([[1.0, 2, 3], [10, 20, 30]]),
    "period_ms": 40.0, "k": 1, "wta.network.Network.place:k": [1, 2, 3, 2], "links": [[0, 1]], "neuron": 1,
    "wta.network.Network.of_neurons:name": "rate", "id": 1, "wta.network:ids": [0, 1], "wta:key": 0,
    "input_step": np.array([0, 3]), "input_channel": np.array([1, 2]), "tracking": True, "pos": (0, 0),
    "wta.figures:order": None, "activation": "tanh_pos", "word": "tanh", "rnn.losses:word": "MSE", "h": np.zeros(6),
    "rnn.model.Rnn.step:q": np.eye(6), "state": np.asfortranarray(np.zeros((6, 3))),
    "rnn.model.Rnn.advance:n_steps": 2, "rnn.model.check_state:state": np.zeros(3), "g": 1.5, "rnn:n": 12,
    "rnn.connectome.load_traced:excitatory": True, "excitatory": True, "subpopulation": "neurotransmitter",
    "rnn:ids": np.arange(4), "rnn:counts": np.ones((4, 4)), "signs": [1, -1, 1, -1], "transmitter": [0, 1, 0, 1],
    "fibre": [0, 1, 0, 1], "times": np.arange(1.0, 21), "running": np.ones((2, 20, 3)),
    "rnn:exponents": SPECTRUM["exponents"], "rnn.figures:exponents": {"1": np.ones((3, 4))},
    "rnn.figures:g": [0.5, 1.0], "lambda_1": np.ones((2, 3)), "rnn:name": "MSE", "rnn:target": SPECTRUM["target"],
    "rnn.losses.target_vector:target": 0.0, "rnn.losses.loss_label:target": 0.0, "rnn:k": 2, "h0": None, "t_sim": 5.0,
    "n_epochs": 2, "rnn:loss": 0.5, "stderr": np.ones(2), "kaplan_yorke": 1.0, "entropy": 0.1, "mean_log_det": 0.1,
    "time": 5.0, "rnn.gradients:loss": "MSE", "rnn.gradients:target": 0.0, "rnn.training:target": 0.0,
    "spectra": np.ones((2, 2)), "rnn.model:x": None, "rnn.gradients.TrainingParams:target": 0.0, "modular:size": 4,
    "src": "cells", "dst": "cells", "mask": [True, False, True, True], "mode": "uniform", "modular:shape": (2, 3),
    "density": 0.5, "modular.draws:name": "mode", "modular.draws:value": np.ones((2, 3)),
    "modular:text": "normal(5, 1)", "samples": np.ones((5, 4)), "modular.figures:weights": {"a": np.ones((3, 3))},
    "connectivity": "s_id != d_id", "modular.history:values": np.ones(4), "picked": [0, 1], "now": 5,
    "modular:time": 1, "modular:iterations": 2, "direction": "afferent", "expression": "np.mean(n.v)",
    "modular.recorder:value": np.ones(3), "modular.recorder:rows": np.ones((2, 3)), "weights": np.ones((3, 3)),
    "matrix": np.eye(3), "modular.synapses:values": np.ones((3, 3)), "modular.synapses.placed:values": np.ones(2),
    "modular.synapses:rows": np.array([0, 1]), "modular.synapses:columns": np.array([0, 1]),
    "modular.synapses:shape": (3, 3), "sparse": True, "modular.synapses.EventWeights.dot:source": np.ones(3),
    "tag": "a", "key": "decay", "modular.panels:counts": np.ones(3), "edges": np.arange(4.0),
    "modular.panels:y": {"a": np.ones(3)}, "modular.panels:x": np.arange(3.0), "modular.panels.Map:x": None,
    "modular.panels.Map:y": None, "tuning:source": "A", "tuning:target": "power", "modular.ui:behaviour": "Leak",
    "modular.ui:name": "decay", "modular.ui:value": 0.5, "modular.ui.Network_UI.select:group": "cells", "index": 1,
    "variable": "activity", "modular.ui.Network_UI.ask:do": "step", "modular.ui:n": 2, "which": "Leak",
    "modular.ui.Network_UI.samples:group": None, "modular.ui.Network_UI.samples:variable": None,
}  # fmt: skip
PANTRY = {
    "storage:record": lambda: {"x": 1}, "storage.check_names:what": lambda: "record",
    "storage.check_names:given": lambda: {"n": 1}, "storage.check_names:names": lambda: ["n"],
    "storage.stored_generator:state": lambda: np.random.default_rng(3).bit_generator.state,
    "ax": axes, "axes": lambda: axes(2), "fig": draw, "lines": lambda: plt.figure().subplots().plot([0, 1]),
    "values": lambda: SEEDS.copy(), "frame": lambda: SEEDS.copy(), "draw": lambda: lambda k: None,
    "columns": lambda: {"r": lambda found: found["r"]}, "table": lambda: parameters.Table(("a", "b"), ((1, 2),)),
    "function": lambda: square, "store": folder, "jobs": list, "movie": lambda: MOVIE[:, :, :3].copy(),
    "movies.movie_fps:path": lambda: written("a.gif", lambda p: stimuli.write_movie(MOVIE, p, fps=25)),
    "movies:path": lambda: folder() / "a.gif", "source": lambda: MOVIE.copy(), "path": lambda: folder() / "a.npz",
    "storage.read_arrays:path": lambda: written("a.npz", lambda p: storage.write_arrays(p, {"a": [1.0]})),
    "folder": folder, "fill": lambda: lambda draft: draft.write_text("a"),
    "files": lambda: {folder() / "a": lambda p: p.write_text("a")}, "explorers:draw": lambda: draw,
    "box": lambda: ipywidgets.VBox(), "still": lambda: explorers.explore(draw, a=(0, 5), b_deg=(0.0, 9.0)),
    "lateral_line:result": ll_result, "lateral_line:folder": ll_run,
    "lateral_line.files.begin:folder": lambda: folder() / "new",
    "lateral_line:npz": lambda: next((ll_run() / "artifacts").glob("*.npz")),
    "lateral_line.files:path": lambda: ll_run() / "params.json",
    "lateral_line:scores": lambda: [dict(seed=k, untrained=(1.0, 0.5), trained=(0.9, 0.4)) for k in (1, 2)],
    "lateral_line:recording": lambda: ll_result().test, "lateral_line:wiring": lambda: wiring.draw(LL, 0),
    "lateral_line.kernel.Network:weights": lambda: wiring.initial_weights(LL, 0, wiring.draw(LL, 0)),
    "lateral_line:weights": lambda: ll_result().weights, "lateral_line:rng": lambda: np.random.default_rng(0),
    "lateral_line:drive": lambda: stimulus.test_drive(LL, 0), "qualities": lambda: [ll_result().quality],
    "stream": lambda: stimulus.snapshots(LL, 100, 0), "v1.lgn:params": lambda: v1.LgnParams(),
    "v1.figures.gabors:params": lambda: v1.LgnParams(), "v1:result": ring_result,
    "v1.figures.ring_raster:axes": lambda: axes(3), "v1.figures.gabors:axes": lambda: axes(12),
    "v1.figures.cloud_row:axes": lambda: axes(2),
    "v1.lgn:movie": lambda: np.random.default_rng(1).random((64, 64, 8)),
    "v1.wiring:rng": lambda: np.random.default_rng(0),
    "v1.figures.window_fit:fit": lambda: CALLS["tuning.fit_tuning"][0](**CALLS["tuning.fit_tuning"][1]),
    "wta:network": wta_network, "target_network": wta_network, "wta:owner": wta_network,
    "wta:draw": lambda: lambda ax: ax.plot([0, 1]), "wta:result": wta_result, "wta:results": lambda: [wta_result()],
    "wta.files.load:path": lambda: written("a.npz", lambda p: wta.save(wta_network(), p)),
    "wta:nc": lambda: wta_network().get_node_collections(), "inpgen": wta_inputs,
    "r": lambda: np.random.default_rng(0).random((2, 20, 4)) * 100,
    "items": lambda: [wta.assemblies(wta_result())] * 2, "wta.figures.plot_run:axes": lambda: axes(2),
    "wta.figures.plot_history:axes": lambda: axes(2), "wta:ax": axes,
    "wta.figures.plot_grid_3d:ax": lambda: axes(subplot_kw=dict(projection="3d")),
    "wta.figures.plot_grid_3d_bars:ax": lambda: axes(subplot_kw=dict(projection="3d")), "rnn": rate_network,
    "rnn.cli:path": lambda: written("a.npz", lambda p: storage.write_arrays(p, STORED)),
    "rnn:weights": lambda: random_weights(6, 1.0, seed=0),
    "rnn:folder": lambda: written("roi", region().__class__.write.__get__(region())),
    "rnn:path": lambda: written("roi", region().write), "rnn.connectome.load_traced:folder": traced,
    "logs": lambda: [log()], "by_group": dict, "gradient_norms": dict, "net": modular_network,
    "group": lambda: modular_network()["cells", 0], "modular:network": modular_network,
    "modular.draws:rng": lambda: np.random.default_rng(0), "synapse": lambda: modular_network().SynapseGroups[0],
    "modular:neurons": lambda: modular_network()["cells", 0], "modular:parent": lambda: modular_network()["cells", 0],
    "modular.state:path": lambda: folder() / "a.npz",
    "modular.state.load_state:path": lambda: written("a.npz", lambda p: state.save_state(modular_network(), p)),
    "modular.state:state": lambda: state.capture(modular_network()), "form": dict,
    "modular.tags:target": lambda: modular_network()["cells", 0], "modular.view:behaviour": lambda: Leak(decay=0.5),
    "failure": lambda: ValueError("x"), "drawn": lambda: [panels.Bars(np.ones(3), np.arange(4.0))], "figure": draw,
    "modular.view:ui": shown, "canvas": lambda: view.Canvas(), "parent": lambda: modular_network()["cells", 0],
    "modular.ui.Network_UI:net": modular_network, "modular.tags:parent": lambda: modular_network()["cells", 0],
}  # fmt: skip
PANTRY |= {key: functools.partial(copied, value) for key, value in GOOD.items()}
PANTRY |= {f"{room}:behaviour": (lambda: {1: Leak()}) for room in ("modular.core.Network", "modular.core.NeuronGroup")}
# The object whose methods are called; a method of a view needs the view that its argument belongs to.
OBJECTS = {
    "explorers.Explorer": PANTRY["still"], "explorers.explore": PANTRY["still"], "parameters.Parameters": Cell,
    "parameters.Table": PANTRY["table"], "lateral_line.kernel.Network": ll_network,
    "tuning.TuningFit": lambda: CALLS["tuning.fit_tuning"][0](**CALLS["tuning.fit_tuning"][1]),
    "tuning.NakaRushtonFit": lambda: CALLS["tuning.fit_naka_rushton"][0](**CALLS["tuning.fit_naka_rushton"][1]),
    "v1.lgn.LgnResponse": lambda: v1.respond(PANTRY["v1.lgn:movie"](), fps=24),
    "v1.wiring.Synapses": lambda: v1.wire(RING, 0)["input_exc"], "wta.network.Network": wta_network,
    "wta.network.NodeCollection": PANTRY["wta:nc"], "wta.network.WTACircuit": lambda: wta_network().circuits[0],
    "wta.inputs.InputGenerator": wta_inputs, "wta.params.NetworkParams": wta_params.NetworkParams,
    "wta.params.Phases": lambda: wta_params.Phases.of(PANTRY["wta:rows"](), 0, 40),
    "wta.recorder.Recorder": lambda: wta.Recorder(wta_network(), create_plot=False), "rnn.connectome.Roi": region,
    "rnn.model.Rnn": rate_network, "modular.core.Network": modular_network,
    "modular.core.NeuronGroup": lambda: modular_network()["cells", 0], "modular.core.SynapseGroup": PANTRY["synapse"],
    "modular.grid.NeuronDimension": lambda: modular.get_squared_dim(4),
    "modular.history.History": lambda: history.History(4),
    "modular.learning.STDP": lambda: modular_network()["STDP", 0],
    "modular.learning.Normalisation": lambda: modular_network()["Normalisation", 0],
    "modular.panels.Bars": lambda: panels.Bars(np.ones(3), np.arange(4.0)),
    "modular.panels.Lines": lambda: panels.Lines(np.arange(3.0), {"a": np.ones(3)}),
    "modular.panels.Map": lambda: panels.Map(np.ones((2, 2))),
    "modular.recorder.Recorder": lambda: modular_network()["recorder", 0], "modular.recorder.Series": recorder.Series,
    "modular.synapses.Afferents": lambda: synapses.Afferents(np.ones((3, 3))),
    "modular.synapses.EventWeights": lambda: synapses.EventWeights(np.eye(3)),
    "modular.tags.Behavior": lambda: Leak(decay=0.5), "modular.tags.Behaviour": lambda: Leak(decay=0.5),
    "modular.tags.Tagged": lambda: Leak(), "modular.ui.Network_UI": shown,
    "modular.view.Controls": lambda: view.Controls(shown()),
}  # fmt: skip
FROM_OBJECT = {
    "wta.recorder.measure_network:inpgen": lambda given: wta_inputs(given["network"]),
    "inpgen": lambda it: wta_inputs(it.network),
    "modular.ui.Network_UI.history:group": lambda it: it.net["cells", 0],
}
FROM_OBJECT |= {"modular.ui.Network_UI.picked:group": lambda it: it.net["cells", 0]}
# Arguments that stand for ``**options`` or replace a default that would take long.
MORE = {
    "explorers.explore": dict(a=(0, 5), b_deg=(0.0, 9.0)), "explorers.Explorer": dict(a=(0, 5), b_deg=(0.0, 9.0)),
    "explorers.Explorer.set": dict(a=3), "explorers.explore.set": dict(a=3),
    "figures.save_animation": dict(params={"x": 1}, name="a/movie"),
    "figures.save_table": dict(params={"x": 1}, name="a/table"), "runs.over": dict(x=[1, 2]),
    "parameters.Parameters.replace": dict(tau_ms=2.0), "parameters.Parameters.table": {},
    "parameters.parameter": dict(low=0), "lateral_line.files.begin": dict(mode="ll_fast"),
    "rnn.training.train": dict(progress=False, **FIT), "rnn.gradients.gradient": FIT, "rnn.training.gradient": FIT,
    "rnn.model.Rnn.replace": dict(dt=0.5), "rnn.lyapunov.lyapunov_spectrum": dict(transient=2.0, frame_transient=2.0),
    "wta.network.Network": dict(grid_shape=(2, 2), n_inputs=5, k_max=3),
    "wta.network.Network.set": dict(eta0=0.1, use_stp=True), "wta.network.NodeCollection.set": dict(eta=0.1),
    "wta.inputs.InputGenerator": dict(n_patterns=1, t_pattern=20, t_noise_range=(5, 10)),
    "wta.inputs.InputGenerator.set": dict(r_noise=3.0),
    "wta.recorder.Recorder": dict(create_plot=False, keep_ms=50.0, dt_rec=10),
    "wta.recorder.Recorder.set": dict(dt_rec=10), "wta.recorder.Recorder.run_network": dict(t_sim=50.0),
    "wta.recorder.measure_network": dict(t_sim=50.0), "rnn.training.fixed_number": dict(n_weights=3),
    "modular.learning.STDP": dict(eta=0.1), "modular.recorder.Recorder": {}, "figures.save": dict(params={"x": 1}),
    "wta.files.save": dict(inputs=None), "v1.simulate.simulate": dict(record=("exc",)),
    "modular.core.Network": dict(seed=1), "runs.collect": dict(dims=None),
}  # fmt: skip
# Commands are attacked flag by flag; what they share is part of them.
ELSEWHERE = {
    "lateral_line.cli.main",
    "parameters.doors",
    "workers.client",  # waits for another machine; tests/test_cluster.py has its errors
    *(f"rnn.options.{name}" for name in ("Command", "opened", "option", "with_options", "write")),
}


def modules():
    for found in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def is_record(item):
    """Whether a class only holds what it is given, or is an exception: no code of ours runs when it is made."""
    kinds = item.__mro__ if isinstance(item, type) else ()
    if any(issubclass(kind, Exception) for kind in kinds):
        return True
    made = [kind for kind in kinds if kind.__module__.startswith("helpers")]
    own = any(name in vars(kind) for kind in made for name in ("__post_init__",))
    return bool(made) and not own and (hasattr(item, "__dataclass_fields__") or issubclass(item, tuple | dict))


def public():
    """Yield (name, callable, class or None) of all functions, classes and public methods that an __all__ names."""
    for module in modules():
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            home = getattr(item, "__module__", "").removeprefix("helpers.")
            here = module.__name__.removeprefix("helpers.")
            ours = home == here and not isinstance(item, type(np)) and callable(item)
            if not ours or hasattr(item, "py_func") or f"{here}.{name}" in ELSEWHERE:
                continue  # a compiled loop is no door: its callers check, and tests run it with bounds checking
            if not is_record(item):
                yield f"{here}.{name}", item, None
            for method, function in vars(item).items() if isinstance(item, type) else ():
                if method[0] != "_" and inspect.isfunction(function) and f"{here}.{name}" in OBJECTS:
                    yield f"{here}.{name}.{method}", function, f"{here}.{name}"


def maker(name, parameter):
    """Return what makes a good value of an argument, or None; a default gives way to a maker for that place alone."""
    parts = name.split(".")
    places = [".".join(parts[: len(parts) - i]) + f":{parameter.name}" for i in range(len(parts))]
    found = next((PANTRY[key] for key in places if key in PANTRY), None)
    if found is None and parameter.default is not parameter.empty:
        return lambda: parameter.default
    return found or PANTRY.get(parameter.name)


def calls():
    """Return {name: (function, class or None, {argument: maker})} of all that is public, and what has no good value."""
    found, missing = {}, []
    for name, item, owner in public():
        arguments = {}
        try:
            parameters_ = inspect.signature(item).parameters.values()
        except ValueError:
            parameters_ = ()
        for parameter in parameters_:
            if parameter.name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            arguments[parameter.name] = maker(name, parameter)
        for given in ({} if name.startswith("parameters.") else CALLS.get(name, (None, {}))[1], MORE.get(name, {})):
            arguments |= {argument: functools.partial(copied, value) for argument, value in given.items()}
        missing += [f"{name}: {argument}" for argument, make in arguments.items() if make is None]
        found[name] = item, owner, arguments
    return found, missing


def called(name, item, owner, arguments, argument=None, value=None):
    """Call something with good values, but for one argument."""
    given, it = {}, None if owner is None else OBJECTS[owner]()
    for key, make in arguments.items():
        fitting = FROM_OBJECT.get(f"{name}:{key}") or (FROM_OBJECT.get(key) if it is not None else None)
        given[key] = make() if fitting is None else fitting(given if it is None else it)
    if argument is not None:
        given[argument] = value(given[argument]) if callable(value) and getattr(value, "of_valid", False) else value()
    positional = []
    for parameter in inspect.signature(item).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in given:
            positional.append(given.pop(parameter.name))
    return item(*([it] if it is not None else []), *positional, **given)
