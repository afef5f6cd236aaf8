"""The ways of `influence`: each takes what was taught and its own options, and gives one `Answer`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.influence_parts.latent import Latent, Taught, latent_of, near_of, standard_of
from seqinterp.api.predict_uncertainty import reading
from seqinterp.api.shared.representations import latent_layer
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import flattened
from seqinterp.cases.example_gradients import BLOCK
from seqinterp.cases.head import Head, check_l2, fit_head
from seqinterp.cases.last_layer_influence import last_layer_influence
from seqinterp.cases.losses import LogScore, Loss, LossOfChances
from seqinterp.cases.representers import own_parts, representers
from seqinterp.cases.tracin import Checkpoint, self_tracin, tracin
from seqinterp.errors import InputError, ModelError
from seqinterp.uncertainty.outputs import one_tensor

STEPS = 20
OF_WINDOW = "of what positions start to stop contribute to the score of the last layer, fitted anew (logit or value)"
OF_SCORE = "of the score of the last layer, fitted anew (logit or value)"


@dataclass(frozen=True, eq=False)
class Answer:
    """The tensors of `Influence`, and what is to be known of them."""

    on_scores: Tensor
    self_influence: Tensor
    nearest: Tensor
    distances: Tensor
    facts: Mapping[str, Any]


def by_last_layer(
    taught: Taught,
    *,
    l2: Any = 1.0,
    layer: str | None = None,
    start: Any = None,
    stop: Any = None,
    steps: int | None = STEPS,
) -> Answer:
    """The score, or the contribution of a window, as it is less what it would be without the example."""
    check_l2(l2)
    latent = latent_of(taught, layer, start, stop, steps)
    head = _head(taught, latent, l2)
    traced = last_layer_influence(head, latent.learned, taught.labels)
    within = latent.window is not None
    asks = traced.on_contributions if within else traced.on_scores
    words = {
        "units": f"change {OF_WINDOW if within else OF_SCORE}, were the example left out, turned about",
        "slope": traced.slope,
    }
    return _answer(latent, l2, asks(latent.quantity, output=int(taught.target)), traced.self_influence(), words)


def by_representers(
    taught: Taught,
    *,
    l2: Any = 1.0,
    layer: str | None = None,
    start: Any = None,
    stop: Any = None,
    steps: int | None = STEPS,
) -> Answer:
    """The part of each example in the score, or in the contribution of a window."""
    check_l2(l2)
    latent = latent_of(taught, layer, start, stop, steps)
    head = _head(taught, latent, l2)
    shared = representers(head, latent.learned, taught.labels, latent.quantity, output=int(taught.target))
    words = {"units": f"part {OF_SCORE if latent.window is None else OF_WINDOW}; without the bias, the parts add up"}
    return _answer(latent, l2, shared.values, own_parts(head, latent.learned, taught.labels), words)


def by_tracin(
    taught: Taught,
    *,
    checkpoints: Any = None,
    learning_rates: Any = 1.0,
    layers: Sequence[str] | None = None,
    loss: Loss | None = None,
    batch_size: int = BLOCK,
) -> Answer:
    """How much training on each example raised the score, along the checkpoints."""
    passed = _checkpoints(checkpoints, learning_rates)
    target: Target = taught.target if callable(taught.target) else flattened(_whole(taught.target))
    chances = loss is None and _answers_with_probabilities(taught)
    if chances:
        loss = LossOfChances(taught.task)
        target = target if callable(taught.target) else LogScore(taught.task, _whole(taught.target))
    setting: dict[str, Any] = {"task": taught.task, "loss": loss, "layers": layers, "batch_size": batch_size}
    setting["device"] = taught.place
    known = (taught.training, taught.labels)
    traced = tracin(taught.model, known, taught.inputs, passed, target=target, **setting)
    own = self_tracin(taught.model, known, passed, **setting)
    facts: dict[str, Any] = {
        "units": f"{_score_word(target)} gained to first order, summed over checkpoints: learning rate times the"
        " product of gradients",
        "outputs": "probability" if chances else "as the loss takes them" if loss else "logit or value",
        "learning_rates": [one.learning_rate for one in passed],
        "layers": None if layers is None else list(layers),
        "way": traced.way,
        "reason": traced.reason,
    }
    try:
        layer = latent_layer(taught.model, taught.inputs, taught.place)
        near = near_of(*standard_of(taught, layer)[:2])
        facts |= {"layer": layer}
    except ModelError as error:  # neighbours are an extra here, and the answer says why there are none
        near = (torch.zeros(len(taught.inputs), 0, dtype=torch.int64), torch.zeros(len(taught.inputs), 0).double())
        facts |= {"layer": None, "no_nearest": str(error)}
    return Answer(traced.influence, own.influence[0], *near, facts)


def _answer(latent: Latent, l2: float, values: Tensor, own: Tensor, words: Mapping[str, Any]) -> Answer:
    """With the facts that both methods of a fitted layer share."""
    facts = {**words, "l2": l2, "layer": latent.layer, "features": latent.learned.shape[1], "window": latent.window}
    return Answer(values, own, latent.nearest, latent.distances, facts)


def _head(taught: Taught, latent: Latent, l2: float) -> Head:
    """The fitted layer, which has the output that is asked of."""
    output = _whole(taught.target)
    head = fit_head(latent.learned, taught.labels, task=taught.task, l2=l2)
    if not 0 <= output < len(head.weights):
        raise InputError(f"target {output} was asked for, but the last layer has {len(head.weights)} output(s)")
    return head


def _whole(target: Any) -> int:
    """An index; the fitted layer has outputs of its own, which no callable on the model's can read."""
    if isinstance(target, bool) or not isinstance(target, Integral):
        raise InputError(
            f"target must be the index of an output (method 'tracin' also takes a callable), not {target!r}"
        )
    return int(target)


