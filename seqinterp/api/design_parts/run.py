"""A search from its starts to `Designs`: checked, followed, written down, pruned, put in order."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from seqinterp.api.design_parts.goal import Goal
from seqinterp.api.design_parts.methods import DesignMethod, bind_design, find_design_method, whole
from seqinterp.api.results.designs import Design, Designs
from seqinterp.api.shared.fingerprint import fingerprint
from seqinterp.api.shared.progress import spoken
from seqinterp.api.shared.score import origin, refuse_odd_scores
from seqinterp.attribution.evidence import model_hash
from seqinterp.design.codes import columns_of
from seqinterp.design.constraints.rules import Rules
from seqinterp.design.edit_script import KINDS, Kind
from seqinterp.design.search.evolve import values_of
from seqinterp.design.search.pareto import dominated
from seqinterp.design.search.prune import check_share, pruned
from seqinterp.design.walk import SUBSTITUTIONS, Advance, Problem, Walk, begin, go
from seqinterp.errors import InputError
from seqinterp.io.design_checkpoint import forget_walk, load_walk, save_walk
from seqinterp.sequence.alphabet import letters_of
from seqinterp.shapes import CodeBlock

SAVED_EVERY = 2.0  # seconds
SHARED = ("prune", "checkpoint", "keep_checkpoint", "progress")


@dataclass(frozen=True, eq=False)
class Settings:
    """How a search goes: its rounds, and the options that all ways share, as `optimize` explains them."""

    method: str
    advance: Advance
    seed: int
    device: torch.device
    steps: int
    kinds: tuple[Kind, ...] = SUBSTITUTIONS
    prune: float | None = None
    checkpoint: Path | str | None = None
    keep_checkpoint: bool = False
    progress: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, method: str, options: Mapping[str, Any], seed: int, device: torch.device) -> "Settings":
        """Take the options of the public call apart.

        Raises:
            InputError: there is no such method or option, or one is out of its range.
        """
        entry = find_design_method(method)
        shared = {name: options[name] for name in SHARED if name in options}
        own = {name: value for name, value in options.items() if name not in {*shared, "steps", "kinds"}}
        steps, kinds = options.get("steps"), options.get("kinds", SUBSTITUTIONS)
        steps = entry.steps if steps is None else steps
        _check(steps, seed, kinds, entry, method)
        check_share(shared.get("prune") or 0.0)
        kinds = tuple(kind for kind in KINDS if kind in kinds)
        return cls(method, bind_design(method, own), int(seed), device, int(steps), kinds, **shared, own=own)

    def facts(self) -> dict[str, Any]:
        """For the origin of designs."""
        names = ("method", "seed", "steps", "kinds", "prune")
        return {name: getattr(self, name) for name in names} | {
            "options": {name: repr(value) for name, value in self.own.items()},
            "kinds": list(self.kinds),
        }


def run_search(goal: Goal, rules: Rules, settings: Settings, begun: CodeBlock, starts: CodeBlock) -> Designs:
    """Search from `begun`, sequences within the rules; edits are counted from `starts`."""
    device, checkpoint = settings.device, settings.checkpoint
    objectives = goal.objectives(device, repeats=settings.steps)
    problem = Problem(objectives, rules, settings.steps, settings.seed, settings.kinds)
    search = "" if checkpoint is None else _search(goal, rules, settings, begun, starts)
    with goal.borrowed(device), spoken("designing sequences", settings.progress) as said:
        _refuse_odd(goal, begun[:2], device)
        facts = _origin(goal, rules, begun, device) | settings.facts()
        walk = None if checkpoint is None else load_walk(checkpoint, search)
        walk = walk or begin(problem, begun, starts)
        go(problem, walk, settings.advance, _watch(said, checkpoint, search))
        codes, starts, lines = _ends(problem, walk)
        if settings.prune is not None:
            said("undoing edits that are not needed")
            if checkpoint is not None:
                save_walk(checkpoint, search, walk)
            codes = pruned(problem, codes, starts, lose=settings.prune)
        found = _designs(goal, problem, codes, starts, lines)
    if checkpoint is not None and settings.keep_checkpoint:
        save_walk(checkpoint, search, walk)
    elif checkpoint is not None:
        forget_walk(checkpoint)
    return Designs(found, facts)


def screened(goal: Goal, rules: Rules, library: CodeBlock, count: int, device: torch.device) -> Designs:
    """The `count` best of a library that keep the rules.

    Raises:
        InputError: none does, or none is asked for.
    """
    if count < 1:
        raise InputError(f"count must be 1 or more, not {count}")
    library = library[np.sort(np.unique(library, axis=0, return_index=True)[1])]
    kept = np.flatnonzero(rules.keep(library, library))
    if len(kept) == 0:
        names = "; ".join(each.name for each in rules.constraints)
        raise InputError(f"none of the {len(library)} sequences of the library keeps the constraints: {names}")
    problem = Problem(goal.objectives(device), rules, 0)
    with goal.borrowed(device):
        _refuse_odd(goal, library[kept[:2]], device)
        values = problem.objective.values(library[kept], library[kept])
        order = np.argsort(-values, kind="stable")[:count]
        best = library[kept[order]]
        found = _designs(goal, problem, best, best, values[order, None])
        facts = _origin(goal, rules, best, device) | {"method": "screen", "steps": 0, "library": len(library)}
    return Designs(found, facts)


def _check(steps: Any, seed: Any, kinds: str | Sequence[str], entry: DesignMethod, method: str) -> None:
    """Raise InputError for settings out of their range."""
    if not whole(steps) or not whole(seed) or steps < 0 or seed < 0:
        raise InputError(f"steps and seed must be 0 or more, whole numbers, not steps={steps} and seed={seed}")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if isinstance(kinds, str) or unknown or not kinds:
        raise InputError(f"kinds must be a list out of {', '.join(KINDS)}, not {kinds!r}")
    if not entry.indels and set(kinds) != set(SUBSTITUTIONS):
        raise InputError(f"design method {method!r} makes substitutions only; leave kinds out, or choose another")


def _refuse_odd(goal: Goal, codes: CodeBlock, device: torch.device) -> None:
    """Raise ModelError unless every target of every model gives one finite number per sequence."""
    some = columns_of(codes, dtype=goal.dtype, device=device)
    for target in goal.targets:
        for score in goal.scores(target):
            with torch.no_grad():
                refuse_odd_scores(score(some), len(some))


def _origin(goal: Goal, rules: Rules, codes: CodeBlock, device: torch.device) -> dict[str, Any]:
    """The facts that make designs traceable."""
    score = goal.scores(goal.targets[0])[0]
    facts = origin(score, columns_of(codes[:32], dtype=goal.dtype), seed=0, device=device)
    return facts | {
        "model_hashes": [model_hash(model) for model in goal.models],
        "targets": [repr(target) for target in goal.targets],
        "penalties": repr(goal.penalties),
        "constraints": [each.name for each in rules.constraints],
    }


def _search(goal: Goal, rules: Rules, settings: Settings, begun: CodeBlock, starts: CodeBlock) -> str:
    """What is looked for and how, in one word: a checkpoint of anything else is not gone on with."""
    how = (settings.method, settings.seed, settings.steps, settings.kinds, settings.own)
    return fingerprint(goal.models, goal.targets, goal.penalties, rules, how, begun, starts)


def _watch(said: Callable[[str], None], checkpoint: Path | str | None, search: str) -> Callable[[Walk], None]:
    """Tells how far a search is, and writes it down now and then."""
    saved = time.monotonic()

    def watch(walk: Walk) -> None:
        nonlocal saved
        said(f"step {int(walk.done.min())} of {walk.steps}, best value {walk.values.max():.4g}")
        if checkpoint is not None and time.monotonic() - saved > SAVED_EVERY:
            save_walk(checkpoint, search, walk)
            saved = time.monotonic()

    return watch


def _ends(problem: Problem, walk: Walk) -> tuple[CodeBlock, CodeBlock, np.ndarray]:
    """The designs with their starts and trajectories; of several objectives all that nothing dominates."""
    if len(problem.objectives) == 1:
        return walk.codes, walk.starts, walk.trajectory
    if "population" not in walk.memory:  # no step was made
        return walk.codes, walk.starts, walk.trajectory
    count, members, length = walk.memory["population"].shape
    codes, first = np.unique(walk.memory["population"].reshape(-1, length), axis=0, return_index=True)
    values = walk.memory["values"].reshape(count * members, -1)[first]
    front = np.flatnonzero(~dominated(values))
    owner = first[front] // members
    return codes[front], walk.starts[owner], walk.trajectory[owner]


def _designs(
    goal: Goal, problem: Problem, codes: CodeBlock, starts: CodeBlock, lines: np.ndarray
) -> tuple[Design, ...]:
    """The results, highest first value first."""
    plain = goal.plain(problem.objective.device)
    ends = np.stack([one.values(codes, starts) for one in plain])
    begins = np.stack([one.values(starts, starts) for one in plain])
    values = values_of(problem, codes, starts)
    spread = ends.std(axis=0) if len(plain) > 1 else np.full(len(codes), np.nan)
    found = [
        Design(
            letters_of(code),
            float(ends[:, i].mean()),
            line,
            letters_of(start),
            float(begins[:, i].mean()),
            tuple(values[i].tolist()),
            float(spread[i]),
            tuple(problem.rules.report(code, start)),
            problem.kinds,
        )
        for i, (code, start, line) in enumerate(zip(codes, starts, lines, strict=True))
    ]
    return tuple(sorted(found, key=lambda design: -design.values[0]))
