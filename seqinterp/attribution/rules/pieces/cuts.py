"""The pieces on which a piecewise linear score is linear along straight paths, found level by level.

Between two points of a path take the first operation, in the order of the model's code, that bends between them. All
before it are linear there, so its operands move in straight lines: from their values at the two points it is known
exactly where it bends. Cut there, and look at the parts again. Where no operation bends between two points the score is
linear between them, by induction over the operations.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.attribution.rules.pieces.watchers import Halves, Layouts, Survey, Watcher, agreed
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs

ATTEMPTS = 6  # to see where the rows lie; zeros behind a rectifier look alike
SHORTEST = 16  # a piece of so many units in the last place is not cut


@dataclass
class Pieces:
    """Parts of paths, in any order: the number of the path, and where on it (0 to 1) each part starts and stops."""

    path: Tensor
    start: Tensor
    stop: Tensor

    def __len__(self) -> int:
        return len(self.path)

    def chosen(self, which: Any) -> "Pieces":
        """Some of them."""
        return Pieces(self.path[which], self.start[which], self.stop[which])

    def points(self, starts: Inputs, ends: Inputs, alphas: Tensor) -> Tensor:
        """The point at `alphas` of each part's path."""
        path = self.path.to(starts.device)
        along = alphas.to(starts).view(-1, *[1] * (starts.ndim - 1))
        return torch.lerp(starts[path], ends[path], along)


def joined(parts: list[Pieces]) -> Pieces:
    """All of them in one."""
    return Pieces(*(torch.cat([getattr(part, name) for part in parts]) for name in ("path", "start", "stop")))


def linear_pieces(score: Score, starts: Inputs, ends: Inputs, most: int) -> Pieces:
    """Cut the path from every start to its end into pieces on which the score is linear.

    Raises:
        InputError: a path has more than `most` pieces.
        ModelError: an operation is not linear in pieces, or it cannot be seen which numbers belong to which row.
    """
    layouts = _survey(score, starts, ends)
    count = len(starts)
    open_ = Pieces(torch.arange(count), torch.zeros(count).double(), torch.ones(count).double())
    done: list[Pieces] = []
    together = max(1, rows_at_once(starts[:1].numel()) // 2)
    while len(open_):
        found = []
        for first in range(0, len(open_), together):
            part = open_.chosen(slice(first, first + together))
            cut, left = _cut(score, starts, ends, part, layouts)
            done.append(left)
            found.append(cut)
        open_ = joined(found)
        _require_few(joined([*done, open_]), most)
    return joined(done)


def _require_few(pieces: Pieces, most: int) -> None:
    if int(pieces.path.bincount().amax()) > most:
        raise InputError(
            f"a path has more than {most} linear pieces, the most that `pieces` allows; raise `pieces`, or use"
            " 'integrated_gradients', which refines until a tolerance is met"
        )


def _survey(score: Score, starts: Inputs, ends: Inputs) -> Layouts:
    """Where the rows lie in all that may bend, from passes over few rows; others where those leave a doubt."""
    found: Layouts = []
    for attempt in range(ATTEMPTS):
        point = torch.arange(5 * attempt, 5 * attempt + 5)
        along = Pieces(point % len(starts), 0.618 * point % 1, point)
        rows = along.points(starts, ends, along.start)
        few, more = Survey(), Survey()
        _pass(score, rows[:3], few)
        _pass(score, rows, more)
        found = agreed(few, more, found)
        if all(layout for _, layouts in found for layout in layouts):
            break
    return found


def _cut(score: Score, starts: Inputs, ends: Inputs, pieces: Pieces, layouts: Layouts) -> tuple[Pieces, Pieces]:
    """The parts of those pieces that bend, and the pieces that do not."""
    shortest = SHORTEST * torch.finfo(starts.dtype).eps
    halves = Halves(layouts, pieces.start, pieces.stop, shortest)
    _pass(score, torch.cat([pieces.points(starts, ends, at) for at in (pieces.start, pieces.stop)]), halves)
    return _parts(pieces, *halves.cuts(), shortest), pieces.chosen(~halves.bent)


def _pass(score: Score, rows: Inputs, watcher: Watcher) -> None:
    """Run the score with a watcher at the door."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        with watcher:
            score(leaf.clone())


def _parts(pieces: Pieces, which: Tensor, alphas: Tensor, shortest: float) -> Pieces:
    """The parts of the pieces `which` (a number for every cut), cut at `alphas`; cuts that nearly coincide are one."""
    first = which.unique()
    owner, along = torch.cat([first, which]), torch.cat([pieces.start[first], alphas])
    order = along.argsort()
    order = order[owner[order].argsort(stable=True)]
    owner, along = owner[order], along[order]
    apart = torch.ones_like(owner, dtype=torch.bool)
    apart[1:] = (owner[1:] != owner[:-1]) | (along.diff() > shortest)
    owner, along = owner[apart], along[apart]
    stop = pieces.stop[owner]
    same = owner[1:] == owner[:-1]
    stop[:-1] = torch.where(same, along[1:], stop[:-1])
    return Pieces(pieces.path[owner], along, stop)
