"""`predict_uncertainty` by method "laplace": what the last layer of one trained model does not know."""

from typing import Any

import torch
from torch import nn

from seqinterp.api.results.uncertainty import numbers
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.errors import InputError, ModelError
from seqinterp.models.heads import WithVariance
from seqinterp.shapes import Inputs
from seqinterp.uncertainty.laplace import fit_last_layer
from seqinterp.uncertainty.laplace_parts import laplace_parts
from seqinterp.uncertainty.parts import Parts


def by_laplace(
    model: nn.Module, inputs: Inputs, training: Any, *, task: str, target: Any, outputs: str | None, **setting: Any
) -> tuple[Parts, dict[str, Any]]:
    """The parts, and the posterior's prior and noise, with which of them lies on a bound.

    setting: draws, seed, batch_size, device.

    Raises:
        InputError: no training examples, a task, target or reading that this posterior does not have.
        ModelError: the model's one output is not that of a linear layer.
    """
    if not isinstance(training, tuple | list) or len(training) != 2:
        raise InputError("method 'laplace' needs training=(inputs, labels), the examples that the model was trained on")
    if task == "classes":
        raise InputError("method 'laplace' is for task 'regression' or 'binary', one output; train several models")
    if target not in (None, 0) or isinstance(target, bool):
        raise InputError(f"method 'laplace' reads the model's one output; leave target out, it is {target!r}")
    if outputs == "probability":
        raise InputError("method 'laplace' reads a logit, not a probability; give the model without its sigmoid")
    if isinstance(model, WithVariance):
        raise ModelError("method 'laplace' needs a model with one output, and this one predicts its variance as well")
    known = as_inputs(model, training[0])
    values = torch.from_numpy(numbers(training[1], len(known)))
    place: dict[str, Any] = {"batch_size": setting["batch_size"], "device": setting["device"]}
    fitted = fit_last_layer(model, known, values, task="binary" if task == "binary" else "regression", **place)
    parts = laplace_parts(
        fitted, inputs, measured=task == "regression", draws=setting["draws"], seed=setting["seed"], **place
    )
    found = {"prior": fitted.prior, "noise": fitted.noise, "on_bound": list(fitted.on_bound)}
    return parts, {**found, "training": len(known)}


def chosen_method(method: str | None, count: int, training: Any) -> str:
    """Either "members", "dropout" or "laplace"; None takes members of several models, and dropout of one.

    Raises:
        InputError: another method, one that does not fit the number of models, or training examples nobody asked for.
    """
    given = method or ("members" if count > 1 else "dropout")
    if given not in ("members", "dropout", "laplace"):
        raise InputError(f"method must be 'members', 'dropout', 'laplace' or None, not {method!r}")
    if (given == "members") != (count > 1):
        wants = "several models" if given == "members" else "one model"
        raise InputError(f"method {given!r} is for {wants}, but {count} came")
    if training is not None and given != "laplace":
        raise InputError(f"training examples are for method 'laplace', not {given!r}; leave them out")
    return given
