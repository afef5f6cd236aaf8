"""`train`: from labelled sequences to a model, and what it is worth on examples it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from seqinterp.attribution.run import Device
from seqinterp.errors import InputError
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.labels import binary_labels
from seqinterp.models.metrics import Metrics, evaluate_predictions
from seqinterp.models.predict import predict_logits, probabilities
from seqinterp.models.recipes import recipe as recipe_for
from seqinterp.models.settings import TrainSettings
from seqinterp.models.split import grouped_folds, grouped_split
from seqinterp.models.train import Fitted, fit
from seqinterp.sequence.alphabet import COMPLEMENT
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import refuse_leakage, related_groups
from seqinterp.shapes import Groups, Pwm

Indices = np.ndarray


@dataclass(frozen=True)
class Trained:
    """A model and the evidence for it.

    metrics: on examples that the predicting network was not trained on, intervals resampled by group.
    predictions: one row per example: name, locus, label, logit, probability, split, group, fold. With
        cross-validation every example is a test example of the fold that left it out.
    history: the losses pass by pass.
    split_sentence: in words, which examples were held out.
    contradictions: sequences that stand among the positives and, on either strand, among the negatives.
    """

    model: nn.Module
    metrics: Metrics
    predictions: pd.DataFrame
    history: pd.DataFrame
    split_sentence: str
    network: str
    settings: Mapping[str, Any]
    recipe: TrainSettings
    seed: int
    contradictions: int


def train(
    examples: Examples,
    *,
    network: str = "default",
    settings: Mapping[str, Any] | None = None,
    recipe: TrainSettings | None = None,
    start_from: Mapping[str, Pwm] | None = None,
    folds: int | None = None,
    by_chromosome: bool = False,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> Trained:
    """Train a network on labelled sequences and judge it on related-free held-out examples.

    Related examples (touching or overlapping windows, near-identical sequences, or whole chromosomes with
    `by_chromosome`) stay on one side of every split. A split that the examples bring along is used after it has
    been checked for leakage. Whatever is refused is refused before training.

    Args:
        examples: sequences with labels 0 and 1, as `read_examples` gives them.
        network: "default", "jund" or "deepbind".
        settings: settings of the network that differ from its defaults.
        recipe: how it is trained; None takes the recipe of the network.
        start_from: motifs, name -> probabilities `(4, width)`, that the first filters start from.
        folds: cross-validate: every example is predicted by networks that were trained without its fold, and the
            model returned is the ensemble of all folds' networks. None holds out one test part (15 %).
        seed: split, weights and sampling follow from it.
        device, progress: as everywhere.

    Raises:
        InputError: one class only, too few groups for the parts, unknown settings, `folds` for examples that bring
            a split, a split without a usable training or test part, or positives that all are negatives, too.
        LeakageError: the split that came with the examples tears related examples apart.
        ModelError: the loss is not finite.
    """
    _refuse_unusable_split(examples, folds)
    fitting = _Fitting(
        examples,
        network,
        settings or {},
        recipe or recipe_for(network, started=bool(start_from)),
        start_from,
        device,
        progress,
        _contradictions(examples),
    )
    groups = related_groups(examples, by_chromosome=by_chromosome)
    grouping = "chromosomes" if by_chromosome else "related sequences"
    if folds is not None:
        parts = _folded(groups, examples.labels, folds, seed)
        sentence = f"{folds}-fold cross-validation, {grouping} kept together; each prediction is of a fold left out."
    else:
        parts = [_one_split(groups, examples, seed)]
        held = ", ".join(f"{len(indices):,}" for indices in parts[0])
        origin = "" if examples.split is None else "The split of the data's own split column: "
        first = grouping if origin else grouping.capitalize()
        sentence = f"{origin}{first} kept together; training, validation and test hold {held} examples."
    return fitting.run(parts, groups, sentence, seed)


def _refuse_unusable_split(examples: Examples, folds: int | None) -> None:
    """InputError for one class, for folds beside a given split, and for a split that cannot train or judge."""
    binary_labels(examples.labels)
    if examples.split is None:
        return
    if folds is not None:
        raise InputError(
            f"the examples bring a split column, and folds={folds} asks for another split; leave out the folds, or"
            " the split column"
        )
    given = np.array(examples.split)
    for part in ("train", "valid", "test"):
        labels = set(examples.labels[given == part].astype(int).tolist())
        if not labels and part != "valid":
            raise InputError(
                f"the split column has no {part} part; mark some examples {part}, or leave the column out and the"
                " examples are dealt"
            )
        if len(labels) == 1:
            raise InputError(
                f"the {part} part of the split column holds only examples labelled {labels.pop()}; both classes, 0"
                " and 1, are needed in each part"
            )


def _contradictions(examples: Examples) -> int:
    """How many sequences, counting both strands as one, carry both labels; InputError if all positives do."""
    strands = ((s, s.translate(COMPLEMENT)[::-1]) for s in examples.sequences)
    classes: tuple[set[str], set[str]] = (set(), set())
    for both, label in zip(strands, examples.labels, strict=True):
        classes[int(label)].add(min(both))
    negatives, positives = classes
    shared = len(negatives & positives)
    if shared == len(positives):
        raise InputError(
            f"all {shared} positive sequences also stand among the negatives, on one strand or the other, so there is"
            " nothing to learn; give other negatives"
        )
    return shared


Part = tuple[Indices, Indices, Indices]


def _folded(groups: Groups, labels: np.ndarray, folds: int, seed: int) -> list[Part]:
    """Train, validation and test indices of each fold; a tenth of what is not test validates."""
    parts = []
    for fold, test in enumerate(grouped_folds(groups, labels, folds=folds, seed=seed)):
        rest = np.setdiff1d(np.arange(len(labels)), test)
        # grouped_split makes three parts: the two larger ones train
        inner = grouped_split(groups[rest], labels[rest], fractions=(0.8, 0.1, 0.1), seed=seed + fold)
        training = np.sort(np.concatenate([rest[inner[0]], rest[inner[2]]]))
        parts.append((training, rest[inner[1]], test))
    return parts


def _one_split(groups: Groups, examples: Examples, seed: int) -> Part:
    """The split that came with the examples, checked, or a fresh one."""
    if examples.split is None:
        return grouped_split(groups, examples.labels, seed=seed)
    refuse_leakage(groups, examples.split, examples)
    given = np.array(examples.split)
    training, valid, test = (np.flatnonzero(given == part) for part in ("train", "valid", "test"))
    if len(valid) == 0:
        inner = grouped_split(groups[training], examples.labels[training], fractions=(0.8, 0.1, 0.1), seed=seed)
        valid, training = training[inner[1]], np.sort(np.concatenate([training[inner[0]], training[inner[2]]]))
    return training, valid, test


@dataclass(frozen=True)
class _Fitting:
    """What stays the same from fold to fold."""

    examples: Examples
    network: str
    settings: Mapping[str, Any]
    recipe: TrainSettings
    start_from: Mapping[str, Pwm] | None
    device: Device
    progress: bool
    contradictions: int

    def run(self, parts: list[Part], groups: Groups, sentence: str, seed: int) -> Trained:
        """Fit each part, predict, judge the test predictions, and join the networks."""
        labels, inputs = self.examples.labels, self.examples.inputs
        fitted = [self._fit(part, seed + fold) for fold, part in enumerate(parts)]
        logits, fold = np.zeros(len(labels)), np.zeros(len(labels), dtype=int)
        split = np.full(len(labels), "test", dtype=object)
        for number, ((training, valid, test), one) in enumerate(zip(parts, fitted, strict=True)):
            fold[test] = number
            seen = [test] if len(parts) > 1 else [training, valid, test]
            for indices, name in zip(seen, ("test",) if len(parts) > 1 else ("train", "valid", "test"), strict=True):
                logits[indices] = predict_logits(one.model, inputs[indices], device=self.device)
                split[indices] = name
        test = split == "test"
        metrics = evaluate_predictions(logits[test], labels[test], groups=groups[test], seed=seed)
        history = pd.concat([one.history.assign(fold=i) for i, one in enumerate(fitted)], ignore_index=True)
        return Trained(
            model=_joined([one.model for one in fitted]),
            metrics=metrics,
            predictions=self._predictions(logits, split).assign(group=groups, fold=fold),
            history=history,
            split_sentence=sentence,
            network=self.network,
            settings=fitted[0].settings,
            recipe=self.recipe,
            seed=seed,
            contradictions=self.contradictions,
        )

    def _fit(self, part: Part, seed: int) -> Fitted:
        """One network, or one ensemble, without the test part."""
        training, valid, _ = part
        labels, inputs = self.examples.labels, self.examples.inputs
        return fit(
            self.network,
            self.settings,
            inputs[training],
            labels[training],
            train=self.recipe,
            valid=(inputs[valid], labels[valid]),
            start_from=self.start_from,
            device=self.device,
            progress=self.progress,
            seed=seed,
        )

    def _predictions(self, logits: np.ndarray, split: np.ndarray) -> pd.DataFrame:
        """One row per example, in the order of the data."""
        return pd.DataFrame(
            {
                "name": self.examples.names,
                "locus": [str(locus) if locus else "" for locus in self.examples.loci],
                "label": self.examples.labels.astype(int),
                "logit": logits,
                "probability": probabilities(logits),
                "split": split,
            }
        )


def _joined(models: list[nn.Module]) -> nn.Module:
    """One model that answers with the mean logit of all members of all folds."""
    members = [member for model in models for member in (model.members if isinstance(model, Ensemble) else [model])]
    return members[0] if len(members) == 1 else Ensemble(members).eval()