def _checkpoints(given: Any, rates: Any) -> list[Checkpoint]:
    """Models or their weights, each with a learning rate."""
    if isinstance(given, nn.Module | Mapping):
        given = [given]
    several = [] if given is None else list(given)
    if not several:
        raise InputError(
            "method 'tracin' needs checkpoints=, models or what state_dict() gave as training passed through them;"
            " [model] takes the end of training alone"
        )
    odd = next((type(one).__name__ for one in several if not isinstance(one, nn.Module | Mapping)), None)
    if odd is not None:
        raise InputError(f"checkpoints must be models or what state_dict() gave, not {odd}")
    numbers = np.asarray(rates)
    if numbers.dtype.kind not in "iuf" or numbers.shape not in ((), (len(several),)):
        raise InputError(f"learning_rates must be a number or one for each of the {len(several)} checkpoints")
    weights = [one.state_dict() if isinstance(one, nn.Module) else one for one in several]
    each = np.broadcast_to(numbers, len(several)).astype(np.float64).tolist()
    return [Checkpoint(one, rate) for one, rate in zip(weights, each, strict=True)]


def _answers_with_probabilities(taught: Taught) -> bool:
    """Whether the loss of the task must take the outputs for probabilities, one tensor of which losses can be read."""
    with torch.inference_mode(False), torch.no_grad(), borrowed(taught.model, taught.place):
        outputs = taught.model(taught.training[:1].to(taught.place, copy=True))
    if not isinstance(outputs, Tensor):
        raise ModelError(
            f"the model returns a {type(outputs).__name__}, which the loss of task {taught.task!r} cannot read; give"
            " loss=, a callable from outputs and labels to one number per example"
        )
    if taught.task == "regression":
        return False
    # each output of the task 'binary' is a probability of its own, those of classes add up
    picked = _in_one_column if taught.task == "binary" else one_tensor
    with torch.inference_mode(False):
        return reading(taught.model, picked, taught.training, taught.place) == "probability"


def _in_one_column(outputs: Any) -> Tensor:
    """All outputs of all examples below one another."""
    return one_tensor(outputs).reshape(-1, 1)


def _score_word(target: Target) -> str:
    """What is asked of."""
    if not isinstance(target, LogScore):
        return "score"
    return "log-odds" if target.task == "binary" else "logarithm of the probability"
