"""TracIn: what training on each example did to a prediction, summed over checkpoints (Pruthi et al. 2020,
arXiv:2002.08484).

sum_t rate_t <grad loss(training example; weights_t), grad loss(example asked about; weights_t)>: to first order, how
much the steps that were taken on the one lowered the loss of the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Target
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.cases.example_gradients import BLOCK, ExampleGradients, Measured, choose_way
from seqinterp.cases.losses import Loss, Task, checked_labels, example_losses, numbers_of, with_rows
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.shapes import Influences, Inputs, TrainingInputs

NUMBERS = 2**26  # of gradients held at once, a quarter of a gigabyte in single precision


@dataclass(frozen=True)
class Checkpoint:
    """The weights at one time of training, as `model.state_dict()` gives them, and the learning rate then.

    What the dict holds beside the model's own parameters and buffers is not looked at; all of those must be there.
    """

    weights: Mapping[str, Tensor]
    learning_rate: float = 1.0


@dataclass(frozen=True, eq=False)
class Traced:
    """What each training example did.

    influence: `(batch, training)`; positive lowered the loss, or raised the target, of the example asked about.
        Of `self_tracin` `(1, training)`, what each did for itself.
    way: "vmap", gradients of many examples at once, or "one at a time". reason: why not at once, "" where they were.
    """

    influence: Influences
    way: str
    reason: str


def tracin(
    model: nn.Module,
    training: tuple[TrainingInputs, object],
    asked: tuple[Inputs, object] | Inputs,
    checkpoints: Sequence[Checkpoint],
    /,
    *,
    task: Task = "binary",
    loss: Loss | None = None,
    target: Target | None = None,
    layers: Sequence[str] | None = None,
    batch_size: int = BLOCK,
    device: Device = None,
) -> Traced:
    """Trace the examples asked about to training examples, both as (inputs, labels).

    checkpoints: some of those that training passed through; of the last alone it is a dot product of gradients.
    loss: `(outputs, labels)` -> `(batch,)`, what was minimised; None takes that of `task`.
    target: asks for an output rather than a loss, `outputs -> (batch,)`; then `asked` are inputs alone.
    layers: names of modules whose parameters count, those below them included; None takes all parameters.
    batch_size: examples whose gradients are held at once, fewer where the parameters are many.

    The model is borrowed in evaluation mode (dropout off, batch norm by its running statistics) with the weights of
    each checkpoint; its own stay where they are. Results are in double precision.

    Raises:
        InputError: no examples or checkpoints, a checkpoint or layer that the model does not fit, labels the task
            does not take, no asked labels for a loss.
        ShapeError: labels that do not fit the inputs.
        ModelError: the loss is not one number per example, or a probability was rounded to 0 or 1 and with it the
            gradient of its loss to nothing.
    """
    theirs = _examples(training, task, loss)
    if target is not None:
        inputs = asked if isinstance(asked, Tensor) else asked[0]
        ours = _examples((inputs, torch.zeros(len(inputs))), task, _negative(target), target)
    elif isinstance(asked, Tensor):
        raise InputError("asked must be inputs and their labels for a loss; give both, or target= for an output")
    else:
        ours = _examples(asked, task, loss)
    return _trace(model, theirs, ours, checkpoints, layers=layers, batch_size=batch_size, device=device)


def self_tracin(
    model: nn.Module,
    training: tuple[TrainingInputs, object],
    checkpoints: Sequence[Checkpoint],
    /,
    *,
    task: Task = "binary",
    loss: Loss | None = None,
    layers: Sequence[str] | None = None,
    batch_size: int = BLOCK,
    device: Device = None,
) -> Traced:
    """What each training example did for itself, sum_t rate_t |grad loss|^2: large for the mislabelled and the rare.

    Options and errors are those of `tracin`.
    """
    theirs = _examples(training, task, loss)
    return _trace(model, theirs, None, checkpoints, layers=layers, batch_size=batch_size, device=device)


def _trace(
    model: nn.Module,
    theirs: Measured,
    ours: Measured | None,
    checkpoints: Sequence[Checkpoint],
    *,
    layers: Sequence[str] | None,
    batch_size: int,
    device: Device,
) -> Traced:
    """Sum over checkpoints, all of which are looked at before any work starts; without `ours` each with itself."""
    if not checkpoints:
        raise InputError("there is no checkpoint; give at least one, such as Checkpoint(model.state_dict())")
    if not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f"batch_size must be 1 or more, a whole number, not {batch_size!r}")
    names = chosen_parameters(model, layers)
    place = choose_device(device)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place), eager():
        for number, checkpoint in enumerate(checkpoints):
            _check_fits(model, checkpoint, number)
        kinds = [theirs] if ours is None else [theirs, ours]
        way, reason = choose_way(model, _state(model, checkpoints[0]), names, *kinds)
        total = torch.zeros(1 if ours is None else len(ours.inputs), len(theirs.inputs), dtype=torch.float64)
        for checkpoint in checkpoints:
            gradients = ExampleGradients(model, _state(model, checkpoint), names, way)
            _refuse_lost(gradients, kinds)
            one = _own(gradients, theirs, batch_size) if ours is None else _between(gradients, ours, theirs, batch_size)
            total += checkpoint.learning_rate * one
    return Traced(total, way, reason)


def _refuse_lost(gradients: ExampleGradients, kinds: Sequence[Measured]) -> None:
    """A gradient that was rounded away would pass for that of an example that did nothing."""
    lost = sum(gradients.lost(part) for kind in kinds if kind.lost for part in kind.blocks(BLOCK))
    if lost:
        raise ModelError(
            f"the model answers with probabilities, {lost} of which were rounded to 0 or 1, and their gradients to"
            " nothing; give the model without its last sigmoid or softmax, or loss= and target= of what it answers"
        )


def _own(gradients: ExampleGradients, theirs: Measured, batch_size: int) -> Tensor:
    """The squared length of each gradient."""
    fitting = max(1, NUMBERS // (2 * gradients.count))
    return torch.cat([own_products(gradients(part)) for part in theirs.blocks(min(batch_size, fitting))])[None]


def _between(gradients: ExampleGradients, ours: Measured, theirs: Measured, batch_size: int) -> Tensor:
    """Products of every two gradients; as many of those asked about as fit are held while training passes by."""
    rows = []
    fitting = max(1, NUMBERS // (2 * gradients.count))
    size = min(batch_size, fitting)
    for asked in ours.blocks(fitting):
        held = [torch.cat(parts) for parts in zip(*(gradients(part) for part in asked.blocks(size)), strict=True)]
        rows.append(torch.cat([sum_products(held, gradients(part)) for part in theirs.blocks(size)], dim=1))
    return torch.cat(rows)


def sum_products(one: list[Tensor], other: list[Tensor]) -> Tensor:
    """Dot products of every two gradients, held tensor by tensor; double, on the CPU."""
    return torch.stack([(mine @ its.T).double() for mine, its in zip(one, other, strict=True)]).sum(dim=0).cpu()


def own_products(one: list[Tensor]) -> Tensor:
    """The squared length of each gradient."""
    return torch.stack([part.double().square().sum(dim=1) for part in one]).sum(dim=0).cpu()


def chosen_parameters(model: nn.Module, layers: Sequence[str] | None) -> list[str]:
    """The names of the parameters of some modules, or of all.

    Raises:
        InputError: a name that is no module, or modules without parameters that hold real numbers.
    """
    known = dict(model.named_modules())
    for layer in layers or ():
        if layer not in known:
            raise InputError(f"the model has no layer {layer!r}; its layers are {', '.join(filter(None, known))}")
    within = None if layers is None else {id(value) for layer in layers for value in known[layer].parameters()}
    names = [
        name
        for name, value in model.named_parameters()
        if value.is_floating_point() and (within is None or id(value) in within)
    ]
    if not names:
        raise InputError("the layers that were chosen have no parameters; name others, or leave layers out for all")
    return names


def _saved(model: nn.Module) -> dict[str, Tensor]:
    """The parameters and buffers that a checkpoint must hold, as they are now."""
    listed = dict([*model.named_parameters(), *model.named_buffers()])
    return {name: listed[name] for name in model.state_dict() if name in listed}


def _check_fits(model: nn.Module, checkpoint: Checkpoint, number: int) -> None:
    """Refuse a checkpoint of another model."""
    if not 0 < checkpoint.learning_rate < float("inf"):
        raise InputError(f"the learning rate of checkpoint {number} must be above 0, not {checkpoint.learning_rate}")
    for name, value in _saved(model).items():
        given = checkpoint.weights.get(name)
        if not isinstance(given, Tensor) or given.shape != value.shape:
            came = f"has shape {tuple(given.shape)} there" if isinstance(given, Tensor) else "is not there"
            raise InputError(
                f"checkpoint {number} does not fit the model, whose {name} of shape {tuple(value.shape)} {came}; give"
                " what state_dict() gave"
            )


def _state(model: nn.Module, checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Copies of the checkpoint's parameters and buffers, on the model's device and in its precision.

    A buffer that is never saved is the same at all times.
    """
    now = {name: value.detach().clone() for name, value in [*model.named_parameters(), *model.named_buffers()]}
    saved = {
        name: checkpoint.weights[name].detach().to(value.device, value.dtype, copy=True)
        for name, value in _saved(model).items()
    }
    return {**now, **saved}


def _examples(examples: tuple[Tensor, object], task: Task, loss: Loss | None, told_by: object = None) -> Measured:
    """Inputs and labels, found usable; those of a loss of the caller's own are passed to it as they are.

    told_by: knows, where it has a method `lost`, of which examples rounding took the gradient; None takes the loss.
    """
    inputs, labels = examples
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    values = checked_labels(labels, len(inputs), task) if loss is None else numbers_of(labels)
    if values.shape[:1] != (len(inputs),):
        raise ShapeError(f"there are {len(inputs)} inputs but labels of shape {tuple(values.shape)}")
    values = values.to(inputs.dtype) if values.is_floating_point() else values
    measure = example_losses(task) if loss is None else loss
    lost = getattr(loss if told_by is None else told_by, "lost", None)
    return Measured(inputs, values, lambda outputs, wanted: measure(with_rows(outputs, len(wanted)), wanted), lost)


def _negative(target: Target) -> Loss:
    """A target as a loss, so that what raised it counts as what lowered a loss."""
    return lambda outputs, _: -target(outputs)
