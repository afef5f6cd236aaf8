"""Who races in `mutagenesis.py`: the package, tangermeme and forward passes on one network, and what is right."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from race import Run, require
from reference_networks import NETWORKS, OTHERS, network, sequences
from torch import Tensor

import seqinterp as si
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.mutagenesis.by_forward import effects_by_forward
from seqinterp.mutagenesis.edit_lists import substitutions
from seqinterp.mutagenesis.edits import Edits
from seqinterp.mutagenesis.effects import WORTH_FOLLOWING, effects
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.planned import planned
from seqinterp.mutagenesis.trace import Untraceable

REPEATS = 9
SAMPLE = 24  # edits that are compared with double precision
EXACT = 1e-5  # of the largest effect; or what forward passes in single precision reach
LUCK = 2  # and their error depends on how sums are taken
ROUNDING = 2e-6  # of the scores: what may lie between us and a peer that subtracts them, beside 1e-4 of the effect
# network -> sequences, and the number of positions edited, spread evenly over each; None for all
SIZES: Mapping[str, tuple[int, int | None]] = {
    "M1": (64, None),
    "M2": (512, None),
    "M3": (1, None),
    "M4": (1, 400),
    "DanQ": (1, 200),
    "LegNet": (1, 115),
    "Beluga": (1, 250),
    "ChromBPNet": (1, 151),
}
PEER_SIZES = {"M1": (101, 303, 1024), "M2": (101, 303, 1024)}  # the others: 32, 64, 256


def log_counts(outputs: tuple[Tensor, Tensor]) -> Tensor:
    """The second head of a model with a profile and counts."""
    return outputs[1][:, 0]


class Course:
    """A network, its sequences, the edits that everyone makes, and how often everyone runs."""

    def __init__(self, name: str, quick: bool) -> None:
        self.name, self.repeats = name, 2 if quick else REPEATS
        count, places = SIZES[name]
        count = max(1, count // 4) if quick else count
        length = (NETWORKS | OTHERS)[name][1]
        self.score = Score(network(name), log_counts if name == "ChromBPNet" else output(0))
        self.inputs = sequences(count, length)
        self.whole = places is None
        self.positions = None if places is None else np.unique(np.linspace(0, length - 1, places).astype(int)).tolist()
        self.edits = substitutions(self.inputs, positions=self.positions)
        base, length = self.edits.columns.argmax(dim=1), self.inputs.shape[2]
        self.places = (self.edits.example * 4 + base) * length + self.edits.position
        self.sizes = PEER_SIZES.get(name, (32, 64, 256))

    def door(self) -> Tensor:
        """The effects, as everything that asks about edits gets them; a list of edits is made anew, too."""
        if self.whole:
            return every_base(self.score, self.inputs).flatten()[self.places]
        return effects(self.score, self.inputs, substitutions(self.inputs, positions=self.positions))

    def mutate(self) -> Tensor:
        """What a user calls, with all positions."""
        return si.mutate(self.score.model, self.inputs, target=self.score.target, device="cpu").effects

    def forward(self, size: int | None) -> Run:
        """A pass for every edited sequence and a subtraction."""
        rows = self.edits.apply(self.inputs)

        def run() -> Tensor:
            with torch.inference_mode():
                after = torch.cat([self.score(part) for part in rows.split(size or len(rows))])
                return after - self.score(self.inputs)[self.edits.example]

        return run

    def tangermeme(self, setting: str) -> Run:
        """tangermeme with one batch size, by its fast path or without it; effects in the order of our edits."""
        way, size = setting.split(", batches of ")
        return _tangermeme(self, int(size), fast=way == "fast path")

    def operations(self) -> float | None:
        """Multiplications and additions of all edits by the plan, without those of the unedited sequences.

        None where forward passes are made, or parts of the model recomputed, whose operations are not counted.
        """
        try:
            found = planned(self.score, self.inputs)
        except Untraceable:
            return None
        followed = found.saving >= WORTH_FOLLOWING and not found.plan.in_full
        return _operations(found.plan, self.edits) if followed else None


def _operations(plan: Plan, edits: Edits) -> float:
    places = edits.position.numpy()  # every edit is of one position
    windows = plan.windows(places, places + 1)
    return sum(plan.work({layer: float((high - low).sum()) for layer, (low, high) in windows.items()}))


def _tangermeme(course: Course, size: int, *, fast: bool) -> Run:
    """Its `saturation_mutagenesis`, or the same steps for some positions only.

    fast: its fast path, which it takes by itself for jobs of more than half a minute; the model is captured already.
    """
    from tangermeme import saturation_mutagenesis as peer

    inputs, score = course.inputs.type(torch.int8), course.score
    chosen = course.positions or range(inputs.shape[2])
    asked = {"func": lambda outputs: score.target(outputs)[:, None]}
    on_cpu = {"device": "cpu", "batch_size": size}
    first, stop = min(chosen), max(chosen) + 1
    captured = None
    if fast:
        captured = peer._FastISM(score.model, inputs, None, first, stop, torch.device("cpu"), torch.float32, False)

    def of_one(number: int) -> Tensor:
        _, base, position = peer._single_edits(inputs[number], first, stop)
        if not course.whole:
            some = torch.isin(position, torch.tensor(chosen))
            base, position = base[some], position[some]
        if captured is not None:
            after = captured.predict_edits(number, base, position, size, **asked)
        else:
            rows, _ = peer._edited_inputs(inputs, None, number, base, position)
            after = peer.predict(score.model, rows, **asked, **on_cpu)
        return after[torch.argsort(position * 4 + base), 0]

    def run() -> Tensor:
        before = peer.predict(score.model, inputs, **asked, **on_cpu)[:, 0]
        if captured is not None:
            captured._example = None  # what it kept of the last sequence
        with torch.no_grad():
            return torch.cat([of_one(number) for number in range(len(inputs))]) - before[course.edits.example]

    def public() -> Tensor:
        found = peer.saturation_mutagenesis(score.model, inputs, raw_outputs=True, fast=False, **asked, **on_cpu)
        grid = (found.y_hat - found.y0[:, None, None])[..., 0]
        edits = course.edits
        return grid[edits.example, edits.columns.argmax(dim=1), edits.position]

    return public if course.whole and not fast else run


def check(course: Course, found: Tensor) -> dict[str, str]:
    """Some of the effects are those in double precision, and `mutate` gives what the door gives."""
    spread = torch.linspace(0, len(found) - 1, SAMPLE).long()
    some = torch.unique(torch.cat([spread, found.abs().topk(4).indices]))
    said = {"door": against_double(course, course.edits.take(some), found[some], found)}
    edits = course.edits
    table = course.mutate()
    apart = float((table[edits.example, edits.columns.argmax(dim=1), edits.position] - found).abs().max())
    largest = float(found.abs().max())
    require(apart <= _allowed(course, largest), f"mutate and the door differ by {apart:.1e} on {course.name}")
    return said


def against_double(course: Course, edits: Edits, found: Tensor, everything: Tensor) -> str:
    """How far effects are from those of the model in double precision, and forward passes in single precision."""
    double = Score(copy.deepcopy(course.score.model).double(), course.score.target)
    inputs = course.inputs.double()
    truth = effects_by_forward(
        double, inputs, Edits(edits.example, edits.first, edits.position, edits.columns.double())
    )
    plain = effects_by_forward(course.score, course.inputs, edits)
    error, usual = (float((one.double() - truth).abs().max()) for one in (found, plain))
    largest = float(everything.abs().max())
    right = error <= EXACT * largest or error <= LUCK * usual
    require(right, f"our effects on {course.name} are off by {error:.1e}; the largest is {largest:.1e}")
    return f"off by {error / largest:.0e} of the largest effect; forward passes by {usual / largest:.0e}"


def agreement(course: Course, found: Tensor, answer: Tensor) -> str:
    """The peer's effects are ours, up to the rounding of scores that it subtracts."""
    apart, largest = float((answer - found).abs().max()), float(found.abs().max())
    require(apart <= _allowed(course, largest), f"ours and tangermeme's differ by {apart:.1e} on {course.name}")
    return f"ours to {apart / largest:.0e} of the largest effect"


def _allowed(course: Course, largest: float) -> float:
    with torch.no_grad():
        return 1e-4 * largest + ROUNDING * float(course.score(course.inputs).abs().max())
