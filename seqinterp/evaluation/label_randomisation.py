"""Does an explanation depend on what the labels say? A model trained on permuted labels (Adebayo et al. 2018,
arXiv:1810.03292).

The experiment is easily done wrong: explain the trained model once more, and "explanations look the same under random
labels". So the result proves itself: the weights explained are others than before, and on true labels the new model is
right no more and no less often than predictions that know nothing of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from seqinterp.attribution.evidence import model_hash, output_kind
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.evaluation.similarity import magnitudes, spearman, ssim, top_k_overlap
from seqinterp.shapes import Attributions, Inputs, Scores

LEVEL = 0.01  # an accuracy this unlikely by chance is not at base rate

Train = Callable[[Inputs, Tensor], nn.Module]  # inputs and class numbers -> a new model


@dataclass(frozen=True)
class LabelRandomisation:
    """A model trained on permuted labels, and how alike its explanations are to those of the model.

    model, fingerprint, model_fingerprint: the new model, its fingerprint, and that of the user's model.
    accuracy, model_accuracy: share of the true labels that the new model, and the user's, predict.
    base_rate: the accuracy of predictions of these frequencies that know nothing of the true labels.
    p_value: of an accuracy at least as unlikely under the base rate (binomial, two-sided).
    spearman, ssim, top_k: similarity of the magnitudes, `(batch,)`; 1 is the same explanation.
    """

    model: nn.Module
    fingerprint: str
    model_fingerprint: str
    accuracy: float
    model_accuracy: float
    base_rate: float
    p_value: float
    spearman: Scores
    ssim: Scores
    top_k: Scores

    @property
    def proven(self) -> bool:
        """Whether the new model knows nothing of the true labels: its accuracy is at base rate within binomial error.

        That it is another model is a condition of there being a result at all.
        """
        return self.p_value >= LEVEL


def label_randomisation(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    explainer: Explainer,
    train: Train,
    labels: Tensor,
    training: tuple[Tensor, Tensor] | None = None,
    top: int = 10,
    seed: int = 0,
) -> LabelRandomisation:
    """Train on permuted labels, check that it worked, and compare |attributions| of `inputs` under both models.

    `train(inputs, labels)` makes a new model, from the start, with outputs as the user's model has them; torch's global
    random state is set from `seed` for it and put back afterwards. `labels` are the true class numbers of `inputs`;
    `training` are the inputs and labels to train on, by default the same. See `permuted` for the permutation.

    Raises:
        ShapeError: labels are not `(batch,)`.
        InputError: labels are not whole numbers, or all alike.
        ModelError: the model that `train` gave has the weights of the user's model, or the user's model was changed.
    """
    learned_from, learned = training if training is not None else (inputs, labels)
    _check_labels(inputs, labels)
    _check_labels(learned_from, learned)
    before = model_hash(score.model)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())), torch.enable_grad():
        torch.manual_seed(seed)
        model = train(learned_from, permuted(learned, seed=seed)).eval()
    fingerprint = model_hash(model)
    _check_models(before, model_hash(score.model), fingerprint)
    predicted = predicted_classes(model, inputs)
    right, base_rate = _right(predicted, labels), _base_rate(predicted, labels)
    own, now = magnitudes(attributions), magnitudes(explainer(Score(model, score.target), inputs).detach())
    return LabelRandomisation(
        model=model,
        fingerprint=fingerprint,
        model_fingerprint=before,
        accuracy=right / len(labels),
        model_accuracy=_right(predicted_classes(score.model, inputs), labels) / len(labels),
        base_rate=base_rate,
        p_value=float(binomtest(right, len(labels), base_rate).pvalue),
        spearman=spearman(own, now),
        ssim=ssim(own, now),
        top_k=top_k_overlap(own, now, top=top),
    )


def permuted(labels: Tensor, /, *, seed: int = 0) -> Tensor:
    """The same labels in a random order in which each true class gets all labels in the proportions of the whole.

    An ordinary permutation of few labels keeps some of their order by chance, or turns it round, and where features
    are strong a model finds that: its accuracy is off the base rate though nothing went wrong. In a balanced one the
    old and the new labels are uncorrelated, up to rounding.
    """
    chance = torch.Generator().manual_seed(seed)
    true = labels.detach().cpu()
    order = torch.randperm(len(true), generator=chance)
    # each example stands in the whole where it stands in its class, so that every stretch holds all classes evenly
    standing = torch.empty(len(true), dtype=torch.float64)
    for kind in true.unique():
        members = order[true[order] == kind]
        offset = torch.rand((), generator=chance, dtype=torch.float64)
        standing[members] = (torch.arange(len(members), dtype=torch.float64) + offset) / len(members)
    made = torch.empty_like(true)
    made[standing.argsort()] = true.sort().values
    return made.to(labels.device)


def predicted_classes(model: nn.Module, inputs: Inputs, /) -> Tensor:
    """The class a model predicts for each example: the largest of several outputs, or 1 where a single one says yes.

    A single output says yes above 0, or above 1/2 where it is a probability.
    """

    def outputs_of(rows: Tensor) -> Tensor:
        found = model(rows.clone())
        if not isinstance(found, Tensor):
            raise ModelError(f"the model returns a {type(found).__name__}, not one tensor, so it predicts no class")
        return found.reshape(len(rows), -1)

    with torch.no_grad():
        outputs = by_rows(outputs_of, inputs)
    if outputs.shape[1] > 1:
        return outputs.argmax(dim=1)
    kind = output_kind(model, inputs)
    return (outputs[:, 0] > (0.5 if kind == "probability" else 0.0)).long()


def _right(predicted: Tensor, labels: Tensor) -> int:
    """How many predictions are the label."""
    return int((predicted.cpu() == labels.cpu()).sum())


def _base_rate(predicted: Tensor, labels: Tensor) -> float:
    """Sum over the classes of share predicted times share true: the accuracy of predictions unrelated to the labels."""
    said, true = predicted.cpu(), labels.cpu()
    return min(
        1.0, sum(float((said == kind).double().mean() * (true == kind).double().mean()) for kind in true.unique())
    )


def _check_labels(inputs: Tensor, labels: Tensor) -> None:
    """Refuse labels that are not one class number per example, of at least two classes."""
    if labels.shape != inputs.shape[:1]:
        raise ShapeError(f"labels must be one class number per example, ({len(inputs)},), not {tuple(labels.shape)}")
    if labels.is_floating_point() or labels.is_complex():
        raise InputError(f"labels must be whole class numbers, not {labels.dtype}; write labels.long()")
    if len(labels.unique()) < 2:
        raise InputError("labels are all of one class, so permuting them changes nothing; give examples of two or more")


def _check_models(before: str, after: str, new: str) -> None:
    """Refuse a result about the wrong model."""
    if after != before:
        raise ModelError("train changed the weights of the model that is explained; make a new model in it")
    if new == before:
        raise ModelError(
            "train gave a model with the weights of the one that is explained, so nothing was learned from the permuted"
            " labels; start from fresh weights and let every layer train"
        )
