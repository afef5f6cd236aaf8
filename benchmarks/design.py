"""Design beside its peers: `python benchmarks/design.py [group ...] [--quick] [--threads N]`.

greedy: seconds of a step of greedy design of one sequence, and of each of 16 at once, against tangermeme's
greedy_substitution at its best batch size; the sequences that come out must be the same. beam: the same of a beam of
four against tangermeme's beam_substitution. ledidi: `straight_through` against Ledidi with the same batch, rate and
number of iterations, towards the score that ten greedy edits reach (Ledidi holds edits against a design in its loss,
ours takes them back afterwards); reported are the seconds of an iteration, how
near both come, and the edits of the best sequence before and after pruning both to one score; and what `greedy` needs
for the same score. Groups are named with a network, as greedy-M1; all take turns in one process.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import torch
from measure import write_results
from race import Run, at_best, require
from reference_networks import NETWORKS, network, sequences
from torch import Tensor, nn

from mutagenesis import MALLOC, in_turns
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.codes import codes_of, columns_of
from seqinterp.design.objective import Objective
from seqinterp.design.search.beam import beam
from seqinterp.design.search.greedy import greedy
from seqinterp.design.search.prune import pruned
from seqinterp.design.search.straight_through import straight_through
from seqinterp.design.walk import Advance, Problem, begin, go

STEPS = {"M1": 10, "M2": 10, "M3": 2, "M4": 1}
REPEATS = {"M1": 9, "M2": 9, "M3": 3, "M4": 1}
SIZES = {"M1": (101, 404, 1024), "M2": (101, 404, 1024), "M3": (64,), "M4": (32,)}
ITERATIONS = {"M1": 200, "M2": 200, "M3": 40, "M4": 6}
DRAWS = {"M1": 16, "M2": 16, "M3": 16, "M4": 4}
WIDTH = 4
LEFT = 0.95  # of the way that the worse of two has come: what pruning leaves of both


class FirstOutput(nn.Module):
    """A network with the one output that is designed for, (batch, 1), as the peers ask for it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """The first column."""
        return self.model(inputs)[:, :1]


def searched(model: nn.Module, starts: Tensor, steps: int, advance: Advance, target: object = None) -> np.ndarray:
    """The codes that a search of so many steps ends with."""
    codes = codes_of(starts)
    problem = Problem([Objective([Score(model, target or output(0))], repeats=steps)], steps=steps)
    return go(problem, begin(problem, codes, codes), advance).codes


def stepwise(name: str, quick: bool, ours: Advance, theirs: Callable[..., Tensor], at_once: int) -> dict[str, object]:
    """Seconds of a step of one sequence and of several at once, against a peer that takes one."""
    model, steps = FirstOutput(network(name)).eval().requires_grad_(False), STEPS[name]
    inputs = sequences(at_once, NETWORKS[name][1])
    options = {"reverse_complement": False, "max_iter": steps, "tol": -1e9, "device": "cpu"}

    def peers(size: int | None) -> Run:
        return partial(theirs, model, inputs[:1], batch_size=size, **options)

    def mine(count: int) -> Run:
        return lambda: columns_of(searched(model, inputs[:count], steps, ours))

    peer = at_best(peers, SIZES[name], 2)
    require(torch.equal(mine(1)(), peer.run()), f"the design of {name} differs from tangermeme's")
    runs = {"one": mine(1), "tangermeme": peer.run} | ({"several": mine(at_once)} if at_once > 1 else {})
    taken = in_turns(runs, 2 if quick else REPEATS[name])
    each = {side: [one / steps for one in times] for side, times in taken.items()}
    if at_once > 1:
        each["several"] = [one / at_once for one in each["several"]]
    return {
        "checked": f"tangermeme's sequence after {steps} steps",
        "milliseconds_per_step_and_sequence": {side: 1000 * median(times) for side, times in each.items()},
        "times_faster": {side: _ratios(each["tangermeme"], each[side]) for side in each if side != "tangermeme"},
        "at_once": at_once,
        "batch_size": peer.batch_size,
    }


def _ratios(theirs: list[float], ours: list[float]) -> dict[str, float]:
    ratios = sorted(there / here for there, here in zip(theirs, ours, strict=True))
    return {"median": median(ratios), "lowest": ratios[0], "highest": ratios[-1]}


def greedy_steps(name: str, quick: bool) -> dict[str, object]:
    """Greedy design."""
    from tangermeme.design import greedy_substitution

    return stepwise(name, quick, greedy, greedy_substitution, {"M1": 16, "M2": 16}.get(name, 1))


def beam_steps(name: str, quick: bool) -> dict[str, object]:
    """A beam of four."""
    from tangermeme.design import beam_substitution

    return stepwise(name, quick, partial(beam, width=WIDTH), partial(beam_substitution, beam_size=WIDTH), 1)


