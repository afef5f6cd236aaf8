"""A list of edits of a batch of sequences: which columns each one changes, and into what."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Edited, Indices, Inputs, Sequences


@dataclass(frozen=True, eq=False)
class Edits:
    """A list of edits of a batch of sequences of one length.

    No edit changes the length: an insertion or deletion is written as what it does to every column. The tensors lie
    on the CPU; they follow the inputs when they are applied.

    example: (edits,), the sequence that is edited.
    first: (edits + 1,); edit `i` changes the columns `position[first[i]:first[i + 1]]`, which ascend without repeats.
        There may be none: then it changes nothing.
    position: (changes,), 0-based.
    columns: (changes, 4), what the column becomes.
    """

    example: Tensor
    first: Tensor
    position: Tensor
    columns: Tensor

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_numbers(self)

    def __len__(self) -> int:
        return len(self.example)

    @property
    def counts(self) -> Indices:
        """How many columns each edit changes, (edits,)."""
        return self.first.diff()

    @property
    def owner(self) -> Indices:
        """Which edit each changed column belongs to, (changes,)."""
        return torch.repeat_interleave(torch.arange(len(self)), self.counts, output_size=len(self.position))

    def take(self, index: slice | Tensor) -> "Edits":
        """The edits of a slice or of a tensor of places, in its order."""
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return self._piece(start, max(start, stop))
            index = torch.arange(start, stop, step)
        elif index.dtype == torch.bool:
            index = index.nonzero().flatten()
        counts = self.counts[index]
        first = offsets(counts)
        taken = ragged_range(self.first[:-1][index], counts)
        return trusted(self.example[index], first, self.position[taken], self.columns[taken])

    def _piece(self, start: int, stop: int) -> "Edits":
        """Edits `[start, stop)`; nothing is copied but the offsets."""
        low, high = int(self.first[start]), int(self.first[stop])
        first = self.first[start : stop + 1] - low
        return trusted(self.example[start:stop], first, self.position[low:high], self.columns[low:high])

    def apply(self, inputs: Sequences) -> Edited:
        """One row per edit: `inputs[example]` with its columns changed, (edits, 4, position).

        Raises:
            InputError: an edit is of an example or a position that the inputs lack.
        """
        self.require_within(inputs)
        place = inputs.device
        rows = inputs[self.example.to(place)]
        rows[self.owner.to(place), :, self.position.to(place)] = self.columns.to(place, inputs.dtype)
        return rows

    def require_within(self, inputs: Inputs) -> None:
        """Raise unless the inputs have every example and every position that is edited."""
        if inputs.ndim != 3 or inputs.shape[1] != 4:
            raise ShapeError(
                f"edits are of one-hot DNA of shape (batch, 4, position), not {tuple(inputs.shape)};"
                " seqinterp.one_hot makes it"
            )
        for name, numbers, count in (
            ("example", self.example, inputs.shape[0]),
            ("position", self.position, inputs.shape[2]),
        ):
            if len(numbers) and int(numbers.max()) >= count:
                raise InputError(
                    f"an edit is of {name} {int(numbers.max())}, but the inputs have {count}, numbered 0 to {count - 1}"
                )


def trusted(example: Tensor, first: Tensor, position: Tensor, columns: Tensor) -> Edits:
    """Edits that are made of checked ones, or by rule, and so need no checks: they would take longer than the rest."""
    edits = object.__new__(Edits)
    for name, tensor in (("example", example), ("first", first), ("position", position), ("columns", columns)):
        object.__setattr__(edits, name, tensor)
    return edits


def offsets(counts: Indices) -> Indices:
    """Where each run of a ragged list starts, and where the last one ends: (runs + 1,)."""
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def ragged_range(starts: Indices, counts: Indices) -> Indices:
    """`starts[i], starts[i] + 1, ...`, `counts[i]` numbers for each `i`, one after the other."""
    first = offsets(counts)
    total = int(first[-1])
    return torch.arange(total) + torch.repeat_interleave(starts - first[:-1], counts, output_size=total)


def joined(parts: list[Edits]) -> Edits:
    """Several lists as one."""
    counts = torch.cat([part.counts for part in parts])
    example, position, columns = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("example", "position", "columns")
    )
    return Edits(example, offsets(counts), position, columns)


def between(inputs: Sequences, edited: Edited, example: Indices) -> Edits:
    """The edits that turn `inputs[example]` into `edited`, one per row of `edited`."""
    changed = (inputs[example] != edited).any(dim=1)
    owner, position = changed.nonzero(as_tuple=True)
    return Edits(example, offsets(changed.sum(dim=1)), position, edited[owner, :, position])


def _check_shapes(edits: Edits) -> None:
    """Raise ShapeError unless the four tensors belong together."""
    for name in ("example", "first", "position"):
        numbers = getattr(edits, name)
        if numbers.ndim != 1 or numbers.dtype != torch.int64:
            raise ShapeError(
                f"{name} of an edit list must be one axis of int64, not {tuple(numbers.shape)} of {numbers.dtype}"
            )
    if len(edits.first) != len(edits.example) + 1:
        raise ShapeError(
            f"first of an edit list must have one number more than there are edits; {len(edits.first)} came for"
            f" {len(edits.example)} edits"
        )
    if edits.columns.shape != (len(edits.position), 4) or not edits.columns.is_floating_point():
        raise ShapeError(
            f"columns of an edit list must be floats of shape ({len(edits.position)}, 4), one row per position, not"
            f" {tuple(edits.columns.shape)} of {edits.columns.dtype}"
        )


def _check_numbers(edits: Edits) -> None:
    """Raise InputError unless the offsets cover the changes, positions ascend in each edit, and columns are finite."""
    if int(edits.first[0]) != 0 or int(edits.first[-1]) != len(edits.position) or bool((edits.counts < 0).any()):
        raise InputError(
            f"first of an edit list must start at 0, never fall, and end at {len(edits.position)}, the number of"
            " changed columns"
        )
    for name in ("example", "position"):
        numbers = getattr(edits, name)
        if len(numbers) and int(numbers.min()) < 0:
            raise InputError(f"an edit is of {name} {int(numbers.min())}; examples and positions are counted from 0")
    falls = edits.position.diff() <= 0
    inner = edits.first[1:-1]  # between two edits positions may fall
    inner = inner[(inner > 0) & (inner < len(edits.position))]
    falls[inner - 1] = False
    if bool(falls.any()):
        place = int(falls.nonzero()[0])
        edit = int(torch.searchsorted(edits.first, place, right=True)) - 1
        raise InputError(
            f"the positions of an edit must ascend without repeats, but in edit {edit} position"
            f" {int(edits.position[place + 1])} follows {int(edits.position[place])}"
        )
    if not bool(torch.isfinite(edits.columns).all()):
        raise InputError("the columns of an edit list hold NaN or infinite values; they must be finite numbers")
