"""A network of the same kind that learned permuted labels, with the proof that it did."""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.study_parts.networks import Learned, School
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output
from seqinterp.evaluation.label_randomisation import label_randomisation, permuted, predicted_classes
from seqinterp.images.image_set import ImageSet
from seqinterp.report.image_study_contents import RandomLabels
from seqinterp.shapes import Inputs

ATTEMPTS = 3  # permutations that are tried until a network is at base rate


def random_labels_part(
    model: nn.Module, second: nn.Module, school: School, test: ImageSet, *, target: int, seed: int
) -> tuple[nn.Module, RandomLabels]:
    """Train on permuted labels; whether that worked is judged on all test images.

    Where one feature tells the classes apart, a network that learned little leans on it by chance, and is right far
    more often than chance, or far less: it is no control, and another permutation is tried, and counted.

    Raises:
        ModelError: the weights are those of the network that is explained.
    """
    learned: list[Learned] = []

    def train(inputs: Inputs, labels: Tensor) -> nn.Module:
        learned.append(school.study_permuted(inputs, labels, number=2 + len(learned)))
        return learned[-1].model

    part = school.images.part("train")
    true = torch.from_numpy(part.labels.astype(np.int64))
    labels = torch.from_numpy(test.labels.astype(np.int64))
    score = Score(model, output(target))
    # the gradient stands in for a method: what is wanted here is the network and the proof
    explainer = partial(explain, gradient, device=school.device)
    own = explainer(score, test.inputs)
    ask = partial(label_randomisation, explainer=explainer, train=train, labels=labels, training=(part.inputs, true))
    found = ask(score, test.inputs, own, seed=seed)
    while not found.proven and len(learned) < ATTEMPTS:
        found = ask(score, test.inputs, own, seed=seed + len(learned))
    taught = permuted(true, seed=seed + len(learned) - 1)
    return found.model, RandomLabels(
        accuracy=found.accuracy,
        base_rate=found.base_rate,
        p_value=found.p_value,
        proven=found.proven,
        judged=len(test),
        learned=float((predicted_classes(found.model, part.inputs).cpu() == taught).double().mean()),
        epochs=len(learned[-1].history),
        attempts=len(learned),
        model_accuracy=found.model_accuracy,
        second_accuracy=float((predicted_classes(second, test.inputs).cpu() == labels).double().mean()),
        fingerprint=found.fingerprint,
        model_fingerprint=found.model_fingerprint,
    )
