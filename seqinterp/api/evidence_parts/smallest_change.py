"""How little every feature of a picture must change for the call to change."""

import torch
from torch import Tensor, nn

from seqinterp.api.attack import attack
from seqinterp.api.evidence_parts.question import Question
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, ModelError
from seqinterp.report.evidence_contents import SmallestChange
from seqinterp.shapes import Inputs

MOST = 0.1  # of the range of all features, the largest change that is tried
HALVINGS = 7  # of that; what is found is within 1/128 of it
STEPS = 40
FLAT = 1e-6  # of the slope by any feature: below it the gradient is rounding


class BesideLine(nn.Module):
    """How far the score is from where the call changes, as one logit `(batch, 1)`."""

    def __init__(self, model: nn.Module, target: int | Target, line: float) -> None:
        super().__init__()
        self.model, self.target, self.line = model, as_target(target), line

    def forward(self, inputs: Inputs) -> Tensor:
        """Above 0 where label 1, or the class, is called."""
        return (self.target(self.model(inputs)) - self.line).unsqueeze(1)


def smallest_change(question: Question, target: int | Target, line: float) -> SmallestChange:
    """The smallest change of all features at once, each by at most so much, that projected gradient descent finds.

    It is an upper bound: a smaller one may exist (Madry et al. 2018, arXiv:1706.06083).

    Raises:
        InputError: there is only one value to be seen, so that the range of values is not known.
        ModelError: the score does not move with the inputs, as a saturated probability.
    """
    aside = BesideLine(question.model, target, line)
    low, high = _range(question)
    score = _said(question, aside, question.inputs)
    if not high > low:
        raise InputError(f"every value is {low:g}, so the range that a change is measured in is not known")
    _require_slope(question, aside)
    label = [int(score > 0)]
    found: list[tuple[float, float]] = []
    below, above = 0.0, MOST

    def flips(share: float) -> bool:
        run = attack(
            aside,
            question.inputs,
            label,
            epsilon=share * (high - low),
            bounds=(low, high),
            seed=question.seed,
            device=question.device,
            steps=STEPS,
            readout="sigmoid",
        )
        if bool(run.success[0]):
            found.append((share, _said(question, aside, run.inputs)))
        return bool(run.success[0])

    if flips(MOST):
        for _ in range(HALVINGS):
            middle = (below + above) / 2
            below, above = (below, middle) if flips(middle) else (middle, above)
    share, after = min(found, default=(None, None))
    return SmallestChange(
        share=share,
        most=MOST,
        low=low,
        high=high,
        before=score + line,
        after=None if after is None else after + line,
        threshold=line,
    )


def _require_slope(question: Question, aside: nn.Module) -> None:
    """ModelError for a score that is flat to rounding: no gradient leads anywhere."""
    with torch.inference_mode(False), torch.enable_grad(), borrowed(aside, question.device):
        leaf = question.inputs.to(question.device, copy=True).requires_grad_()
        (slope,) = torch.autograd.grad(aside(leaf).sum(), leaf, allow_unused=True)
    if slope is None or not bool(slope.abs().max() > FLAT):
        raise ModelError(
            "the score does not move with the picture, as a saturated probability does not, so no small change can be"
            " looked for; give a model of logits"
        )


def _said(question: Question, aside: nn.Module, inputs: Inputs) -> float:
    """How far from the line."""
    with borrowed(aside, question.device), torch.no_grad():
        return float(aside(inputs.to(question.device))[0, 0])


def _range(question: Question) -> tuple[float, float]:
    """The lowest and the highest number of a feature, in the example and all others at hand."""
    at_hand = [question.inputs, *(one.inputs for one in (question.calibration, question.training) if one is not None)]
    return min(float(one.min()) for one in at_hand), max(float(one.max()) for one in at_hand)
