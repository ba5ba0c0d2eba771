"""What the commands of the random networks share: their flags, their one-line errors, and the way they write files."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
from click import Choice, FloatRange, IntRange

from helpers import figures, storage
from helpers.parameters import HelpersError, ParameterError, check_number, short
from helpers.rnn.losses import LOSSES
from helpers.rnn.model import SPELLINGS, activation_name

__all__ = ["Command", "opened", "option", "with_options", "write"]

GROUPS = ("weights", "shifts", "gains")
# What goes to the end of a stem if it is not the default.
MARKS = ("seed", "orientation", "grad", "window", "init", "transient", "dale", "early_stopping")
MARKS += ("transmitters", "excitatory", "min_weight", "largest")


class Command(click.Command):
    """A click command whose errors are one line and status 2, and that says in one line that it was stopped."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **settings: Any) -> Any:
        """Run the command with `args`, by default those of the process."""
        args = sys.argv[1:] if args is None else list(args)
        try:
            return super().main(args, self.name, standalone_mode=False)
        except MemoryError as failure:
            message = f"out of memory ({failure}); take fewer neurons or exponents"
        except (click.ClickException, HelpersError) as failure:
            message = failure.format_message() if isinstance(failure, click.ClickException) else str(failure)
        except OSError as failure:  # of a file that is in the way, or may not be read
            message = f"{failure}; give --out, or the option that names the file, another place"
        click.echo(f"{self.name}: {self.as_typed(' '.join(message.split()), args)}", err=True)
        sys.exit(2)

    def as_typed(self, message: str, args: Sequence[str]) -> str:
        """Return a message in which arguments have the names of their flags, in the spelling that was typed."""
        message = re.sub(r"^n_(weights|gains|shifts) = ", r"--number_param, \1 = ", message)
        for option in self.params:
            flag = option.opts[-1]
            for word in args:
                flag = word.split("=")[0] if word.split("=")[0] in option.opts else flag
            message = message.replace("' / '".join(option.opts), flag)
            message = re.sub(rf"^{option.name} = ", f"{flag} = ", message)
            # hints name arguments too; paths have no blank before these
            message = message.replace(f" {option.name}=True", f" {flag}")
            message = message.replace(f" {option.name}=FILE", f" {flag} FILE")
        return message

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a blank before negative numbers, which click takes for flags where the value may be left out."""
        return super().parse_args(ctx, [re.sub(r"^(--\w+=)?-(?=[\d.][\d.e+-]*$)", r"\1 -", word) for word in args])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the function of the command. An interrupt is caught here: in `main` click has printed an empty line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"{self.name}: stopped; the same command goes on from here", err=True)
            sys.exit(130)


def threshold(ctx, param, word):
    """Return the loss at which a training stops: 1e-6 for True, none for False."""
    words = {"true": 1e-6, "t": 1e-6, "false": None, "f": None}
    return words[word.lower()] if word.lower() in words else FloatRange(-1e6, 1e6).convert(word, param, ctx)


# --- options: those in capitals take their default from the command, the lists are shared as they are


def option(*flags: str, **settings: Any) -> Callable:
    """Return a decorator that still takes settings: ``option("--n", type=int)(default=100)``."""
    return functools.partial(click.option, *flags, **settings)


def with_options(*options: Callable) -> Callable:
    """Return the decorator that adds all the options, to be shown in this order."""

    def add(function):
        for decorate in reversed(options):
            function = decorate(function)
        return function

    return add


command = functools.partial(click.command, cls=Command, context_settings={"show_default": True})
COUNT, GROUP, GRAD = IntRange(1, 100_000), Choice(GROUPS), Choice(["full", "frozen", "window"])
WORD = Choice(list(SPELLINGS), case_sensitive=False)
LOSS_WORD = Choice([*LOSSES, "Sinai"], case_sensitive=False)

WORDS, LOSS_WORDS = "[tanh|tanh_pos|tanh_streched]", "[l2|MSE|MSE_Custom|sum|Sinai|entropy]"
N = option("--n", type=COUNT, help="Size of the model, number of neurons used")
K = option("--nLE", "--nle", "k", type=COUNT, help="Number of Lyapunov exponents, at most n")
N_SAMPLES = option("--n_samples", type=COUNT, help="Number of samples")
ACTIVATION = option("--activation", type=WORD, metavar=WORDS, help="Activation function, in any spelling")
G = option("--g", type=FloatRange(0, 1e4), help="Synaptic distribution parameter: weights are N(0, g^2/n)")
T_ONS = option("--tOns", "--tons", "t_ons", type=FloatRange(1e-4, 1e6), help="Time between two QRs, from dt to tSim")
T_SIM = option("--tSim", "--tsim", "t_sim", type=FloatRange(1e-4, 1e7), help="Averaged time, after the transients")
TRANSIENT = option("--transient", type=FloatRange(0, 1e7), help="Time left out, before that of the frame")
LOSS = option("--loss", type=LOSS_WORD, metavar=LOSS_WORDS, help="Loss; from sum on they are maximised")
LR = option("--lr", type=FloatRange(0, 1e6, min_open=True), help="Learning rate of Adam")
PARAMETER = option("--parameter", "parameters", type=GROUP, multiple=True, help="What g acts on; may be repeated")

EVERYWHERE = with_options(
    click.option("--dt", default=0.1, type=FloatRange(1e-4, 1), help="Euler step; all times are in time constants"),
    click.option("--seed", default=0, type=IntRange(0, 2**63), help="Seed of networks and initial states"),
    click.option("--out", default="data", help="Folder of the outputs"),
)
USUAL = with_options(T_ONS(default=1.0), T_SIM(default=200.0), EVERYWHERE)
JOBS = click.option("--n_jobs", default=-1, type=IntRange(-64, 1024), help="Processes; -1 uses every core")
STUDY = with_options(
    *(N_SAMPLES(required=True), ACTIVATION(default="std", metavar="[std|pos|strech]"), PARAMETER(default=["weights"])),
    click.option("--save", default=True, type=bool, help="False prints the table and writes nothing"),
    JOBS,
    USUAL,
)
STOP = option("--early_stopping", help="Stop at this loss; without a value, or True, at 1e-6", callback=threshold)
NUMBER = option("--number_param", nargs=3, type=IntRange(0), help="Train only so many weights, gains and shifts")
TRAINING = with_options(
    click.option("--target", default=0.0, type=FloatRange(-1e6, 1e6), help="Target of the exponents, for l2 and MSE"),
    click.option("--n_epochs", default=10, type=IntRange(1), help="Number of epochs"),
    STOP(default="False", is_flag=False, flag_value="True"),
    click.option("--init", default="random", type=Choice(["zero", "random"]), help="Initial state"),
    click.option("--grad", default="full", type=GRAD, help="What the gradient goes through; in chaos not full"),
    click.option("--window", default=15.0, type=FloatRange(1e-4, 1e6), help="Time between two cuts, for --grad window"),
    click.option("--nle_after", default=None, type=COUNT, help="Exponents before and after, at most n; by default nLE"),
    TRANSIENT(default=10.0),
    USUAL,
)
RANDOM = with_options(
    *(N(required=True), N_SAMPLES(required=True), K(required=True), LOSS(required=True)),
    *(ACTIVATION(required=True), G(required=True), LR(default=1e-3)),
    click.option("--train_weights", default=True, type=bool, help="Optimisation of the weights"),
    click.option("--train_shifts", default=False, type=bool, help="Optimisation of the shifts"),
    click.option("--train_gains", default=False, type=bool, help="Optimisation of the gains"),
    click.option("--dale", default="free", type=Choice(["clip", "free"]), help="Weights stop at 0, or change sign"),
)
SIGN, SHARED = Choice(["dale", "legacy"]), Choice(["cell_fibers", "neurotransmitter"])
SUBPOPULATION = option("--subpopulation", type=SHARED, help="What shares a gain and a shift")
WHERE = "SYN (synthetic, of size n; the default), a folder below --data, or words of the column roi of the published "
ROI = option("--ROI", "--roi", "roi", multiple=True, help=f"{WHERE}tables, all for every row; may be repeated")
PUBLISHED = "For the published tables: "
REGION = with_options(
    N(default=60),
    ROI(metavar="[SYN|FOLDER|WORD ...|all]"),
    click.option("--orientation", default="dale", type=SIGN, help="Whose sign a synapse has: sender or receiver"),
    click.option("--data", default="data/connectomics", help="Folder of the regions, or of the published tables"),
    click.option("--transmitters", type=click.Path(), help=f"{PUBLISHED}a table of bodyId and transmitter"),
    click.option("--excitatory", is_flag=True, default=False, help=f"{PUBLISHED}every neuron excites"),
    click.option("--min_weight", default=1, type=IntRange(1), help=f"{PUBLISHED}fewest synapses of a connection"),
    click.option("--largest", is_flag=True, default=False, help="Keep the largest strongly connected part"),
    LR(default=0.01),
    TRAINING,
)


# --- what the commands share


def opened(folder: str, options: dict[str, Any], marks: Sequence[str] = ()) -> SimpleNamespace:
    """Return the options of a command after the checks that all need, with its folder and words for its file names.

    `marks` names the options, besides those of all commands, that the stem of this one does not tell.
    """
    for key, value in options.items():
        if value != value:  # click lets nan pass
            raise ParameterError(f"{key} = nan is not a number")
    o = SimpleNamespace(folder=folder, **options)
    o.activation = activation_name(o.activation)
    o.word = {"tanh_pos": "tanh_positive"}.get(o.activation, o.activation)
    check_number("t_ons", o.t_ons, o.dt, o.t_sim, hint="at least --dt, at most --tsim")
    above = Path(o.out).absolute()
    try:
        while not above.exists():
            above = above.parent
    except OSError as failure:  # a name that is too long, a folder that may not be read
        text = f"cannot be looked for ({failure.strerror}); choose a writable folder"
        raise ParameterError(f"out = {short(o.out)} {text}") from None
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise ParameterError(f"out = {o.out} cannot be written ({above}); choose a writable folder")
    o.marks = ""
    for option in click.get_current_context().command.params:
        value = options[option.name] if option.name in (*MARKS, *marks) else None
        if value not in (option.default, None):
            o.marks += f"_{option.opts[0][2:]}{Path(str(value)).stem if option.name == 'transmitters' else value}"
    figures.use_style()
    return o


def write(o: SimpleNamespace, files: dict[str, Any]) -> None:
    """Write {name: text or figure} below --out, all of them or none, and say where."""
    import matplotlib.pyplot as plt

    fills = {}
    for name, content in files.items():
        path = Path(o.out) / name
        if isinstance(content, str):
            fills[path] = functools.partial(Path.write_text, data=content, encoding="utf-8")
        else:
            kind = path.suffix[1:]
            drawn = functools.partial(content.savefig, format=kind, metadata=figures.FORMATS[kind])
            fills[path] = storage.in_memory(drawn)
    storage.write_all(fills)
    plt.close("all")
    click.echo("\n".join(map(str, fills)))
