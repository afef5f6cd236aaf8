"""The parts of predictive uncertainty (Depeweg et al. 2018, arXiv:1710.07283).

What members (networks, or one network under several dropout masks) agree on is noise of the data, aleatoric; what they
disagree on is what the model does not know, epistemic.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import ClassMembers, Members

ROUNDING = 1e-9  # how far total may be from the sum of its parts, relative to the total


@dataclass(frozen=True)
class Parts:
    """A prediction and what is not known about it, in double precision on the CPU.

    mean: the members' mean, `(batch, *outputs)`; for classification the mean probabilities, `(batch, classes)`.
    total, aleatoric, epistemic: variances shaped as `mean`, in squared units of the output; for classification
        entropies and the mutual information, `(batch,)`, in nats. The first is the sum of the other two.
    members: what each member said, `(members, batch, *outputs)`.
    kind: "variance" for regression, "entropy" for classification.

    Raises:
        ShapeError: the arrays do not fit one another.
        InputError: a part is negative or not finite, or the parts do not add up.
    """

    mean: Tensor
    total: Tensor
    aleatoric: Tensor
    epistemic: Tensor
    members: Tensor
    kind: Literal["variance", "entropy"]

    def __post_init__(self) -> None:
        shape = self.mean.shape if self.kind == "variance" else self.mean.shape[:1]
        parts = {"total": self.total, "aleatoric": self.aleatoric, "epistemic": self.epistemic}
        if self.members.shape[1:] != self.mean.shape or any(part.shape != shape for part in parts.values()):
            raise ShapeError(
                f"the mean has shape {tuple(self.mean.shape)} and the members {tuple(self.members.shape)}, but the"
                f" parts have the shapes {[tuple(part.shape) for part in parts.values()]}"
            )
        for name, part in parts.items():
            if not bool(torch.isfinite(part).all()) or bool((part < 0).any()):
                raise InputError(f"the {name} part must be finite and not negative, but its least is {part.min():g}")
        off = (self.total - self.aleatoric - self.epistemic).abs()
        if bool((off > ROUNDING * (self.total + 1e-3)).any()):
            raise InputError(f"the aleatoric and epistemic parts miss the total by up to {off.max():g}")

    @property
    def deviation(self) -> Tensor:
        """Standard deviation of the prediction, sqrt(total); of variances only.

        Raises:
            InputError: the parts are entropies.
        """
        if self.kind != "variance":
            raise InputError("entropies have no standard deviation; use member_variance for that of the probabilities")
        return self.total.sqrt()

    @property
    def member_variance(self) -> Tensor:
        """The variance of the members about their mean, shaped as `mean`: of probabilities, for classification."""
        return _spread(self.members)


def regression_parts(means: Members, variances: Tensor | None = None) -> Parts:
    """The law of total variance: Var y = E[Var(y | member)] + Var(E[y | member]).

    means: what each member predicts, `(members, batch, *outputs)`.
    variances: what variance each member predicts, of the same shape; None for members that predict none, and the
        aleatoric part is then 0: not known, and not said to be small.

    Members are equally likely, so the second term is divided by their number. It is the mean of squares about the mean,
    two passes, which is never negative.

    Raises:
        ShapeError: fewer than two members, or variances of another shape.
        ModelError: a number is not finite, or a variance negative.
    """
    given = [means] if variances is None else [means, variances]
    _check_members(*given)
    if variances is not None and bool((variances < 0).any()):
        raise ModelError(f"variances must not be negative, but a member predicts {float(variances.min()):g}")
    double = _double(means)
    epistemic = _spread(double)
    aleatoric = torch.zeros_like(epistemic) if variances is None else _double(variances).mean(dim=0)
    return Parts(double.mean(dim=0), aleatoric + epistemic, aleatoric, epistemic, double, "variance")


def classification_parts(logits: ClassMembers) -> Parts:
    """Entropy of the mean probabilities = mean entropy of the members + mutual information (nats).

    logits: `(members, batch, classes)`, of classes that exclude one another: softmax makes them probabilities. What is
    known only as probabilities is given as its logarithm. The mutual information is the mean Kullback-Leibler
    divergence of the members from their mean, which is never negative.

    Raises:
        ShapeError: fewer than two members or classes.
        ModelError: a logit is NaN or +infinite, or a member gives no class a finite one.
    """
    if logits.ndim == 3 and logits.shape[2] < 2:
        raise ShapeError(f"classes must be at least 2, not {logits.shape[2]}; use binary_parts for one logit")
    if bool((logits.isnan() | (logits == torch.inf)).any()) or bool((logits == -torch.inf).all(dim=2).any()):
        raise ModelError("the members' logits must be numbers, but some are NaN or infinite")
    _check_members(logits, finite=False)
    logarithm = torch.log_softmax(_double(logits), dim=2)
    members = logarithm.exp()
    mean = members.mean(dim=0)
    aleatoric = torch.special.entr(members).sum(dim=2).mean(dim=0)
    epistemic = _divergence(members, logarithm, mean)
    return Parts(mean, torch.special.entr(mean).sum(dim=1), aleatoric, epistemic, members, "entropy")


def binary_parts(logits: Members) -> Parts:
    """`classification_parts` of one logit per example, `(members, batch)` or `(members, batch, 1)`.

    The classes are "no", column 0, and "yes", column 1.

    Raises:
        ShapeError: fewer than two members, or several logits per example.
        ModelError: a logit is not a number.
    """
    table = logits.unsqueeze(2) if logits.ndim == 2 else logits
    if table.ndim != 3 or table.shape[2] != 1:
        raise ShapeError(
            f"binary_parts takes one logit per example, (members, batch), but the shape is {tuple(logits.shape)};"
            " use classification_parts for several classes, or choose one output"
        )
    return classification_parts(torch.cat([torch.zeros_like(table), table], dim=2))


def _divergence(members: Tensor, logarithm: Tensor, mean: Tensor) -> Tensor:
    """The mean over members of sum_c p_mc log(p_mc / mean_c), 0 where p_mc is 0."""
    ratio = torch.where(members > 0, logarithm - mean.log(), 0.0)
    return (members * ratio).sum(dim=2).mean(dim=0).clamp_min(0.0)


def _spread(members: Tensor) -> Tensor:
    """The mean square about the mean along axis 0."""
    return (members - members.mean(dim=0)).square().mean(dim=0)


def _double(values: Tensor) -> Tensor:
    """A copy in double precision on the CPU, without a graph."""
    return values.detach().to("cpu", torch.float64)


def _check_members(*given: Tensor, finite: bool = True) -> None:
    """Refuse what no spread can be read off."""
    first = given[0]
    if first.ndim < 2 or first.shape[0] < 2 or first.shape[1] < 1:
        raise ShapeError(
            "predictions must have the shape (members, batch, *outputs) with at least 2 members and 1 example, but"
            f" theirs is {tuple(first.shape)}"
        )
    if any(other.shape != first.shape for other in given):
        raise ShapeError(f"means and variances must be of one shape, but have {[tuple(each.shape) for each in given]}")
    if finite and not all(bool(torch.isfinite(each).all()) for each in given):
        raise ModelError("the members' predictions hold NaN or infinite numbers, so they have no spread")
