"""Targets for design: callables on the outputs, as those of `attribution.targets`, of which more is better."""

from dataclasses import dataclass

from seqinterp.attribution.protocol import Target
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError
from seqinterp.shapes import Scores


@dataclass(frozen=True)
class minimize:
    """Less of a target, an index or a callable on the outputs, is better."""

    target: int | Target = 0

    def __call__(self, outputs: object) -> Scores:
        """The target with the other sign."""
        return -as_target(self.target)(outputs)


@dataclass(frozen=True)
class reach:
    """A target, an index or a callable on the outputs, should be `value`: minus its distance from it."""

    target: int | Target
    value: float

    def __call__(self, outputs: object) -> Scores:
        """0 at the value, less elsewhere."""
        return -(as_target(self.target)(outputs) - self.value).abs()


@dataclass(frozen=True)
class weighted:
    """Several targets as one: the sum of each times its weight."""

    targets: tuple[int | Target, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.targets or len(self.targets) != len(self.weights):
            raise InputError(
                f"weighted needs as many weights as targets and at least one, not {len(self.targets)} targets and"
                f" {len(self.weights)} weights"
            )

    def __call__(self, outputs: object) -> Scores:
        """The weighted sum."""
        parts = [w * as_target(t)(outputs) for t, w in zip(self.targets, self.weights, strict=True)]
        return sum(parts[1:], parts[0])
