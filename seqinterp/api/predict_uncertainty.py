"""`predict_uncertainty`: how sure is the model, and of what kind is its doubt?"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.api.laplace_uncertainty import by_laplace, chosen_method
from seqinterp.api.results.uncertainty import Uncertainty
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.attribution.evidence import model_hash, output_kind, versions
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.errors import InputError, ModelError
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.heads import WithVariance, mean_and_variance
from seqinterp.shapes import Array, Inputs, Members
from seqinterp.uncertainty.dropout import dropout_outputs
from seqinterp.uncertainty.members import member_outputs
from seqinterp.uncertainty.outputs import one_tensor
from seqinterp.uncertainty.parts import Parts, binary_parts, classification_parts, regression_parts

TASKS = ("regression", "binary", "classes")
MOST_SHOWN = 256  # inputs that are looked at to tell a logit from a probability
LEAST = 1e-12  # a probability is kept this far from 0 and 1 before its logit is taken


def predict_uncertainty(  # noqa: PLR0913 - one call for three methods; what only one of them needs may be left out
    model: Any,
    inputs: Array,
    *,
    task: str | None = None,
    method: str | None = None,
    training: Any = None,
    target: Any = None,
    outputs: str | None = None,
    draws: int = 50,
    seed: int = 0,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Uncertainty:
    """The prediction with what is not known of it: noise of the data (aleatoric) and of the model (epistemic).

    Several models (a list, or an `Ensemble`) are asked one by one: deep ensembles, Lakshminarayanan et al. 2017,
    arXiv:1612.01474. One model with dropout is asked under `draws` masks, everything else in evaluation mode: Monte
    Carlo dropout, Gal & Ghahramani 2016, arXiv:1506.02142. A network made by `with_variance` predicts its own noise;
    for a regression without one the aleatoric part is 0: not known, not small. By "laplace" one model as it is
    gets a Gaussian posterior of its last layer's weights, given the training examples (MacKay 1992,
    doi:10.1162/neco.1992.4.3.448). The layers below count as known, so its epistemic part is a floor; its aleatoric
    part is the noise that the training examples show.

    Args:
        model: a module, or several that might have been one another; given back as they were.
        inputs: `(batch, *features)`.
        task: "regression"; "binary", one logit (or probability) per example; "classes", logits (or probabilities) of
            classes that exclude one another. None is regression for a network with a variance, and refused otherwise.
        method: "members" (several models), "dropout" or "laplace" (one model); None takes the first that fits.
        training: `(inputs, labels)` that the model was trained on, for "laplace" alone.
        target: which output, by index, or a callable from outputs to what the task reads; None takes all of them, for
            "binary" the only one.
        outputs: "logit" or "probability", what is read of a "binary" or "classes" model; None looks at these inputs and
            at a hundred times as strong ones. A logit of a network that saturates can pass for a probability: say so.
        draws: dropout masks, or for "laplace" the samples of the posterior kept as members (its parts need none).
        seed: of the masks, which are a rule of it and of the example: order and batch change nothing.
        batch_size: examples at a time; memory and speed, never the result.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `Uncertainty`: `mean`, `total`, `aleatoric`, `epistemic`; variances for regression, entropies in nats else.

    Raises:
        InputError: no task, an unknown one, inputs that cannot be used, or options that do not fit the method.
        ModelError: one model that drops nothing (there is nothing to vary), outputs that the task cannot read, or for
            "laplace" a model whose one output is not that of a linear layer.
    """
    models = _models(model)
    chosen = _task(task, models)
    if outputs not in (None, "logit", "probability"):
        raise InputError(f"outputs must be 'logit', 'probability' or None, not {outputs!r}")
    source = chosen_method(method, len(models), training)
    checked = as_inputs(models[0], inputs)
    place = choose_device(device)
    setting: dict[str, Any] = {"batch_size": batch_size, "device": place, "progress": progress}
    picked, more = _picked(target, chosen, models[0]), dict[str, Any]()
    if source == "laplace":
        drawn: dict[str, Any] = {"batch_size": batch_size, "device": place, "draws": draws, "seed": seed}
        asked: dict[str, Any] = {"task": chosen, "target": target, "outputs": outputs}
        parts, more = by_laplace(models[0], checked, training, **asked, **drawn)
    else:
        if source == "members":
            found = member_outputs(models, checked, read=picked, **setting)
        else:
            found = _under_masks(models[0], checked, draws, seed, picked, setting)
        kind = "logit" if chosen == "regression" else outputs or reading(models[0], picked, checked, place)
        parts = _parts(found, chosen, models[0], probabilities=kind == "probability", picked=target is not None)
    facts = {
        "model_hashes": [model_hash(one) for one in models],
        "draws": len(parts.members),
        "seed": seed,
        "device": str(place),
        **more,
        "versions": versions(),
    }
    return Uncertainty.of(parts, task=chosen, source=source, facts=facts)


def _models(model: Any) -> list[nn.Module]:
    """One model, or the members of several."""
    if isinstance(model, Ensemble):
        return list(model.members)
    several = [model] if isinstance(model, nn.Module) else list(model)
    odd = next((type(one).__name__ for one in several if not isinstance(one, nn.Module)), None)
    if odd is not None or not several:
        raise InputError(f"model must be a torch.nn.Module or several, not {odd or 'an empty list'}")
    return several


def _task(task: str | None, models: Sequence[nn.Module]) -> str:
    """What is predicted."""
    if task is None and all(isinstance(one, WithVariance) for one in models):
        return "regression"
    if task in TASKS:
        return task
    raise InputError(
        "say what the model predicts: task='regression', 'binary' (one logit) or 'classes'"
        + ("" if task is None else f"; not {task!r}")
    )


def _picked(target: Any, task: str, model: nn.Module) -> Callable[[Any], Tensor]:
    """What is read of the outputs of a model, with a batch axis first."""
    if target is None:
        return one_tensor
    if callable(target):
        return lambda outputs: _rows(target(outputs))
    if isinstance(target, bool) or not isinstance(target, int):
        raise InputError(f"target must be an index, a callable or None, not {target!r}")
    if task == "classes":
        raise InputError("the task 'classes' reads all outputs; a single one is task='binary', or pass a callable")
    width = model.outputs if isinstance(model, WithVariance) else None
    columns = [target] if width is None else [target, width + target]
    return lambda outputs: _columns(one_tensor(outputs), columns)


def _columns(outputs: Tensor, columns: list[int]) -> Tensor:
    """Some outputs of each example."""
    table = outputs.reshape(len(outputs), -1)
    if not 0 <= min(columns) <= max(columns) < table.shape[1]:
        raise InputError(f"target {columns[0]} was asked for, but the model has {table.shape[1]} output(s)")
    return table[:, columns]


def _rows(outputs: Any) -> Tensor:
    found = one_tensor(outputs)
    return found.unsqueeze(1) if found.ndim == 1 else found


def _under_masks(
    model: nn.Module, inputs: Inputs, draws: int, seed: int, picked: Callable[[Any], Tensor], setting: dict[str, Any]
) -> Members:
    """Outputs under dropout masks; a sentence about what else there is for a model that drops nothing."""
    try:
        return dropout_outputs(model, inputs, draws=draws, seed=seed, read=picked, **setting)
    except ModelError as error:
        raise ModelError(
            f"{error}; or give several models that were trained from different seeds, or take method='laplace'"
        ) from error


class _Read(nn.Module):
    """A model and what is read of its outputs."""

    def __init__(self, model: nn.Module, picked: Callable[[Any], Tensor]) -> None:
        super().__init__()
        self.model, self.picked = model, picked

    def forward(self, inputs: Inputs) -> Tensor:
        """`(batch, ...)`."""
        return self.picked(self.model(inputs.clone()))


def reading(model: nn.Module, picked: Callable[[Any], Tensor], inputs: Inputs, place: torch.device) -> str:
    """Whether what is read of the outputs are probabilities, "probability", or not, "logit"."""
    read = _Read(model, picked)
    shown = inputs[:MOST_SHOWN].to(place, copy=True)
    with borrowed(read, place), torch.no_grad():
        found = one_tensor(read(shown))
        table = found.reshape(len(found), -1)
        if table.shape[1] > 1:
            adds_up = bool((table >= 0).all()) and bool(((table.sum(dim=1) - 1).abs() < 1e-4).all())
            return "probability" if adds_up else "logit"
        return "probability" if output_kind(read, shown) == "probability" else "logit"


def _parts(found: Members, task: str, model: nn.Module, *, probabilities: bool, picked: bool) -> Parts:
    """Members' outputs read as the task says."""
    if task == "regression":
        if isinstance(model, WithVariance):
            return regression_parts(*mean_and_variance(found))
        return regression_parts(found)
    if task == "classes":
        return classification_parts(found.clamp(min=LEAST).log() if probabilities else found)
    table = found.flatten(2)
    if table.shape[2] != 1:
        raise ModelError(
            f"the task 'binary' reads one output, but the model has {table.shape[2]}; pass target=, or use"
            " task='classes'"
        )
    return binary_parts(table.clamp(LEAST, 1 - LEAST).logit() if probabilities else table)
