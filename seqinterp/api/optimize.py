"""`optimize`: which sequences does the model score highest?"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.inputs import as_dna
from seqinterp.api.results.designs import Design, Designs
from seqinterp.api.score import finite_scores, origin
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.greedy import greedy
from seqinterp.design.hill_climb import Climb, hill_climb, random_starts
from seqinterp.errors import InputError
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.shapes import Array, Sequences

STEPS = {"hill_climb": 1000, "greedy": 20}


def optimize(
    model: nn.Module,
    start: str | Sequence[str] | Array | None = None,
    *,
    length: int | None = None,
    count: int = 10,
    target: int | Target = 0,
    method: str = "hill_climb",
    steps: int | None = None,
    seed: int = 0,
    device: Device = None,
) -> Designs:
    """Edit sequences until the model likes them.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        start: sequences to start from, as strings or one-hot; None draws `count` random ones of this `length`.
        length, count: size and number of the random starts.
        target: which output is raised, by index, or a callable from outputs to `(batch,)`.
        method: "hill_climb" keeps random single-base edits that help (1,000 steps, the published loop);
            "greedy" makes the best of all edits, 20 times or until none helps.
        steps: number of steps; None takes those just named.
        seed: start sequences and proposals follow from it.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Designs`, best first: `sequence`, `score`, `trajectory` `(steps + 1,)`, `start`, `start_score`.

    Raises:
        InputError: neither `start` nor `length` is given, or a setting is out of range.
        AlphabetError: a start sequence holds a letter that is not DNA.
    """
    if method not in STEPS:
        raise InputError(f"there is no design method {method!r}; choose one of {', '.join(sorted(STEPS))}")
    steps = STEPS[method] if steps is None else steps
    if steps < 0 or seed < 0:
        raise InputError(f"steps and seed must be 0 or more, not steps={steps} and seed={seed}")
    starts = as_dna(model, _starts(start, length, count, seed))
    begun = decode(starts)  # soft columns are no sequence to start from, and are refused here
    score = Score(model, as_target(target))
    place = choose_device(device)
    finite_scores(score, starts, batch_size=None, device=place)
    with borrowed(score, place):
        here = starts.to(place)
        climb = (
            greedy(score, here, steps=steps) if method == "greedy" else hill_climb(score, here, steps=steps, seed=seed)
        )
    facts = origin(score, starts, seed=seed, device=place)
    return Designs(_best_first(begun, climb), {**facts, "method": method, "steps": steps})


def _starts(start: str | Sequence[str] | Array | None, length: int | None, count: int, seed: int) -> Sequences:
    """The start sequences as one-hot DNA."""
    if start is not None and length is not None:
        raise InputError("optimize takes start= or length=, not both: the starts have their own length")
    if isinstance(start, Tensor | np.ndarray):
        return torch.as_tensor(start)
    if start is not None:
        return one_hot(start)
    if length is None:
        raise InputError("optimize needs start=sequences or length=the number of bases of random starts")
    if length < 1 or count < 1:
        raise InputError(f"length and count must be 1 or more, not length={length} and count={count}")
    return random_starts(count, length, seed)


def _best_first(begun: Sequence[str], climb: Climb) -> tuple[Design, ...]:
    """Starts and ends side by side, highest final score first."""
    trajectories = climb.trajectory.cpu().numpy()
    rows = zip(decode(climb.sequences.cpu()), trajectories, begun, strict=True)
    designs = [Design(end, float(line[-1]), line, begin, float(line[0])) for end, line, begin in rows]
    return tuple(sorted(designs, key=lambda design: -design.score))
