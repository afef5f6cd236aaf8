"""Guided backpropagation (Springenberg et al. 2015, arXiv:1412.6806).

Hook-free: the rule acts on the model's own operations, so F.relu, an in-place relu and nn.ReLU are one thing.
"""

from functools import partial

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.rectified import guided, rectified_slopes
from seqinterp.shapes import Attributions, Inputs


def guided_backprop(score: Score, inputs: Inputs, /) -> Attributions:
    """Gradient of the score that passes a rectifier only where the gradient and the rectifier's input are positive.

    Rectifiers (attribution/rules/rectified.py lists them) pass back g+ f'(x), every other operation its derivative. A
    picture of what excites the score, not an account of it: the numbers do not add up to the score, and they depend
    on the model's weights less than a gradient does (Adebayo et al. 2018, arXiv:1810.03292). Without rectifiers it
    is the gradient.

    Raises:
        ModelError: the score cannot be differentiated, or the model is TorchScript.
    """
    return by_rows(partial(rectified_slopes, score, rule=guided), inputs)
