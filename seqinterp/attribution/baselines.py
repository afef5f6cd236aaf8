"""References that an explanation is measured against, each a rule of the example alone (DNA: `dna_baselines`)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Inputs, References


def zeros(inputs: Inputs, /) -> References:
    """One reference, `(batch, 1, *features)`: nothing present."""
    return inputs.new_zeros(inputs.shape).unsqueeze(1)


def mean(inputs: Inputs, /) -> References:
    """One reference, `(batch, 1, *features)`: every channel at its mean over the example's own places.

    A place where all channels are zero (N in DNA, padding, a masked pixel) holds nothing: it stays zero and does
    not count. For DNA this is the example's own base frequencies in every column.

    Raises:
        ShapeError: there is no axis after the channels to take a mean over.
    """
    axes = _spatial_axes(inputs, "mean")
    present = (inputs != 0).any(dim=1, keepdim=True)
    count = present.sum(dim=axes, keepdim=True).clamp(min=1)
    return (inputs.sum(dim=axes, keepdim=True) / count * present).unsqueeze(1)


def blur(inputs: Inputs, /, *, sigma: float = 10.0) -> References:
    """One reference, `(batch, 1, *features)`: the example through a Gaussian of `sigma` pixels or positions.

    Every axis after the channels is blurred. Weights that would fall outside are shared among those inside, so a
    constant example stays as it is. Fong and Vedaldi 2017, arXiv:1704.03296.

    Raises:
        InputError: `sigma` is not positive.
        ShapeError: there is no axis after the channels to blur over.
    """
    if not 0 < sigma < float("inf"):
        raise InputError(f"sigma must be a positive number of pixels or positions, not {sigma}")
    blurred = inputs
    for axis in _spatial_axes(inputs, "blur"):
        place = torch.arange(inputs.shape[axis], device=inputs.device, dtype=torch.float64)
        weights = torch.softmax(-((place[:, None] - place) ** 2) / (2 * sigma**2), dim=1).to(inputs.dtype)
        blurred = (blurred.movedim(axis, -1) @ weights.T).movedim(-1, axis)
    return blurred.unsqueeze(1)


def _spatial_axes(inputs: Inputs, name: str) -> tuple[int, ...]:
    """The axes after the channels."""
    if inputs.ndim < 3:
        raise ShapeError(
            f"baseline {name!r} needs inputs of shape (batch, channel, position) or (batch, channel, row, column),"
            f" not {tuple(inputs.shape)}; use 'zeros' or give references of your own"
        )
    return tuple(range(2, inputs.ndim))


@dataclass(frozen=True, repr=False)
class Given:
    """References that somebody gave: one set for all examples, or one set per example, found by its values."""

    shared: Tensor | None  # (draws, *features)
    of_example: Mapping[bytes, Tensor]  # fingerprint of the example -> (draws, *features)
    fingerprint: str

    def __repr__(self) -> str:
        return f"given references {self.fingerprint}"

    def __call__(self, inputs: Inputs, /) -> References:
        """The references of each example, `(batch, draws, *features)`.

        Raises:
            ShapeError: the examples have other features than the references.
            InputError: no references were given for an example.
        """
        if self.shared is not None:
            sets = self.shared.to(inputs).expand(len(inputs), *self.shared.shape)
        else:
            sets = torch.stack([self._of(example) for example in inputs]).to(inputs)
        if sets.shape[2:] != inputs.shape[1:]:
            raise ShapeError(
                f"the references given are for features {tuple(sets.shape[2:])}, and these inputs have features"
                f" {tuple(inputs.shape[1:])}"
            )
        return sets

    def _of(self, example: Tensor) -> Tensor:
        """The references of one example."""
        key = _fingerprint(example)
        if key not in self.of_example:
            raise InputError(
                "no references were given for one of the examples: they are found by the example's values, and this"
                " one is new (an edited copy, say); give references shared by all examples, (draws, *features)"
            )
        return self.of_example[key]


def given(inputs: Inputs, references: Tensor) -> Given:
    """References given as numbers, as a rule: whoever asks about an example of `inputs` gets its own.

    `references` are `(draws, *features)` or `(1, draws, *features)` for all examples together, or `(batch, draws,
    *features)`, a set for each example of `inputs`. The sets of examples are found again by the values of the
    example, so that no batch and no order can mix them up.

    Raises:
        ShapeError: the shape is none of these, or could be read in two ways.
        InputError: references are not finite, or one example came twice with different references.
    """
    references = references.detach().to("cpu", inputs.dtype, copy=True)
    features, shape, count = inputs.shape[1:], references.shape, len(inputs)
    per_example = references.ndim == inputs.ndim + 1
    fits = shape[1:] == features or (per_example and shape[2:] == features and shape[0] in (1, count))
    if not fits or 0 in shape:
        ends = ", ".join(map(str, features))
        raise ShapeError(
            f"references must have shape (draws, {ends}) for all examples together, or ({count}, draws, {ends}), a set"
            f" for each, not {tuple(shape)}"
        )
    if not per_example and shape == inputs.shape and count > 1:
        raise ShapeError(
            f"references of the inputs' own shape {tuple(shape)} can mean {count} shared by all examples or one for"
            " each; write references[None] for the former, references[:, None] for the latter"
        )
    if not bool(torch.isfinite(references).all()):
        raise InputError("references hold NaN or infinite values; they must be finite numbers")
    name = f"{tuple(shape)} {_fingerprint(references).hex()[:16]}"
    if not per_example or len(references) == 1:
        return Given(references[0] if per_example else references, {}, name)
    return Given(None, _by_example(inputs, references), name)


def _by_example(inputs: Inputs, references: References) -> dict[bytes, Tensor]:
    """The set of each example under the fingerprint of its values."""
    sets: dict[bytes, Tensor] = {}
    first: dict[bytes, int] = {}
    for number, (example, own) in enumerate(zip(inputs, references, strict=True)):
        key = _fingerprint(example)
        if not torch.equal(sets.setdefault(key, own), own):
            raise InputError(
                f"examples {first[key]} and {number} are identical but come with different references; give"
                " identical examples the same references"
            )
        first.setdefault(key, number)
    return sets


def _fingerprint(values: Tensor) -> bytes:
    """A hash of the numbers, whatever their floating type and device; -0 counts as 0."""
    plain = values.detach().to("cpu", torch.float64).contiguous() + 0.0
    return hashlib.sha256(plain.numpy().tobytes()).digest()
