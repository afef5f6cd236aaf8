"""The one place where inputs are batched and a model is moved between devices."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from threading import Lock, RLock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import by_rows, out_of_memory, row_limit, rows_at_once
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs, Scores

BATCH_SIZE = 256
Device = torch.device | str | None
_Part = TypeVar("_Part")
_creating = Lock()
_locks: "WeakKeyDictionary[nn.Module, Any]" = WeakKeyDictionary()


@cache  # once in a process: the sentence is for the person, not for every call
def _say_that_there_is_no_gpu() -> None:
    logging.getLogger("seqinterp").warning("no GPU was found: running on the CPU (pass device='cpu' to say so)")


def choose_device(device: Device) -> torch.device:
    """The device asked for; with None a GPU when there is one, else the CPU, said aloud once.

    Raises:
        InputError: the device does not exist on this machine.
    """
    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        _say_that_there_is_no_gpu()
        return torch.device("cpu")
    refusal = f"device {str(device)!r} cannot be used on this machine; pass device='cpu', or None to choose"
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise InputError(refusal) from error
    if chosen.type == "meta":  # holds shapes without numbers: a model moved there has lost its weights
        raise InputError(refusal)
    return chosen


@contextmanager
def borrowed(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Hold a module in evaluation mode on `device`, its parameters asking for no gradient; give it back as it was,
    also after an error.

    Threads that borrow one module wait for each other: each would give it back as the other had it.
    A module whose parameters lie on several devices is left where it is. cuDNN cannot differentiate recurrent layers
    in evaluation mode, so it is not used for a module that has some.
    """
    with _lock_of(module), _held(module, device):
        yield


def _lock_of(module: nn.Module) -> Any:
    """The lock of a module; of a score that of its model."""
    inner = getattr(module, "model", module)
    with _creating:
        return _locks.setdefault(inner if isinstance(inner, nn.Module) else module, RLock())


@contextmanager
def _held(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Switch the module over, and back."""
    tensors = [*module.parameters(), *module.buffers()]
    homes = {tensor.device for tensor in tensors}
    moves = len(homes) == 1 and homes != {device}
    modes = {child: child.training for child in module.modules()}
    asking = [parameter for parameter in module.parameters() if parameter.requires_grad]
    recurrent = any(isinstance(child, nn.RNNBase) for child in modes)
    cudnn = torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext()
    try:
        if moves:
            module.to(device)
        module.eval()
        for parameter in asking:
            parameter.requires_grad_(False)
        with cudnn:
            yield
    finally:
        if moves:
            module.to(homes.pop())
        for parameter in asking:
            parameter.requires_grad_()
        for child, mode in modes.items():
            child.training = mode


def _with_progress(parts: Iterable[_Part], total: int, progress: bool) -> Iterable[_Part]:
    """Pass `parts` through, with a bar when one is asked for."""
    if not progress:
        return parts
    from rich.console import Console  # rich costs a tenth of a second to import
    from rich.progress import track

    return track(parts, total=total, description="explaining", console=Console(stderr=True), transient=True)


def batched(
    function: Callable[[Tensor], Tensor],
    module: nn.Module,
    inputs: Inputs,
    *,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Tensor:
    """Apply `function` to `inputs`, `batch_size` examples at a time, while `module` is borrowed.

    The result lies on the CPU, whatever the device was, in single precision or better. `function` gets copies, so a
    model that works in place cannot reach the caller's inputs. When memory runs out, half as many examples, and half as
    many rows of them, are tried again, down to one.

    Raises:
        InputError: there are no examples, or `batch_size` is not positive.
    """
    size = BATCH_SIZE if batch_size is None else batch_size
    if not isinstance(size, int) or size < 1:
        raise InputError(f"batch_size must be 1 or more, a whole number, not {size!r}")
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    place = choose_device(device)
    parts = torch.split(inputs, size)
    # tensors made in inference mode can never have a gradient: not even the caller's mode may reach them
    with torch.inference_mode(False), borrowed(module, place), row_limit(batch_size):
        shown = _with_progress(parts, len(parts), progress)
        done = torch.cat([_in_memory(function, part, place, rows_at_once(part[:1].numel())) for part in shown])
    return done.float() if done.dtype in (torch.float16, torch.bfloat16) else done


def _in_memory(function: Callable[[Tensor], Tensor], part: Tensor, place: torch.device, rows: int) -> Tensor:
    """`function(part)` on the CPU; in halves, with half the rows at once, when memory runs out."""
    try:
        return function(part.to(place, copy=True)).detach().cpu()
    except RuntimeError as error:
        if not out_of_memory(error) or (len(part) == 1 and rows == 1):
            raise
    rows = max(1, min(rows, 2 * len(part)) // 2)
    with row_limit(rows):
        halves = part.split(max(1, len(part) // 2))
        return torch.cat([_in_memory(function, half, place, rows) for half in halves])


def explain(
    explainer: Explainer,
    score: Score,
    inputs: Inputs,
    *,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Attributions:
    """Explain all `inputs`, `batch_size` at a time; the result has their shape and lies on the CPU."""
    return batched(partial(explainer, score), score, inputs, batch_size=batch_size, device=device, progress=progress)


def scores(score: Score, inputs: Inputs, *, batch_size: int | None = None, device: Device = None) -> Scores:
    """The score of each example, `(batch,)`, without gradients."""
    with torch.no_grad():
        return batched(partial(by_rows, score), score, inputs, batch_size=batch_size, device=device)
