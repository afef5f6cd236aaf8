"""`influence`: which training examples taught the model this?"""

from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.api.inputs import as_inputs
from seqinterp.api.results.influence import Influence
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import flattened
from seqinterp.cases.head import fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.losses import Task
from seqinterp.cases.nearest import nearest_cases
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.evaluation.last_layer import last_layer_inputs
from seqinterp.shapes import Array, Inputs

NEAREST = 5
STILL = 1e-6  # a deviation below this part of the largest number is rounding


def influence(
    model: nn.Module,
    inputs: Array,
    training: Array,
    labels: Any,
    *,
    task: Task = "binary",
    target: int = 0,
    l2: float = 1.0,
    device: Device = None,
) -> Influence:
    """What each training example did to each prediction: the score as it is, less without the example.

    Influence functions (Koh & Liang 2017, arXiv:1703.04730) of the last layer, which is fitted anew to what the model
    makes of the training examples, with an exact Newton step for each that is left out. The layers below are held as
    they are. Against leaving out and retraining the last layer r is above 0.99 at `l2` 1 and less where classes are
    separable and `l2` is small.

    Args:
        model: any module; given back as it was found.
        inputs: `(batch, *features)`, what was predicted.
        training: `(training, *features)`, what the model was trained on.
        labels: their labels: 0 and 1 for "binary", class numbers for "classes", values for "regression".
        task: which loss the last layer minimises.
        target: which output's score is asked of.
        l2: weight of its penalty, l2 / 2 |weights|^2 beside the sum of the losses.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Influence`: positive numbers speak for the score; `top(example)` lists the examples that matter most.

    Raises:
        ShapeError: inputs and training examples, or labels, do not fit one another.
        InputError: labels that the task does not take.
        ModelError: the model cannot be copied, or has no last layer that reads one row per example.
    """
    asked, known = as_inputs(model, inputs), as_inputs(model, training)
    if asked.shape[1:] != known.shape[1:]:
        raise ShapeError(
            f"inputs have features {tuple(asked.shape[1:])} but the training examples {tuple(known.shape[1:])}"
        )
    place = choose_device(device)
    features, learned = representations(model, asked, place), representations(model, known, place)
    features, learned = standardised(features, learned), standardised(learned, learned)
    head = fit_head(learned, labels, task=task, l2=l2)
    if not 0 <= target < len(head.weights):
        raise InputError(f"target {target} was asked for, but the last layer has {len(head.weights)} output(s)")
    traced = last_layer_influence(head, learned, labels)
    near = nearest_cases(features, learned, count=min(NEAREST, len(learned)))
    return Influence(
        on_scores=traced.on_scores(features, output=target),
        self_influence=traced.self_influence(),
        nearest=near.examples,
        distances=near.distances,
        labels=torch.as_tensor(labels, dtype=torch.float64).detach().cpu(),
        facts={"task": task, "target": target, "l2": l2, "model_hash": model_hash(model), "versions": versions()},
    )


def standardised(features: Tensor, learned: Tensor) -> Tensor:
    """Every number less its mean over `learned`, in standard deviations; as it is where it never changes there."""
    centre, scale = learned.mean(dim=0), learned.std(dim=0)
    varies = scale > STILL * learned.abs().amax(dim=0).clamp(min=1e-30)
    return (features - centre) / scale.where(varies, 1.0)


def representations(model: nn.Module, rows: Inputs, place: torch.device) -> Tensor:
    """What the model's last layer reads of each example, `(batch, numbers)`, in double precision on the CPU.

    Raises:
        ModelError: the model cannot be copied, or has no last layer that reads one row per example.
    """
    score = Score(model, flattened(0))
    with torch.inference_mode(False), borrowed(score, place):
        found = last_layer_inputs(score, rows.to(place)).cpu().double()
    if not bool(torch.isfinite(found).all()):
        raise ModelError("the model's last layer reads numbers that are not finite, so examples cannot be compared")
    return found
