"""Adversarial inputs: the smallest change that a model falls for, within a ball about each input.

FGSM is one step of the sign of the gradient (Goodfellow, Shlens & Szegedy 2015, arXiv:1412.6572); PGD many, from a
random place in the ball, each put back into it (Madry et al. 2018, arXiv:1706.06083).
"""

from dataclasses import dataclass
from math import isfinite
from numbers import Integral

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqinterp.attribution.chance import generator
from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.attribution.rows import by_rows
from seqinterp.design.gradients.activation import check_bounds
from seqinterp.design.gradients.confidence import Readout
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Indices, Inputs, Scores

METHODS = ("pgd", "fgsm")
NORMS = ("inf", "2")
Bounds = tuple[float, float] | None


@dataclass(frozen=True)
class Ball:
    """What may be changed: inputs no farther than `epsilon` from their own in this norm, within the bounds.

    Raises:
        InputError: epsilon is not above 0, or the norm or the bounds are none.
    """

    epsilon: float
    norm: str = "inf"
    bounds: Bounds = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not (isfinite(self.epsilon) and self.epsilon > 0):
            raise InputError(f"epsilon is how far an input may be moved and must be above 0, not {self.epsilon}")
        if self.norm not in NORMS:
            raise InputError(f"norm must be one of {', '.join(NORMS)}, not {self.norm!r}")
        check_bounds(self.bounds)

    def direction(self, slopes: Tensor) -> Tensor:
        """The change of size 1 that raises the loss most, to first order; none where the gradient is zero."""
        if self.norm == "inf":
            return slopes.sign()
        return slopes / _wide(_lengths(slopes).clamp_min(torch.finfo(slopes.dtype).tiny), slopes)

    def inside(self, inputs: Inputs, centre: Inputs) -> Inputs:
        """The nearest inputs in the ball, clipped to the bounds: clipping brings nothing farther from the centre."""
        change = inputs - centre
        if self.norm == "inf":
            change = change.clamp(-self.epsilon, self.epsilon)
        else:
            most = self.epsilon / _lengths(change).clamp_min(self.epsilon)  # 1 where it is inside
            change = change * _wide(most, change)
        moved = centre + change
        return moved if self.bounds is None else moved.clamp(*self.bounds)

    def random(self, centre: Inputs, seed: int, numbers: Tensor) -> Inputs:
        """A uniform random place in the ball, clipped to the bounds; a rule of `(seed, number)` of each example."""
        drawn = [self._draw(one, seed, int(number)) for one, number in zip(centre, numbers, strict=True)]
        return self.inside(centre + torch.stack(drawn).to(centre), centre)

    def _draw(self, example: Tensor, seed: int, number: int) -> Tensor:
        numbers = generator(seed, torch.tensor(number), "place in the ball")
        if self.norm == "inf":
            return self.epsilon * (2 * torch.rand(example.shape, generator=numbers) - 1)
        ray = torch.randn(example.shape, generator=numbers)
        radius = torch.rand((), generator=numbers) ** (1 / example.numel())  # uniform in volume
        drawn: Tensor = self.epsilon * radius * ray / ray.norm()
        return drawn

    def distance(self, inputs: Inputs, centre: Inputs) -> Scores:
        """How far inputs are from the centre, `(batch,)`."""
        change = (inputs - centre).flatten(1)
        return change.abs().amax(dim=1) if self.norm == "inf" else change.norm(dim=1)


@dataclass(frozen=True)
class Aim:
    """What the attack is after: away from the label, or (targeted) to it."""

    readout: Readout
    targeted: bool = False

    def gain(self, outputs: Tensor, labels: Indices) -> Scores:
        """What is raised, `(batch,)`: minus the log-odds of the label, or the log-odds where it is the target."""
        odds = self.readout.log_odds(outputs, labels)
        return odds if self.targeted else -odds

    def reached(self, outputs: Tensor, labels: Indices) -> Tensor:
        """Whether the prediction is what the attack is after, `(batch,)`."""
        said = self.readout.predicted(outputs) == labels
        return said if self.targeted else ~said


def cross_entropy(readout: Readout, outputs: Tensor, labels: Indices) -> Scores:
    """-log p(label) of each example, `(batch,)`."""
    return F.softplus(-readout.log_odds(outputs, labels))


