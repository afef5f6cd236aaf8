"""Activation maximisation: the input that a unit answers to most (Erhan et al. 2009; Simonyan et al. 2014).

What is climbed is activation - sum of weight times regulariser, by Adam (Kingma & Ba 2015, arXiv:1412.6980). Columns of
bases are the softmax of free numbers, so that they stay shares of A, C, G, T.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite

import torch
from torch import Tensor, nn

from seqinterp.attribution.chance import generator
from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.attribution.rows import by_rows
from seqinterp.design.gradients.regularisers import background_kl, l2, total_variation
from seqinterp.design.gradients.unit import Unit
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Inputs, Outputs, Scores, Sequences

LOGIT_STEP = 0.1  # of Adam, in natural logarithms of the odds of bases
FEATURE_STEP = 0.02  # of Adam, as a share of the range of the features, or of 1
SOFTNESS = 0.1  # how much of each base of a start is shared out: a logarithm needs some of all four

# (parameters, shifts) -> activation and what is subtracted from it, (batch,) each
Objective = Callable[[Tensor, Tensor], tuple[Scores, Scores]]


@dataclass(frozen=True)
class Ascent:
    """How the input is climbed to.

    steps: updates, in each octave. step_size: of an update; None takes a default of the method.
    total_variation, l2, background_kl: weights of the regularisers (`design.regularisers`).
    background: shares of A, C, G, T that `background_kl` pulls to.
    jitter: before each step the input is rolled by up to so many places along each axis of places.
    octaves, octave_scale: sizes of a picture, each so much larger than the one before; more than one is DeepDream.
    bounds: lowest and highest value of a feature; None sets none.

    Raises:
        InputError: one of them is out of range.
    """

    steps: int = 200
    step_size: float | None = None
    total_variation: float = 0.0
    l2: float = 0.0
    background_kl: float = 0.0
    background: tuple[float, float, float, float] = (0.25, 0.25, 0.25, 0.25)
    jitter: int = 0
    octaves: int = 1
    octave_scale: float = 1.4
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, least in (("steps", 0), ("jitter", 0), ("octaves", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise InputError(f"{name} must be a whole number, {least} or more, not {value!r}")
        for name in ("total_variation", "l2", "background_kl"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise InputError(f"{name} is the weight of a penalty and must be 0 or more, not {value}")
        if self.step_size is not None and not (isfinite(self.step_size) and self.step_size > 0):
            raise InputError(f"step_size must be above 0, not {self.step_size}")
        if not self.octave_scale > 1:
            raise InputError(f"octave_scale must be above 1, not {self.octave_scale}")
        check_bounds(self.bounds)

    @property
    def range(self) -> float:
        """How far features go from the lowest to the highest; 1 without bounds."""
        return self.bounds[1] - self.bounds[0] if self.bounds else 1.0

    def penalty(self, inputs: Inputs, *, bases: bool) -> Scores:
        """What is subtracted from the activation, `(batch,)`."""
        total = inputs.new_zeros(len(inputs))
        if self.l2:
            total = total + self.l2 * l2(inputs)
        if self.total_variation:
            total = total + self.total_variation * total_variation(inputs)
        if self.background_kl and bases:
            total = total + self.background_kl * background_kl(inputs, self.background)
        return total


@dataclass(frozen=True, eq=False)
class Climbed:
    """inputs: where the climb ended. trajectory: `(batch, steps + 1)`, the activation before each step and at the end.

    With jitter those before a step are of the rolled inputs.
    """

    inputs: Inputs
    trajectory: Outputs


def check_bounds(bounds: tuple[float, float] | None) -> None:
    """Raise InputError unless bounds are None or two finite numbers, the lower one first."""
    if bounds is not None and not (len(bounds) == 2 and all(map(isfinite, bounds)) and bounds[0] < bounds[1]):
        raise InputError(f"bounds must be the lowest and the highest value of a feature, not {bounds}")


def climb_features(unit: Unit, model: nn.Module, starts: Inputs, /, *, options: Ascent, seed: int) -> Climbed:
    """Climb from `starts`, clipped to the bounds after each step.

    Raises:
        ModelError: a gradient is not finite.
    """

    def objective(rows: Tensor, shifts: Tensor) -> tuple[Scores, Scores]:
        return unit.activation(model, rolled(rows, shifts)), options.penalty(rows, bases=False)

    step_size = options.step_size or FEATURE_STEP * options.range
    found, trajectory = _adam(objective, clipped(starts, options), replace(options, step_size=step_size), seed)
    return Climbed(found, trajectory)


def climb_bases(unit: Unit, model: nn.Module, starts: Sequences, /, *, options: Ascent, seed: int) -> Climbed:
    """Climb from `starts`, columns of shares of A, C, G, T, to columns that sum to 1.

    Raises:
        ModelError: a gradient is not finite.
    """

    def objective(rows: Tensor, shifts: Tensor) -> tuple[Scores, Scores]:
        columns = rows.softmax(dim=1)
        return unit.activation(model, rolled(columns, shifts)), options.penalty(columns, bases=True)

    plain = replace(options, bounds=None, step_size=options.step_size or LOGIT_STEP)
    found, trajectory = _adam(objective, starts.log(), plain, seed)
    return Climbed(found.softmax(dim=1), trajectory)


def softened(starts: Sequences) -> Sequences:
    """Columns with some of each base: `1 - SOFTNESS` of what is there, the rest shared out; N becomes 1/4 of each."""
    present = starts / starts.sum(dim=1, keepdim=True).clamp_min(torch.finfo(starts.dtype).tiny)
    present = torch.where(starts.sum(dim=1, keepdim=True) > 0, present, torch.full_like(starts, 0.25))
    return (1 - SOFTNESS) * present + SOFTNESS / 4


def one_hot_of(columns: Sequences) -> Sequences:
    """The largest base of each column; of equal ones the first."""
    return torch.zeros_like(columns).scatter_(1, columns.argmax(dim=1, keepdim=True), 1.0)


def _adam(objective: Objective, starts: Tensor, options: Ascent, seed: int) -> tuple[Tensor, Outputs]:
    """Adam upwards; every update of an example is a rule of its own gradients."""
    parameters = starts.clone()
    assert options.step_size is not None  # callers have chosen one
    optimizer = torch.optim.Adam([parameters], lr=options.step_size, maximize=True)
    shifts = drawn_shifts(parameters, options, seed)
    values = []
    for step in range(options.steps):
        value, slope = value_and_slope(objective, parameters, shifts[step], step)
        parameters.grad = slope
        optimizer.step()
        parameters.grad = None
        parameters.copy_(clipped(parameters, options))
        values.append(value)
    values.append(value_and_slope(objective, parameters, torch.zeros_like(shifts[-1]), options.steps)[0])
    return parameters, torch.stack(values, dim=1)


def value_and_slope(
    objective: Objective, inputs: Tensor, shifts: Tensor, step: int, *, numbers: Tensor | None = None
) -> tuple[Scores, Tensor]:
    """The activation `(batch,)`, and the gradient of activation less penalty, a few examples at a time.

    numbers: of the examples, for the error; None counts them.

    Raises:
        ModelError: a gradient is NaN or infinite.
    """

    def some(rows: Tensor, moved: Tensor) -> Tensor:
        with differentiable(rows) as leaf:
            activation, penalty = objective(leaf, moved)
            require_slope(activation)
            (slope,) = torch.autograd.grad((activation - penalty).sum(), leaf)
        return torch.cat([activation.detach()[:, None], slope.flatten(1)], dim=1)  # one tensor: rows are joined again

    both = by_rows(some, inputs, shifts)
    finite = torch.isfinite(both).all(dim=1)
    if not bool(finite.all()):
        wrong = int(finite.int().argmin())
        number = wrong if numbers is None else int(numbers[wrong])
        raise ModelError(
            f"the activation or its gradient is NaN or infinite for example {number} at step {step}; take a smaller"
            " step_size, or bounds that the model can take"
        )
    return both[:, 0], both[:, 1:].reshape(inputs.shape)


def clipped(inputs: Inputs, options: Ascent) -> Inputs:
    """Features within the bounds, where there are some."""
    return inputs if options.bounds is None else inputs.clamp(*options.bounds)


def drawn_shifts(inputs: Inputs, options: Ascent, seed: int, *, purpose: str = "jitter") -> Tensor:
    """How far each example is rolled along each axis of places before each step, `(steps + 1, batch, axes)`.

    Those of example `i` are a rule of `(seed, i)`.
    """
    axes = max(inputs.ndim - 2, 0)
    shape, most = (options.steps + 1, axes), options.jitter
    drawn = [
        torch.randint(-most, most + 1, shape, generator=generator(seed, torch.tensor(i), purpose))
        for i in range(len(inputs))
    ]
    return torch.stack(drawn, dim=1)


def rolled(inputs: Inputs, shifts: Tensor) -> Inputs:
    """Every example rolled along its axes of places by its own shifts `(batch, axes)`."""
    if not bool(shifts.any()):
        return inputs
    axes = tuple(range(1, 1 + shifts.shape[1]))
    return torch.stack([torch.roll(one, tuple(by), axes) for one, by in zip(inputs, shifts.tolist(), strict=True)])


def random_features(count: int, shape: tuple[int, ...], seed: int, *, options: Ascent) -> Inputs:
    """Weak normal noise about the middle of the bounds, or about zero; example `i` is a rule of `(seed, i)`."""
    middle = sum(options.bounds) / 2 if options.bounds else 0.0
    drawn = (torch.randn(shape, generator=generator(seed, torch.tensor(i), "start")) for i in range(count))
    return clipped(middle + 0.1 * options.range * torch.stack(list(drawn)), options)


def random_columns(count: int, length: int, seed: int) -> Sequences:
    """Columns near 1/4 of each base: the softmax of weak normal noise; example `i` is a rule of `(seed, i)`."""
    drawn = (torch.randn((4, length), generator=generator(seed, torch.tensor(i), "start")) for i in range(count))
    return (0.1 * torch.stack(list(drawn))).softmax(dim=1)
