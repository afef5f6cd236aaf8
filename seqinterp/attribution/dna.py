"""Whether inputs are DNA, for the methods and baselines that only make sense there."""

from seqinterp.errors import ShapeError
from seqinterp.shapes import Inputs

SLACK = 1e-4  # how far the shares of a column may add up to more than 1: rounding


def is_dna(inputs: Inputs) -> bool:
    """Whether `inputs` are `(batch, 4, position)` with columns that are bases, mixtures of bases, or zero (N)."""
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        return False
    return bool((inputs >= 0).all() and (inputs.sum(dim=1) <= 1 + SLACK).all())


def require_dna(inputs: Inputs, what: str) -> None:
    """Raise ShapeError unless `inputs` are one-hot DNA; `what` names the part that needs them."""
    if not is_dna(inputs):
        raise ShapeError(
            f"{what} needs one-hot DNA of shape (batch, 4, position), bases A, C, G, T, columns that add up to 1 or"
            f" less, not an array of shape {tuple(inputs.shape)}; seqinterp.one_hot makes it"
        )
