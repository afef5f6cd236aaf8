"""What every explanation shares: the score explained, the explainer, the baseline it is measured against."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from torch import nn

from seqinterp.shapes import Attributions, Inputs, References, Scores

# Most models give one tensor; one that gives a tuple or a dict needs a target that picks from it.
Target = Callable[[Any], Scores]


class Score(nn.Module):
    """A model reduced to one number per example: the number being explained.

    Laws: `score(inputs)` has shape `(batch,)`, and the score of an example does not depend on its batch.
    """

    def __init__(self, model: nn.Module, target: Target) -> None:
        super().__init__()
        self.model, self.target = model, target

    def forward(self, inputs: Inputs) -> Scores:
        """Score each example of `inputs`, `(batch, *features)` -> `(batch,)`.

        The model gets a copy: one that writes into its input must not reach those of others.
        """
        return self.target(self.model(inputs.clone()))


@runtime_checkable
class Explainer(Protocol):
    """Gives one number to every feature of `inputs`; options are keyword-only and bound with `partial`.

    Laws: the result has the shape of `inputs`; it does not depend on the batch an example is in.
    """

    def __call__(self, score: Score, inputs: Inputs, /) -> Attributions: ...


@runtime_checkable
class Baseline(Protocol):
    """References for each example, `(batch, draws, *features)`.

    Law: a rule of the example alone, so that batch size, order and device cannot change a result.
    """

    def __call__(self, inputs: Inputs, /) -> References: ...