def fgsm(
    model: nn.Module, inputs: Inputs, labels: Indices, /, *, ball: Ball, aim: Aim, numbers: Tensor | None = None
) -> Inputs:
    """One step of size epsilon along the direction of steepest ascent of the loss.

    numbers: of the examples, for the error; None counts them.

    Raises:
        ModelError: a gradient is not finite.
    """
    slopes = _slopes(model, inputs, labels, aim, numbers)
    return ball.inside(inputs + ball.epsilon * ball.direction(slopes), inputs)


def pgd(
    model: nn.Module,
    inputs: Inputs,
    labels: Indices,
    /,
    *,
    ball: Ball,
    aim: Aim,
    steps: int = 40,
    step_size: float | None = None,
    seed: int = 0,
    numbers: Tensor | None = None,
) -> Inputs:
    """`steps` steps from a random place in the ball; of all places met, the one of largest loss that reaches the aim.

    Where none reaches it, the one of largest loss. The place that `fgsm` gives is among them, so that many steps are
    never worse than one. The random place of an example follows from the seed and its number, which is its place in the
    batch unless `numbers` says otherwise.

    Args:
        model: what is attacked, in evaluation mode.
        inputs: `(batch, *features)`, within the bounds. labels: what the aim is held against, `(batch,)`.
        ball: what may be changed. aim: away from the labels, or to them.
        steps: of size `step_size`, which is 2.5 epsilon / steps unless given.
        seed: random places follow from it. numbers: of the examples.

    Raises:
        InputError: steps or step_size is out of range.
        ModelError: a gradient is not finite.
    """
    check_steps(steps, step_size)
    size = 2.5 * ball.epsilon / steps if step_size is None else step_size
    here = ball.random(inputs, seed, torch.arange(len(inputs)) if numbers is None else numbers)
    best = fgsm(model, inputs, labels, ball=ball, aim=aim, numbers=numbers)
    done, most = _standing(model, best, labels, aim)
    for step in range(steps + 1):
        if step:
            here = ball.inside(here + size * ball.direction(_slopes(model, here, labels, aim, numbers)), inputs)
        reached, gain = _standing(model, here, labels, aim)
        better = (reached & ~done) | ((reached == done) & (gain > most))
        best[better] = here[better]
        done, most = done | reached, torch.where(better, gain, most)
    return best


def check_steps(steps: int, step_size: float | None) -> None:
    """Raise InputError unless there are steps, of a size above 0 or of the usual one."""
    usual = step_size is None or (isfinite(step_size) and step_size > 0)
    if not isinstance(steps, Integral) or steps < 1 or not usual:
        raise InputError(
            f"steps must be 1 or more, a whole number, and step_size above 0, not steps={steps} and"
            f" step_size={step_size}"
        )


def outputs_of(model: nn.Module, inputs: Inputs) -> Tensor:
    """What the model gives, without a graph, a few examples at a time."""

    def some(rows: Inputs) -> Tensor:
        with torch.no_grad():
            outputs: Tensor = model(rows.clone())
        return outputs

    return by_rows(some, inputs)


def _standing(model: nn.Module, inputs: Inputs, labels: Indices, aim: Aim) -> tuple[Tensor, Scores]:
    """Whether the aim is reached, and what is raised."""
    outputs = outputs_of(model, inputs)
    return aim.reached(outputs, labels), aim.gain(outputs, labels)


def _slopes(model: nn.Module, inputs: Inputs, labels: Indices, aim: Aim, numbers: Tensor | None) -> Tensor:
    """The gradient of what is raised; along it that of the loss, see `Readout.log_odds`."""

    def some(rows: Inputs, wanted: Indices) -> Tensor:
        with differentiable(rows) as leaf:
            total = aim.gain(model(leaf.clone()), wanted).sum()
            require_slope(total)
            (slope,) = torch.autograd.grad(total, leaf)
        return slope

    slopes = by_rows(some, inputs, labels)
    finite = torch.isfinite(slopes).flatten(1).all(dim=1)
    if not bool(finite.all()):
        wrong = int(finite.int().argmin())
        raise ModelError(
            f"the gradient of example {wrong if numbers is None else int(numbers[wrong])} is NaN or infinite"
        )
    return slopes


def _lengths(values: Tensor) -> Scores:
    """The Euclidean length of each example; squares of large numbers do not overflow."""
    flat = values.flatten(1)
    largest = flat.abs().amax(dim=1).clamp_min(torch.finfo(values.dtype).tiny)
    lengths: Scores = largest * (flat / largest[:, None]).norm(dim=1)
    return lengths


def _wide(numbers: Scores, like: Tensor) -> Tensor:
    """One number per example, for arithmetic with examples."""
    return numbers.reshape(-1, *[1] * (like.ndim - 1))
