"""`optimize`: which sequences does the model score highest?"""

from collections.abc import Sequence
from typing import Any

from torch import nn

from seqinterp.api.constraints import Constraints
from seqinterp.api.design_parts.goal import Goal
from seqinterp.api.design_parts.methods import find_design_method
from seqinterp.api.design_parts.run import Settings, run_search, screened
from seqinterp.api.design_parts.starts import start_codes, within_rules
from seqinterp.api.penalties import Penalties
from seqinterp.api.results.designs import Designs
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.design.walk import SUBSTITUTIONS
from seqinterp.errors import InputError
from seqinterp.shapes import Array


def optimize(
    model: nn.Module | Sequence[nn.Module],
    start: str | Sequence[str] | Array | None = None,
    *,
    length: int | None = None,
    count: int = 10,
    target: int | Target | Sequence[int | Target] = 0,
    method: str = "hill_climb",
    constraints: Constraints | None = None,
    penalties: Penalties | None = None,
    seed: int = 0,
    device: Device = None,
    **options: Any,
) -> Designs:
    """Edit sequences until the model likes them, within what can be built.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found. Several are an
            ensemble: their mean score is raised, and `penalties` may hold their disagreement against a design.
        start: sequences to start from, as strings or one-hot; None draws `count` random ones of this `length`.
        length, count: size and number of the random starts. Of a library, `start` with method "screen", the `count`
            best are kept.
        target: which output is raised, by index, or a callable from outputs to `(batch,)`: `minimize`, `reach` and
            `weighted` of `seqinterp.design.goals`, `contrast` and others of `seqinterp.attribution.targets`. A list of
            them gives a Pareto front, with method "evolve".
        method: "hill_climb" keeps random edits that help (1,000 steps, the published loop); "greedy" makes the best of
            all edits, 20 times or until none helps; "beam" keeps the best `width`; "insert_motifs" puts in the best of
            `motifs`; "anneal" also takes edits that hurt, with falling `temperature`; "evolve" recombines a
            `population`; "straight_through" (as Ledidi) and "seq_prop" follow gradients; "screen" scores a library.
        constraints: what every design must keep. A start that breaks one is changed first.
        penalties: what is taken off the score.
        seed: start sequences and proposals follow from it and the place of a design among the starts.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        options: `steps`, rounds at most; `kinds`, of edits, out of "substitution" (alone unless told otherwise),
            "insertion" and "deletion" (the length is kept: the right end gives way); `prune`, a share of the gain that
            may be lost to undo edits that are not needed (the trajectory is of the search before); `checkpoint`, a file
            from which an interrupted search goes on, and which is removed at the end unless `keep_checkpoint`;
            `progress`; and what the method itself takes.

    Returns:
        `Designs`, best first: `sequence`, `score`, `trajectory` `(steps + 1,)`, `start`, `start_score`, `edits`,
        `rules`.

    Raises:
        InputError: neither `start` nor `length` is given, or a setting is out of range.
        InfeasibleError: the constraints exclude one another; the sentence names them.
        AlphabetError: a start sequence holds a letter that is not DNA.
    """
    _check_kinds(constraints, penalties)
    settings = Settings.of(method, options, seed, choose_device(device))
    goal = Goal.of(model, target, penalties or Penalties())
    if len(goal.targets) > 1 and not find_design_method(method).front:
        raise InputError(f"several targets need method='evolve', or one goal such as weighted(...), not {method!r}")
    if len(goal.targets) > 1 and settings.prune is not None:
        raise InputError("prune needs one goal: of several, edits that one can do without another needs")
    starts = start_codes(goal.models[0], start, length, count, seed)
    rules = (constraints or Constraints()).rules(starts.shape[1], indels=settings.kinds != SUBSTITUTIONS)
    if method == "screen" and start is not None:
        if options:
            raise InputError(
                f"a library that is given is only scored, so {', '.join(options)} means nothing; leave it out"
            )
        return screened(goal, rules, starts, count, settings.device)
    begun = within_rules(starts, rules, seed)
    return run_search(goal, rules, settings, begun, begun if start is None else starts)


def _check_kinds(constraints: object, penalties: object) -> None:
    """Raise InputError where something else was given."""
    for name, value, kind in (("constraints", constraints, Constraints), ("penalties", penalties, Penalties)):
        if value is not None and not isinstance(value, kind):
            raise InputError(
                f"{name} must be made with seqinterp.{kind.__name__}(...), of a mapping with"
                f" {kind.__name__}(**mapping), not a {type(value).__name__}"
            )