def gradient(name: str, quick: bool) -> dict[str, object]:
    """Straight-through samples towards a score, beside Ledidi."""
    model = FirstOutput(network(name)).eval().requires_grad_(False)
    start = sequences(1, NETWORKS[name][1])
    steps = 10 if name in ("M1", "M2") else 3
    begun = time.perf_counter()
    climbed = columns_of(searched(model, start, steps, greedy))
    of_greedy = time.perf_counter() - begun
    with torch.no_grad():
        first, goal = (float(model(one)[0, 0]) for one in (start, climbed))
    iterations, draws = ITERATIONS[name] // (4 if quick else 1), DRAWS[name]
    taken: dict[str, list[float]] = {"ours": [], "Ledidi": []}
    ends: dict[str, list[dict[str, float]]] = {"ours": [], "Ledidi": []}
    for seed in range(2 if quick else 3):
        reached: dict[str, Tensor] = {}
        for side, run in (("ours", _ours), ("Ledidi", _ledidi)) if seed % 2 else (("Ledidi", _ledidi), ("ours", _ours)):
            begun = time.perf_counter()
            found = run(model, start, first, goal, iterations, draws, seed)
            taken[side].append((time.perf_counter() - begun) / iterations)
            reached[side] = found
        same = LEFT * min(_share(model, found, first, goal) for found in reached.values())
        for side, found in reached.items():
            ends[side].append(_judged(model, start, found, first, goal, same))
    return {
        "start": first,
        "goal": goal,
        "iterations": iterations,
        "draws": draws,
        "milliseconds_per_iteration": {side: 1000 * median(times) for side, times in taken.items()},
        "times_faster": _ratios(taken["Ledidi"], taken["ours"]),
        "ends": ends,
        "greedy": {"edits": steps, "seconds": of_greedy},
    }


def _scale(first: float, goal: float) -> float:
    """The loss is that of scores in units of the way to the goal: 10 for the start."""
    return 10**0.5 / max(abs(goal - first), 1e-9)


def _ours(model: nn.Module, start: Tensor, first: float, goal: float, iterations: int, draws: int, seed: int) -> Tensor:
    """The best sequence of `straight_through`."""
    scale = _scale(first, goal)
    problem = Problem(
        [Objective([Score(model, lambda out: -((scale * (out[:, 0] - goal)) ** 2))])],
        steps=iterations,
        seed=seed,
    )
    codes = codes_of(start)
    return columns_of(go(problem, begin(problem, codes, codes), partial(straight_through, draws=draws)).codes)


def _ledidi(
    model: nn.Module, start: Tensor, first: float, goal: float, iterations: int, draws: int, seed: int
) -> Tensor:
    """The member of Ledidi's last batch that is nearest to the goal."""
    from ledidi import Ledidi

    scale = _scale(first, goal)

    def loss(found: Tensor, wanted: Tensor) -> Tensor:
        return ((scale * (found - wanted)) ** 2).mean()

    settings = {"batch_size": draws, "max_iter": iterations, "verbose": False, "random_state": seed}
    designer = Ledidi(model, start.shape[1:], output_loss=loss, **settings)
    found = designer.fit_transform(start, torch.tensor([[goal]])).detach()
    with torch.no_grad():
        nearest = int((model(found)[:, 0] - goal).abs().argmin())
    return found[nearest : nearest + 1]


@torch.no_grad()
def _share(model: nn.Module, found: Tensor, first: float, goal: float) -> float:
    """How much of the way to the goal a design has come."""
    return (float(model(found)[0, 0]) - first) / (goal - first)


def _judged(model: nn.Module, start: Tensor, found: Tensor, first: float, goal: float, same: float) -> dict[str, float]:
    """How far a design has come, and its edits before and after pruning to a share of the way."""
    codes, begun = codes_of(found), codes_of(start)
    share = _share(model, found, first, goal)
    kept = pruned(Problem([Objective([Score(model, output(0))])]), codes, begun, lose=max(0.0, 1 - same / share))
    return {
        "share_of_the_way": share,
        "edits": int((codes != begun).sum()),
        "edits_after_pruning": int((kept != begun).sum()),
    }


GROUPS: dict[str, Callable[[bool], dict[str, object]]] = {
    **{f"greedy-{name}": partial(greedy_steps, name) for name in ("M1", "M2", "M3")},
    "beam-M1": partial(beam_steps, "M1"),
    **{f"ledidi-{name}": partial(gradient, name) for name in NETWORKS},
}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"all unless given: {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="few repeats; nothing is written")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"unknown group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    torch.set_num_threads(options.threads)
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):  # read when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | MALLOC)
    figures: dict[str, object] = {}
    for name in options.groups or GROUPS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch tells how it pads
            figures[name] = GROUPS[name](options.quick)
        print(f"{name}\n{json.dumps(figures[name], indent=2)}", flush=True)
    if not options.quick:
        print("written to", write_results("design", figures))


if __name__ == "__main__":
    main()
