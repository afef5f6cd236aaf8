"""Gradients kept on the simplex of one-hot DNA (Majdandzic et al. 2023, doi:10.1186/s13059-023-02956-3).

The four numbers of a column add up to 1 in every sequence, so no sequence can move along (1, 1, 1, 1). What a gradient
says about that direction was never trained; taking the mean over the bases away removes it and nothing else.
"""

from dataclasses import dataclass
from typing import Any

from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.errors import ShapeError
from seqinterp.shapes import Attributions, Inputs


def on_simplex(values: Attributions, /) -> Attributions:
    """`values` less their mean over the bases at each position, `(batch, 4, position)`: every column adds up to 0.

    Raises:
        ShapeError: there is no axis of four bases.
    """
    if values.ndim != 3 or values.shape[1] != 4:
        raise ShapeError(
            f"the correction needs one number per base, (batch, 4, position), not an array of shape"
            f" {tuple(values.shape)}"
        )
    return values - values.mean(dim=1, keepdim=True)


@dataclass(frozen=True)
class corrected:
    """An explainer put on the simplex; it must say something about all four bases, as `gradient` does.

    What is already multiplied by the inputs has zeros at the bases that are absent, and their mean means nothing.
    """

    explainer: Explainer

    def __call__(self, score: Score, inputs: Inputs, /, **options: Any) -> Attributions:
        """Explain, then take the mean over the bases away."""
        return on_simplex(self.explainer(score, inputs, **options))


corrected_gradient = corrected(gradient)


def corrected_gradient_times_input(score: Score, inputs: Inputs, /) -> Attributions:
    """The corrected gradient at the bases that are there, `(batch, 4, position)`.

    Raises:
        ShapeError: the inputs have no axis of four bases.
    """
    return corrected_gradient(score, inputs) * inputs
