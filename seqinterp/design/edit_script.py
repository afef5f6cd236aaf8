"""How a design came from its start: the fewest substitutions, insertions and deletions.

The length is kept: what an insertion pushes over the right end falls off, and what a deletion lets in there is new.
Neither counts as an edit.
"""

from typing import Literal, NamedTuple

import numpy as np

from seqinterp.kernels.edit_distance import distances, script
from seqinterp.sequence.alphabet import LETTERS
from seqinterp.shapes import CodeBlock, Codes, Costs

Kind = Literal["substitution", "insertion", "deletion"]
KINDS: tuple[Kind, ...] = ("substitution", "insertion", "deletion")  # by their number in the kernel


class Step(NamedTuple):
    """One edit: `before` stands at `position_in_start`, `after` at `position_in_design`.

    Of an insertion `before` is empty and `position_in_start` is where the base after it stood; of a deletion `after` is
    empty and `position_in_design` is where the base after it stands.
    """

    kind: Kind
    position_in_start: int
    position_in_design: int
    before: str
    after: str


def edit_distance(start: Codes, codes: Codes, /) -> int:
    """Fewest substitutions, insertions and deletions that turn `start` into `codes`; at most the positions that differ.

    The two are of one length.
    """
    return int(edit_distances(start[None], codes[None])[0])


def edit_distances(starts: CodeBlock, codes: CodeBlock, /, *, few: int = 1, most: int | None = None) -> Costs:
    """`edit_distance` of each row, or the number of positions that differ.

    That number is taken where it is `few` or less, and where the distance is above `most`.
    """
    found: Costs = (starts != codes).sum(axis=1, dtype=np.int64)
    left = np.flatnonzero(found > max(1, few))
    if len(left):
        limits = found[left] - 1 if most is None else np.minimum(found[left] - 1, most)
        reached = distances(plain(starts[left]), plain(codes[left]), limits)
        found[left] = np.where(reached <= limits, reached, found[left])
    return found


def edit_script(start: Codes, codes: Codes, /) -> list[Step]:
    """A shortest list of edits that turns `start` into `codes`, in order of position.

    Of the shortest it is one with the most substitutions; insertions and deletions stand as far left as they can.
    """
    edits = edit_distance(start, codes)
    rows = np.empty((edits, 3), np.int64)
    script(plain(start), plain(codes), edits, rows)
    return [_step(start, codes, *row) for row in rows.tolist()]


def substitutions(start: Codes, codes: Codes, /) -> list[Step]:
    """The positions that differ, each a substitution: how a search came here that neither inserts nor deletes."""
    return [_step(start, codes, 0, place, place) for place in np.flatnonzero(start != codes).tolist()]


def plain(codes: np.ndarray) -> np.ndarray:
    """The codes in one piece that kernels take: each other layout would be compiled for itself."""
    return np.require(codes, np.uint8, ["C", "W"])


def _step(start: Codes, codes: Codes, kind: int, before: int, after: int) -> Step:
    """One row of a script with its letters."""
    name = KINDS[kind]
    return Step(
        name,
        before,
        after,
        "" if name == "insertion" else LETTERS[start[before]],
        "" if name == "deletion" else LETTERS[codes[after]],
    )
