"""The training examples nearest to an example, by what a layer of the model makes of them (Papernot & McDaniel 2018,
arXiv:1803.04765; Cover & Hart 1967, doi:10.1109/TIT.1967.1053964).

Exact: every distance is worked out by itself in double precision, so it does not depend on what else is asked.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import NewRepresentations, Representations

Distance = Literal["euclidean", "cosine"]
NUMBERS = 2**22  # of distances held at once


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest training examples of each example asked about, the nearest first, on the CPU.

    examples: their numbers, `(batch, count)`. distances: `(batch, count)`, double; Euclidean, or 1 - cosine.
    Of equally near ones that with the lower number comes first.
    """

    examples: Tensor
    distances: Tensor


def nearest_cases(
    features: NewRepresentations,
    training: Representations,
    /,
    *,
    count: int = 5,
    distance: Distance = "euclidean",
    leave_out: Tensor | None = None,
) -> Nearest:
    """Find the `count` nearest training examples, both given as representations `(examples, feature)`.

    leave_out: for each example asked about one number of a training example that does not count, `(batch,)`: itself,
        for neighbours among the training examples.

    Raises:
        ShapeError: representations of unlike width, or not one number in leave_out per example.
        InputError: a count that there is not, another distance, values that are not finite, a representation that is
            all zero and has no direction, for cosine.
    """
    left = len(training) - (leave_out is not None)
    if not 1 <= count <= left:
        raise InputError(f"count must be 1 to {left}, the training examples that can be found, not {count}")
    if distance not in ("euclidean", "cosine"):
        raise InputError(f"distance must be 'euclidean' or 'cosine', not {distance!r}")
    if features.shape[1] != training.shape[1]:
        raise ShapeError(
            f"representations have {features.shape[1]} features, but those of training {training.shape[1]}"
        )
    _check_left_out(leave_out, len(features), len(training))
    ours, theirs = _placed(features, distance), _placed(training, distance)
    found, apart = [], []
    size = max(1, NUMBERS // len(theirs))
    for start in range(0, len(ours), size):
        part = torch.cdist(ours[start : start + size], theirs, compute_mode="donot_use_mm_for_euclid_dist")
        if leave_out is not None:
            part[torch.arange(len(part)), leave_out[start : start + size].cpu()] = torch.inf
        order = part.argsort(dim=1, stable=True)[:, :count]
        found.append(order)
        apart.append(part.gather(1, order))
    distances = torch.cat(apart) if apart else torch.zeros(0, count, dtype=torch.float64)
    # of unit vectors |u - v|^2 = 2 - 2 cos, and no digit is lost near 0
    return Nearest(
        torch.cat(found) if found else torch.zeros(0, count, dtype=torch.int64),
        distances.square() / 2 if distance == "cosine" else distances,
    )


def _check_left_out(leave_out: Tensor | None, count: int, training: int) -> None:
    """Refuse numbers that are none of training examples."""
    if leave_out is None:
        return
    if leave_out.shape != (count,) or leave_out.is_floating_point():
        raise ShapeError(f"leave_out must hold one whole number per example, ({count},), not {tuple(leave_out.shape)}")
    if count and (int(leave_out.min()) < 0 or int(leave_out.max()) >= training):
        raise InputError(f"leave_out must hold numbers of training examples, 0 to {training - 1}")


def _placed(features: Tensor, distance: Distance) -> Tensor:
    """Representations in double precision, for cosine of length 1."""
    values = features.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(values).all()):
        raise InputError("representations hold NaN or infinite values")
    if distance == "euclidean":
        return values
    values = values / values.abs().amax(dim=1, keepdim=True)  # so that neither length overflows nor vanishes
    if not bool(torch.isfinite(values).all()):
        raise InputError("a representation that is all zero has no direction for cosine; take distance='euclidean'")
    unit: Tensor = values / values.norm(dim=1, keepdim=True)
    return unit
