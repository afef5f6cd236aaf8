"""How much two motifs do together, beyond the sum of the two, at every distance and in every orientation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.design.experiments.insertions import centred, insertion_effects
from seqinterp.design.experiments.words import Arrangements
from seqinterp.errors import InputError
from seqinterp.shapes import Sequences, Words

ORIENTATIONS = ("++", "+-", "-+", "--")  # strand of the left motif, then of the right one


@dataclass(frozen=True, eq=False)
class Spacing:
    """Effects on the score, (orientation, gap, batch) each, on the CPU: of both motifs, and of each alone.

    Alone a motif stands where it stands in the pair.
    """

    both: Tensor
    left: Tensor
    right: Tensor


def spacing_effects(
    score: Score,
    backgrounds: Sequences,
    left: Words,
    right: Words,
    /,
    *,
    gaps: Sequence[int],
    orientations: Sequence[str] = ORIENTATIONS,
    repeats: int = 1,
) -> Spacing:
    """Put two words (1, 4, width) into the middle of every background, `gap` columns between them.

    `gap` counts the columns between the last one of the left word and the first one of the right word; 0 where they
    touch. The two with their gap stand in the middle, so that both move as it grows. "-" turns a word to the other
    strand in its place.

    Raises:
        InputError: words would overlap or leave the backgrounds, or an orientation is unknown.
    """
    check_arrangement(backgrounds.shape[2], left.shape[2], right.shape[2], gaps, orientations)
    forms = Arrangements([left[0], left[0].flip(0, 1), right[0], right[0].flip(0, 1)])
    rows = []
    for orientation in orientations:
        for gap in gaps:
            first, second = starts(backgrounds.shape[2], left.shape[2], right.shape[2], gap)
            one, other = ("+-".index(orientation[0]), first), (2 + "+-".index(orientation[1]), second)
            rows.append((forms.row(one, other), forms.row(one), forms.row(other)))
    found = insertion_effects(score, backgrounds, *forms.drawn(), repeats=repeats)
    shape = (len(orientations), len(gaps), len(backgrounds))
    both, alone, also = (found[:, list(row)].T.reshape(shape) for row in zip(*rows, strict=True))
    return Spacing(both, alone, also)


def starts(length: int, left: int, right: int, gap: int) -> tuple[int, int]:
    """Where the two words start when both with their gap stand in the middle."""
    first = centred(length, left + gap + right)
    return first, first + left + gap


def check_arrangement(length: int, left: int, right: int, gaps: Sequence[int], orientations: Sequence[str]) -> None:
    """Raise InputError unless all gaps and orientations can be made."""
    if not gaps or not orientations:
        raise InputError("there is nothing to place; give at least one gap and one orientation")
    for orientation in orientations:
        if orientation not in ORIENTATIONS:
            raise InputError(
                f"an orientation is one of {', '.join(ORIENTATIONS)}, the strand of the left motif and then of the"
                f" right one, not {orientation!r}"
            )
    for name, given in (("gaps", gaps), ("orientations", orientations)):
        if len(set(given)) < len(given):
            raise InputError(f"the {name} name one of them twice; give each once")
    if min(gaps) < 0:
        raise InputError(
            f"a gap of {min(gaps)} would put {min(-min(gaps), left, right)} base(s) of one motif over the other; gaps"
            " count the bases between the two and are 0 or more; for the other order swap the motifs"
        )
    most = length - left - right
    if max(gaps) > most:
        raise InputError(
            f"motifs of {left} and {right} bases with a gap of {max(gaps)} do not fit into backgrounds of {length}"
            f" bases; " + (f"the widest gap that fits is {most}" if most >= 0 else "take longer backgrounds")
        )


def interaction(both: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """E(both) - E(left) - E(right): zero where the score adds the two up."""
    return both - left - right


def fitting_gaps(length: int, left: int, right: int, most: int) -> tuple[int, ...]:
    """0, 1, 2 ... up to `most`, or to the widest gap that fits."""
    return tuple(torch.arange(max(0, min(most, length - left - right)) + 1).tolist())
