"""Deep ensembles: networks that differ in their seed, asked one by one or at once (Lakshminarayanan 2017,
arXiv:1612.01474).
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, batched, borrowed, choose_device
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Inputs, Members
from seqinterp.uncertainty.outputs import one_tensor


def member_outputs(
    members: Sequence[nn.Module],
    inputs: Inputs,
    *,
    read: Callable[[Any], Tensor] = one_tensor,
    vectorised: bool | None = None,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Members:
    """What each member says of each input, `(members, batch, *outputs)`; members are in evaluation mode meanwhile.

    read: what is taken of a member's outputs, by default the one tensor that it returns.
    vectorised: run members of one architecture as one, by `torch.func`; None does so on a GPU, where many small calls
        are dear, if they can be run so. On a CPU it is two to four times slower (benchmarks/uncertainty.py).

    Raises:
        InputError: fewer than two members, or no inputs.
        ModelError: `vectorised` is True and the members cannot be run as one, or their outputs differ in shape.
    """
    if len(members) < 2:
        raise InputError(f"an ensemble disagrees only if it has 2 members or more, but {len(members)} came")
    place = choose_device(device)
    together = place.type == "cuda" if vectorised is None else vectorised
    holder = nn.ModuleList(members)
    with ExitStack() as stack, torch.no_grad(), eager():
        # in one order for all callers, so that two who share members never wait for each other
        for member in sorted({id(member): member for member in members}.values(), key=id):
            stack.enter_context(borrowed(member, place))
        ask = _one_by_one(members, read)
        if together and (stacked := _together(members, read, inputs, place, ask, wanted=bool(vectorised))):
            ask = stacked

        def whole(part: Tensor) -> Tensor:
            return by_rows(ask, part)

        found = batched(whole, holder, inputs, batch_size=batch_size, device=place, progress=progress)
    return found.transpose(0, 1).contiguous()


def _one_by_one(members: Sequence[nn.Module], read: Callable[[Any], Tensor]) -> Callable[[Tensor], Tensor]:
    """Ask one member after another, `(batch, members, *outputs)`; each gets a copy of the inputs."""

    def ask(inputs: Tensor) -> Tensor:
        found = [read(member(inputs.clone())) for member in members]
        shapes = {tuple(each.shape) for each in found}
        if len(shapes) > 1 or found[0].shape[:1] != inputs.shape[:1]:
            raise ModelError(f"members must give one row per example, all of one shape, but give {sorted(shapes)}")
        return torch.stack(found, dim=1)

    return ask


def _together(
    members: Sequence[nn.Module],
    read: Callable[[Any], Tensor],
    inputs: Tensor,
    place: torch.device,
    plain: Callable[[Tensor], Tensor],
    *,
    wanted: bool,
) -> Callable[[Tensor], Tensor] | None:
    """Ask all members at once; None where they cannot be, as two examples show, ModelError where that is `wanted`."""
    few = inputs[:2].to(place, copy=True)
    try:
        ask = _stack(members, read)
        if torch.allclose(ask(few), plain(few), rtol=1e-4, atol=1e-5):
            return ask
        reason = "they answer otherwise than one by one"
    except Exception as error:  # noqa: BLE001 - whatever vmap cannot do, the plain way can
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    if wanted:
        raise ModelError(f"these members cannot be run as one ({reason}); leave vectorised at None")
    return None


def _stack(members: Sequence[nn.Module], read: Callable[[Any], Tensor]) -> Callable[[Tensor], Tensor]:
    """One call for all members, whose parameters and buffers are stacked along a new axis."""
    shapes = [_described(member) for member in members]
    if any(other != shapes[0] for other in shapes):
        raise ModelError("they are not of one architecture")
    parameters, buffers = torch.func.stack_module_state(list(members))
    frame = deepcopy(members[0]).to("meta")

    def one(weights: dict[str, Any], state: dict[str, Any], shown: Tensor) -> Tensor:
        return read(torch.func.functional_call(frame, (weights, state), (shown,)))

    asked = torch.func.vmap(one, in_dims=(0, 0, None), out_dims=1)
    return lambda inputs: asked(parameters, buffers, inputs)


def _described(member: nn.Module) -> tuple[str, list[tuple[str, torch.Size, torch.dtype]]]:
    """What must be alike: the layers as they print, with their options, and the shapes of all tensors."""
    tensors = [(name, tensor.shape, tensor.dtype) for name, tensor in member.state_dict().items()]
    return repr(member), tensors
