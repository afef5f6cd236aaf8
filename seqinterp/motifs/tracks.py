"""What a model says of some sequences, as arrays: the sequences, contributions, and hypothetical contributions."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import BaseMaps, Rows


@dataclass(frozen=True, eq=False)
class Tracks:
    """Sequences and their attributions, in single precision, each (batch, 4, position).

    contributions: of the bases that are there, zero elsewhere.
    hypothetical: what every base would contribute; None where only contributions are known.
    """

    inputs: BaseMaps
    contributions: BaseMaps
    hypothetical: BaseMaps | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def length(self) -> int:
        """Positions of each sequence."""
        return int(self.inputs.shape[2])

    @cached_property
    def total(self) -> Rows:
        """The contribution of each position, (batch, position)."""
        return np.ascontiguousarray(self.contributions.sum(axis=1))


def as_tracks(inputs: np.ndarray, attributions: np.ndarray) -> Tracks:
    """Tracks of sequences (batch, 4, position) and attributions of the same shape, or (batch, position).

    Attributions that are zero (to a millionth of the largest) wherever a base is not are contributions; others are
    hypothetical, and the contributions are theirs times the inputs. Inputs that hold some of every base everywhere do
    not tell which is which: then the contributions of positions have to be given, or both kinds as `Tracks`.

    Raises:
        ShapeError: the inputs are not (batch, 4, position), or the attributions have another shape.
        InputError: an attribution is not a finite number, an input not a share of a base, or the kind cannot be told.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4 or 0 in inputs.shape:
        raise ShapeError(
            f"the inputs must be one-hot DNA (batch, 4, position), not {inputs.shape}; seqinterp.one_hot makes it"
        )
    if attributions.shape not in (inputs.shape, (inputs.shape[0], inputs.shape[2])):
        raise ShapeError(
            f"the attributions must be {inputs.shape} as the inputs are, or {(inputs.shape[0], inputs.shape[2])}, but"
            f" they are {attributions.shape}"
        )
    shown, values = np.ascontiguousarray(inputs, np.float32), in_single(attributions, "attributions")
    if not (np.isfinite(shown).all() and shown.min() >= 0 and shown.max() <= 1):
        raise InputError(
            "inputs must lie between 0 and 1, the share of each base; were inputs and attributions swapped?"
        )
    if values.ndim == 2:
        return Tracks(shown, shown * values[:, None])
    absent = shown == 0
    if not absent.any():
        raise InputError(
            "every position of the inputs holds some of every base, so hypothetical attributions cannot be told from"
            " contributions; give the contributions of positions, (batch, position)"
        )
    if np.abs(values[absent]).max() <= 1e-6 * np.abs(values).max():
        return Tracks(shown, values * ~absent)
    return Tracks(shown, shown * values, values)


def in_single(values: np.ndarray, name: str) -> np.ndarray:
    """Attributions in single precision.

    Raises:
        InputError: one is not a finite number, or too large to be squared in single precision.
    """
    with np.errstate(over="ignore"):
        found = np.ascontiguousarray(values, np.float32)
    good = np.abs(found).reshape(len(found), -1).max(axis=1, initial=0) < 1e15  # of NaN it is False
    if not good.all():
        raise InputError(
            f"the {name} of example {int(np.flatnonzero(~good)[0])} hold NaN, infinity or numbers beyond 1e15; leave it"
            " out, mend the model, or scale them"
        )
    return found
