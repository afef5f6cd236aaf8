"""Lists of edits that people ask about: substitutions, k-mers, blanked and shuffled windows, indels, pairs, tables.

Every builder leaves out columns that would become what they are, so an edit holds only what really changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.errors import InputError, ShapeError
from seqinterp.mutagenesis.edits import Edits, joined, offsets, ragged_range, trusted
from seqinterp.mutagenesis.window import check_window
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import EditColumns, Indices, Inputs, Sequences

Positions = Iterable[int] | Tensor | None

WIDEST = 6  # 4^6 k-mers are 4,096 edits of every position
CHANGES = 2**22  # columns that are compared at once while a list is built
PIECE = 2**14  # pairs in one piece


def substitutions(inputs: Inputs, *, start: int = 0, stop: int | None = None, positions: Positions = None) -> Edits:
    """Every base that differs from the column that is there, by example, position and base.

    An N (all zeros) has four. Only the window `[start, stop)` is edited, or only `positions`.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: the window or a position leaves the sequence, or both a window and positions are given.
    """
    example, position, base = _single_edits(inputs, start, stop, positions)
    return trusted(example, torch.arange(len(example) + 1), position, torch.eye(4, dtype=inputs.dtype)[base])


def kmers(inputs: Inputs, *, width: int, positions: Positions = None) -> Edits:
    """Every one of the 4^width words at every position given, by example, position and word (AA, AC ...).

    The word that is there is left out. `positions` are where a word starts; None takes every one it fits at.

    Raises:
        InputError: `width` is not 1 to 6, or a word leaves the sequence.
    """
    length = _length(inputs)
    if not 1 <= width <= WIDEST:
        raise InputError(
            f"k-mers of width {width} were asked for, but they can be 1 to {WIDEST} wide: there are 4^width at every"
            " position; for wider words give the ones you mean with edit_list"
        )
    places = _positions(positions, length - width + 1, f"the start of a word of {width} bases")
    words = torch.tensor(list(product(range(4), repeat=width)))
    bank = torch.eye(4, dtype=inputs.dtype)[words.flatten()]
    example, position, word = _grid(len(inputs), places, len(words))
    found = _spliced(inputs, _Splices(example, position, position + width, word * width, _same(width, word)), bank)
    return found.take(found.counts > 0)


def blanked(inputs: Inputs, *, width: int, stride: int = 1) -> Edits:
    """Each window of `width` positions set to N (zeros), one edit per example and window: occlusion.

    Windows start at 0, `stride`, 2 `stride` ... and end within the sequence.
    """
    places = _windows(inputs, width, stride)
    example, position, _ = _grid(len(inputs), places, 1)
    bank = inputs.new_zeros(width, 4, device="cpu")
    none = torch.zeros_like(position)
    return _spliced(inputs, _Splices(example, position, position + width, none, _same(width, none)), bank)


def shuffled(inputs: Inputs, *, width: int, stride: int = 1, draws: int = 1, seed: int = 0) -> Edits:
    """The columns of each window in a random order, one edit per example, window and draw.

    The order follows from the seed, the example's own bases and the window's start, so that neither the batch nor
    the stride changes it. An order that gives the same bases again stays in the list: it changes nothing.
    """
    length = _length(inputs)
    places = _windows(inputs, width, stride)
    if draws < 1:
        raise InputError(f"draws must be 1 or more, not {draws}")
    held = inputs.detach().cpu()
    orders = []
    for one in held:
        chance = torch.rand(draws, length, width, generator=generator(seed, one, "shuffled windows"))
        orders.append(chance.transpose(0, 1)[places].argsort(dim=-1))  # (windows, draws, width)
    example, position, _ = _grid(len(inputs), places, draws)
    source = position[:, None] + torch.stack(orders).reshape(-1, width)
    bank = held[example[:, None], :, source].reshape(-1, 4)
    row = torch.arange(len(position)) * width
    return _spliced(inputs, _Splices(example, position, position + width, row, _same(width, row)), bank)


def deletions(
    inputs: Inputs, *, width: int, positions: Positions = None, keep: str = "start", fill: Tensor | None = None
) -> Edits:
    """Without the bases `[position, position + width)`, one edit per example and position; the length is kept.

    `keep="start"`: what follows moves to the left, and the first `width` columns of `fill`, the sequence that follows
    (batch, 4, at least width), enter at the end. `keep="stop"`: what precedes moves to the right, and the last columns
    of `fill`, the sequence that precedes, enter at the start. Without `fill` N enters.

    Raises:
        InputError: a deletion leaves the sequence, or `keep` is something else.
        ShapeError: `fill` does not fit.
    """
    length = _length(inputs)
    if width < 1:
        raise InputError(f"a deletion must be 1 or more wide, not {width}")
    places = _positions(positions, length - width + 1, f"the start of a deletion of {width} bases")
    if fill is not None and (
        fill.ndim != 3 or fill.shape[0] != len(inputs) or fill.shape[1] != 4 or fill.shape[2] < width
    ):
        raise ShapeError(
            f"fill must be one-hot DNA of shape ({len(inputs)}, 4, {width} or more), the flank of each sequence, not"
            f" {tuple(fill.shape)}"
        )
    example, position, _ = _grid(len(inputs), places, 1)
    none = torch.zeros_like(position)
    bank = inputs.new_zeros(0, 4, device="cpu")
    return _spliced(inputs, _Splices(example, position, position + width, none, none), bank, keep=keep, fill=fill)


def insertions(inputs: Inputs, *, sequence: str, positions: Positions = None, keep: str = "start") -> Edits:
    """With `sequence` put in before the base at each position, one edit per example and position; the length is kept.

    `keep="start"`: what follows moves to the right and its end falls off. `keep="stop"`: what precedes moves to the
    left and its start falls off. `positions` are 0 to the length of the sequence; None takes all of them.
    """
    length = _length(inputs)
    bank = one_hot(sequence)[0].T.to(inputs.dtype)
    places = _positions(positions, length + 1, "the place of an insertion")
    example, position, _ = _grid(len(inputs), places, 1)
    none = torch.zeros_like(position)
    return _spliced(inputs, _Splices(example, position, position, none, _same(len(bank), none)), bank, keep=keep)


def edit_list(inputs: Inputs, table: pd.DataFrame, *, keep: str = "start") -> Edits:
    """One edit per row of a table: the bases `[start, stop)` of an example are replaced by `sequence`.

    Columns: start, stop (0-based, half-open; equal for an insertion), sequence (may be empty: a deletion), and
    example (0 without it). Where the lengths differ the rest moves, as `keep` says for `deletions` and `insertions`.

    Raises:
        InputError: a column is missing or a row cannot be meant, naming the row.
    """
    length = _length(inputs)
    numbers = _table_numbers(table, len(inputs), length)
    words = [str(word) for word in table["sequence"]]
    sizes = torch.tensor([len(word) for word in words], dtype=torch.int64)
    letters = "".join(words)
    bank = one_hot(letters)[0].T.to(inputs.dtype) if letters else inputs.new_zeros(0, 4, device="cpu")
    splices = _Splices(numbers["example"], numbers["start"], numbers["stop"], offsets(sizes)[:-1], sizes)
    return _spliced(inputs, splices, bank, keep=keep)


def pairs(inputs: Inputs, *, start: int = 0, stop: int | None = None, piece: int = PIECE) -> Iterator[Edits]:
    """All double substitutions inside `[start, stop)`, `piece` at a time: 9 W (W - 1) / 2 for each example of W bases.

    By example, the position and base of the first substitution, then of the second, which lies behind it.
    """
    singles = substitutions(inputs, start=start, stop=stop)
    for first, second in pair_pieces(singles, piece=piece):
        yield together(singles, first, second)


def together(singles: Edits, first: Indices, second: Indices) -> Edits:
    """Two single edits of one example made at once: `first[i]` and `second[i]`, which lies behind it."""
    both = torch.stack([first, second], dim=1).flatten()
    begins = torch.arange(0, len(both) + 1, 2)
    return trusted(singles.example[first], begins, singles.position[both], singles.columns[both])


def pair_pieces(singles: Edits, *, piece: int = PIECE) -> Iterator[tuple[Indices, Indices]]:
    """Which two of the substitutions make each pair, `piece` pairs at a time.

    The second of a pair is of the same example and lies behind the first.
    """
    example, position = singles.example, singles.position
    width = int(position.max()) + 2 if len(position) else 1
    place = example * width + position  # ascending
    partner = torch.searchsorted(place, place, right=True)  # the first one at a later position
    ends = torch.searchsorted(example, example, right=True)
    first = offsets(ends - partner)
    for begin in range(0, int(first[-1]), piece):
        number = torch.arange(begin, min(begin + piece, int(first[-1])))
        left = torch.searchsorted(first, number, right=True) - 1
        yield left, partner[left] + number - first[left]


@dataclass(frozen=True)
class _Splices:
    """Replacements of `[start, stop)` of an example by `size` rows of a bank that begin at `row`; one per edit."""

    example: Indices
    start: Indices
    stop: Indices
    row: Indices
    size: Indices

    @property
    def moved(self) -> Indices:
        """How much longer the sequence would be."""
        return self.size - (self.stop - self.start)

    def take(self, part: slice) -> "_Splices":
        """Some of them."""
        return _Splices(self.example[part], self.start[part], self.stop[part], self.row[part], self.size[part])

    def spans(self, length: int, keep: str) -> tuple[Indices, Indices]:
        """The columns `[low, high)` that can change: all up to the end that moves, where anything moves."""
        stays = self.moved == 0
        if keep == "start":
            return self.start, torch.where(stays, self.stop, length)
        return torch.where(stays, self.start, 0), self.stop


def _spliced(
    inputs: Sequences, splices: _Splices, bank: EditColumns, *, keep: str = "start", fill: Tensor | None = None
) -> Edits:
    """The splices as edits, a bounded number of columns at a time."""
    if keep not in ("start", "stop"):
        raise InputError(f"keep must be 'start' or 'stop', the end of the sequence that stays in place, not {keep!r}")
    held = inputs.detach().cpu()
    flank = held[:, :, :0] if fill is None else fill.detach().cpu().to(held.dtype)
    known = torch.cat([held, flank] if keep == "start" else [flank, held], dim=2)
    origin = 0 if keep == "start" else flank.shape[2]  # where the sequence starts in what is known
    low, high = splices.spans(held.shape[2], keep)
    made = []
    for part in _parts(high - low):
        some, counts = splices.take(part), (high - low)[part]
        owner = torch.repeat_interleave(torch.arange(len(counts)), counts)
        place = ragged_range(low[part], counts)
        # the bases that are put in begin here; the rest comes from `moved` further on or back
        begin = some.start if keep == "start" else some.stop - some.size
        source = origin + place + (-some.moved if keep == "start" else some.moved)[owner]
        new = _columns(known, some.example[owner], source)
        behind = place - begin[owner]
        put = (behind >= 0) & (behind < some.size[owner])
        new[put] = bank[(some.row[owner] + behind)[put]]
        made.append(_changes(held, some.example, owner, place, new))
    return made[0] if len(made) == 1 else joined(made)


def _columns(known: Sequences, example: Indices, source: Indices) -> EditColumns:
    """Columns of what is known; N beyond it."""
    found = known[example, :, source.clamp(0, known.shape[2] - 1)]
    found[(source < 0) | (source >= known.shape[2])] = 0
    return found


def _changes(held: Sequences, example: Indices, owner: Indices, place: Indices, new: EditColumns) -> Edits:
    """Edits of the columns that differ from what is there."""
    differs = (held[example[owner], :, place] != new).any(dim=1)
    counts = torch.bincount(owner[differs], minlength=len(example))
    return Edits(example, offsets(counts), place[differs], new[differs])


def _parts(counts: Indices) -> list[slice]:
    """Consecutive edits whose columns are few enough to hold at once; at least one edit each."""
    ends = counts.cumsum(0)
    cuts = [0]
    while cuts[-1] < len(counts):
        done = int(ends[cuts[-1] - 1]) if cuts[-1] else 0
        cuts.append(max(cuts[-1] + 1, int(torch.searchsorted(ends, done + CHANGES, right=True))))
    return [slice(low, high) for low, high in pairwise(cuts)] or [slice(0, 0)]


def _single_edits(
    inputs: Inputs, start: int, stop: int | None, positions: Positions
) -> tuple[Indices, Indices, Indices]:
    """Example, position and base of every substitution, in this order."""
    begin, end = check_window(inputs, start, stop)
    held = inputs.detach().cpu()
    places = torch.arange(begin, end)
    if positions is not None:
        if (start, stop) != (0, None):
            raise InputError("give either a window (start, stop) or positions, not both")
        places = _positions(positions, held.shape[2], "a substitution")
    columns = held[:, :, places]
    # column != unit vector of the base <=> its own entry is not 1, or another is not 0
    others = (columns != 0).sum(dim=1, keepdim=True)
    differs = ~((columns == 1) & (others == 1))
    example, place, base = differs.transpose(1, 2).nonzero(as_tuple=True)
    return example, places[place], base


def _grid(examples: int, places: Indices, kinds: int) -> tuple[Indices, Indices, Indices]:
    """Example, position and kind of every edit, kinds running fastest."""
    example, place, kind = torch.meshgrid(torch.arange(examples), places, torch.arange(kinds), indexing="ij")
    return example.flatten(), place.flatten(), kind.flatten()


def _same(size: int, like: Indices) -> Indices:
    """The same size for every edit."""
    return torch.full_like(like, size)


def _length(inputs: Inputs) -> int:
    """The length of the sequences; ShapeError unless they are one-hot DNA."""
    return check_window(inputs, 0, None)[1]


def _windows(inputs: Inputs, width: int, stride: int) -> Indices:
    """The starts of the windows."""
    length = _length(inputs)
    if not 1 <= width <= length or stride < 1:
        raise InputError(
            f"windows must be 1 to {length} wide, the length of the sequences, with a stride of 1 or more; width is"
            f" {width} and stride {stride}"
        )
    return torch.arange(0, length - width + 1, stride)


def _positions(positions: Positions, count: int, what: str) -> Indices:
    """The positions asked for, ascending or not; all `count` of them for None."""
    if count < 1:
        raise InputError(f"{what} does not fit into the sequence")
    if positions is None:
        return torch.arange(count)
    if isinstance(positions, Tensor):
        positions = positions.tolist()
    chosen = torch.tensor([int(position) for position in positions], dtype=torch.int64)
    wrong = chosen[(chosen < 0) | (chosen >= count)]
    if len(wrong):
        raise InputError(f"position {int(wrong[0])} cannot be {what}: it must be 0 to {count - 1}")
    if len(chosen.unique()) < len(chosen):
        raise InputError("the positions name one of them twice; give each once")
    return chosen


def _table_numbers(table: pd.DataFrame, examples: int, length: int) -> dict[str, Indices]:
    """Example, start and stop of every row, checked."""
    missing = [name for name in ("start", "stop", "sequence") if name not in table.columns]
    if missing:
        raise InputError(
            f"the table of edits lacks the column(s) {', '.join(missing)}; it needs start, stop, sequence, and example"
            " where there is more than one sequence"
        )
    numbers = {}
    for name in ("example", "start", "stop"):
        values: Sequence[object] = list(table[name]) if name in table.columns else [0] * len(table)
        for row, value in enumerate(values):
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise InputError(f"row {row} of the table of edits: {name} must be a whole number, not {value!r}")
        numbers[name] = torch.tensor([int(value) for value in values], dtype=torch.int64)  # type: ignore[call-overload]
    for row, (example, start, stop) in enumerate(zip(*(n.tolist() for n in numbers.values()), strict=True)):
        if not (0 <= example < examples and 0 <= start <= stop <= length):
            raise InputError(
                f"row {row} of the table of edits: [{start}, {stop}) of example {example} leaves the inputs, which are"
                f" {examples} sequence(s) of {length} bases; examples count from 0, start and stop are 0-based and"
                " half-open"
            )
    for row, word in enumerate(table["sequence"]):
        if not isinstance(word, str):
            raise InputError(
                f"row {row} of the table of edits: sequence must be a string, empty for a deletion, not {word!r}"
            )
    return numbers
