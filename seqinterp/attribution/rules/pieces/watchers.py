"""Passes that compute every operation as it is and look at those that may bend along a path."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.rules.call import Call, first_tensor
from seqinterp.attribution.rules.intercept import Interceptor
from seqinterp.attribution.rules.layout import Layout, find_layout
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import require_same
from seqinterp.attribution.rules.pieces.bends import Bend, Ends, find_bends, refuse_bent, watched
from seqinterp.errors import ModelError

ROUNDING = 32  # a difference of so many units in the last place of what it is taken of is none
Layouts = list[tuple[str, list[Layout | None]]]  # None where it is not certain


class Watcher(Interceptor):
    """Hands every operation that may bend to `look`."""

    def __init__(self) -> None:
        super().__init__(frozenset(Kind))

    def treats(self, kind: Kind, word: str) -> bool:
        """Whether the operation may bend."""
        return watched(kind, word)

    def treat(self, kind: Kind, call: Call) -> Any:
        """Compute, and look at what may bend."""
        refuse_bent(kind, call)
        result = call.recipe.result(*call.operands)
        output = first_tensor(result)
        with torch.no_grad():
            self.look(kind, call, output.detach())
        return self.hand_over(call, result, output)

    @abstractmethod
    def look(self, kind: Kind, call: Call, output: Tensor) -> None:
        """See what may bend this call."""


class Survey(Watcher):
    """Keeps every tensor that is looked at in a pass over a few rows."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[Tensor]]] = []

    def look(self, kind: Kind, call: Call, output: Tensor) -> None:
        """Keep what is looked at."""
        seen = _Seen()
        find_bends(kind, call, output, seen)
        self.seen.append((call.word, [tensor.clone() for tensor in seen.tensors]))


def agreed(few: Survey, more: Survey, known: Layouts) -> Layouts:
    """Where the rows lie for every operation and every tensor of it in turn, by passes of 3 and 5 rows.

    known: what an earlier call gave; it stays where it was certain.
    """
    if len(few.seen) != len(more.seen):
        require_same("more operations", "fewer")
    found: Layouts = []
    for (word, then), (same_word, now) in zip(few.seen, more.seen, strict=True):
        require_same(same_word, word)
        found.append((word, [find_layout(n, t, 5, 3) for n, t in zip(now, then, strict=True)]))
    if not known:
        return found
    pairs = zip(known, found, strict=True)
    return [(word, [o or n for o, n in zip(old, new, strict=True)]) for (word, old), (_, new) in pairs]


class _Seen:
    """Looks at a few rows as if all were at one end."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def apart(self, tensor: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        self.tensors.append(like)
        return tensor.reshape(1, -1), tensor.reshape(1, -1)

    def exchanged(self, tensor: Tensor) -> Tensor:
        self.tensors.append(tensor)
        return tensor


class _Rows:
    """Two ends of `count` pieces, the rows of the one behind those of the other."""

    def __init__(self, word: str, count: int, layouts: list[Layout | None]) -> None:
        self.word, self.count, self.layouts = word, count, iter(layouts)

    def _layout(self) -> Layout:
        """Of the next tensor."""
        layout = next(self.layouts)
        if layout is None:
            raise ModelError(
                f"it cannot be seen which numbers at {self.word!r} in the model's code belong to which example, so the"
                " integrated gradients cannot be exact; use 'integrated_gradients', which refines until a tolerance is"
                " met"
            )
        return layout

    def apart(self, tensor: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        layout = self._layout()
        by_row = self._folded(tensor.movedim(layout.axis, 0), layout)
        rows = by_row.movedim(1, 0) if layout.apart else by_row
        start, stop = rows.reshape(2, self.count, -1)
        return start, stop

    def exchanged(self, tensor: Tensor) -> Tensor:
        layout = self._layout()
        folded = self._folded(tensor.movedim(layout.axis, 0), layout)
        turned = folded.roll(self.count, 1 if layout.apart else 0)
        return turned.flatten(0, 1).movedim(0, layout.axis)

    def _folded(self, tensor: Tensor, layout: Layout) -> Tensor:
        """(row, part, ...), or (part, row, ...) where the parts lie apart."""
        sizes = (layout.fold, 2 * self.count) if layout.apart else (2 * self.count, layout.fold)
        folded: Tensor = tensor.unflatten(0, sizes)
        return folded


class Halves(Watcher):
    """A pass over the starts of some pieces and then their stops, that finds where the first bent operation bends.

    bent: which pieces have a bend inside, further than `shortest` from either end.
    """

    def __init__(self, layouts: Layouts, start: Tensor, stop: Tensor, shortest: float) -> None:
        super().__init__()
        self.start, self.stop, self.shortest = start, stop, shortest
        self.layouts = iter(layouts)
        self.bent = torch.zeros(len(start), dtype=torch.bool)
        self.found: list[tuple[Tensor, Tensor]] = []

    def look(self, kind: Kind, call: Call, output: Tensor) -> None:
        """Cut the pieces that this operation bends and no operation before it."""
        word, layouts = next(self.layouts, ("nothing more", []))
        require_same(call.word, word)
        ends: Ends = _Rows(word, len(self.start), layouts)
        cuts = [self._inside(bend) for bend in find_bends(kind, call, output, ends)]
        for which, _ in cuts:
            self.bent[which] = True
        self.found += cuts

    def _inside(self, bend: Bend) -> tuple[Tensor, Tensor]:
        """Which pieces this bends, and where; not those that an operation before it bends."""
        start, stop = bend.starts, bend.stops
        least = (ROUNDING * torch.finfo(start.dtype).eps * bend.size).unsqueeze(1)
        crosses = ((start > least) & (stop < -least)) | ((start < -least) & (stop > least))
        crosses &= ~self.bent.to(start.device).unsqueeze(1)
        which, place = crosses.nonzero(as_tuple=True)
        before, after = start[which, place].double().cpu(), stop[which, place].double().cpu()
        which = which.cpu()
        length = self.stop[which] - self.start[which]
        way = before / (before - after) * length
        inside = (way > self.shortest) & (length - way > self.shortest)
        return which[inside], (self.start[which] + way)[inside]

    def cuts(self) -> tuple[Tensor, Tensor]:
        """Every cut: the number of the piece, and where on the path."""
        if not self.found:
            return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.float64)
        which, alphas = zip(*self.found, strict=True)
        return torch.cat(which), torch.cat(alphas)
