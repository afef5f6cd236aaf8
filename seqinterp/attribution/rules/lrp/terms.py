"""The rules of LRP for weighted layers, each as data (Montavon et al. 2019, doi:10.1007/978-3-030-28954-6_10).

A part shares relevance R of the outputs out in proportion to its terms: with z the sum of op(x', w', b') over these, an
input receives x' w' R / z. Terms differ in what stands for the inputs x', the weights w' and the bias b'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from seqinterp.errors import InputError

Change = Callable[[Tensor], Tensor]
STABILISER = 1e-6


@dataclass(frozen=True)
class Term:
    """One operation op(x', w', b'), counted with a sign; without a change the bias is left out."""

    inputs: Change
    weight: Change
    bias: Change | None = None
    sign: float = 1.0


@dataclass(frozen=True)
class Part:
    """Terms that share a fraction of the relevance among themselves.

    where: which outputs it speaks for; None is all of them.
    """

    terms: tuple[Term, ...]
    fraction: float = 1.0
    where: Callable[[Tensor], Tensor] | None = None


@runtime_checkable
class Rule(Protocol):
    """What a weighted layer does with relevance.

    epsilon: added to every denominator, away from zero, in score units.
    """

    @property
    def epsilon(self) -> float: ...

    def parts(self) -> tuple[Part, ...]:
        """The parts whose shares add up to what the inputs receive."""
        ...


def _same(values: Tensor) -> Tensor:
    return values


def _positive(values: Tensor) -> Tensor:
    return values.clamp(min=0)


def _negative(values: Tensor) -> Tensor:
    return values.clamp(max=0)


def _filled(value: float) -> Change:
    """All numbers the same."""
    return lambda values: torch.full_like(values, value)


def _signed(weight_up: Change, weight_down: Change) -> tuple[Term, Term]:
    """Positive inputs with one weight and the bias, negative inputs with the other."""
    return Term(_positive, weight_up, weight_up), Term(_negative, weight_down)


def _require(epsilon: float) -> None:
    if not epsilon >= 0:
        raise InputError(f"epsilon of an LRP rule must be 0 or more, not {epsilon}")


@dataclass(frozen=True)
class Epsilon:
    """LRP-epsilon (Bach et al. 2015, equation 58): z w x over the output, which is kept away from zero by epsilon.

    Epsilon(0.0) is LRP-0, the gradient.
    """

    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)

    def parts(self) -> tuple[Part, ...]:
        """One term, as it is."""
        return (Part((Term(_same, _same, _same),)),)


@dataclass(frozen=True)
class Gamma:
    """LRP-gamma (Montavon et al. 2019): what agrees with the sign of the output counts (1 + gamma) times."""

    gamma: float = 0.25
    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)
        if not self.gamma >= 0:
            raise InputError(f"gamma of LRP-gamma must be 0 or more, not {self.gamma}")

    def _raised(self, side: Change) -> Change:
        return lambda weight: weight + self.gamma * side(weight)

    def parts(self) -> tuple[Part, ...]:
        """Positive outputs favour positive contributions, negative outputs negative ones."""
        up, down = self._raised(_positive), self._raised(_negative)
        return (
            Part(_signed(up, down), where=lambda output: output >= 0),
            Part(_signed(down, up), where=lambda output: output < 0),
        )


@dataclass(frozen=True)
class AlphaBeta:
    """LRP-alpha-beta (Bach et al. 2015, equation 60): alpha times the positive share less beta times the negative."""

    alpha: float = 2.0
    beta: float = 1.0
    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)
        if self.beta < 0 or abs(self.alpha - self.beta - 1) > 1e-9:
            raise InputError(
                "the alpha-beta rule needs beta of 0 or more and alpha = beta + 1, so that relevance is kept; alpha is"
                f" {self.alpha} and beta {self.beta}"
            )

    def parts(self) -> tuple[Part, ...]:
        """Positive contributions, then negative ones."""
        excites = Part(_signed(_positive, _negative), self.alpha)
        return (excites, Part(_signed(_negative, _positive), -self.beta)) if self.beta else (excites,)


@dataclass(frozen=True)
class ZPlus:
    """LRP-z+ (Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008): the positive contributions alone."""

    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)

    def parts(self) -> tuple[Part, ...]:
        """Alpha 1 and beta 0."""
        return AlphaBeta(1.0, 0.0).parts()


@dataclass(frozen=True)
class ZBox:
    """LRP-zB (Montavon et al. 2017): for inputs that lie between two bounds."""

    low: float = 0.0
    high: float = 1.0
    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)
        if not self.low < self.high:
            raise InputError(f"the box of LRP-zB needs low < high; low is {self.low} and high {self.high}")

    def parts(self) -> tuple[Part, ...]:
        """The inputs, less the corner of the box that speaks least for the output."""
        low, high = _filled(self.low), _filled(self.high)
        return (Part((Term(_same, _same), Term(low, _positive, sign=-1.0), Term(high, _negative, sign=-1.0))),)


@dataclass(frozen=True)
class WSquare:
    """LRP-w^2 (Montavon et al. 2017): in proportion to squared weights, whatever the inputs are."""

    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)

    def parts(self) -> tuple[Part, ...]:
        """Ones with squared weights."""
        return (Part((Term(_filled(1.0), torch.square),)),)


@dataclass(frozen=True)
class Flat:
    """LRP-flat (Lapuschkin et al. 2019): to all connected inputs alike."""

    epsilon: float = STABILISER

    def __post_init__(self) -> None:
        _require(self.epsilon)

    def parts(self) -> tuple[Part, ...]:
        """Ones with weights of one."""
        return (Part((Term(_filled(1.0), _filled(1.0)),)),)


@dataclass(frozen=True)
class Pass:
    """Relevance passes a layer whose inputs and outputs have one shape, number by number."""

    epsilon: float = 0.0

    def parts(self) -> tuple[Part, ...]:
        """Nothing is shared out."""
        return ()


def fills(rule: Rule) -> bool:
    """Whether a rule gives relevance to inputs that are zero."""
    return isinstance(rule, ZBox | WSquare | Flat | Pass)
