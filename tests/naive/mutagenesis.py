"""Every edit by a forward pass of its own, in double precision: what exact mutagenesis is held against."""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

AT_ONCE = 128  # edited rows in one forward pass

Index = int | Callable[[object], Tensor] | None


def pick(outputs: object, index: Index) -> Tensor:
    """All outputs (None), column `index` of them, or whatever a callable makes of them."""
    if callable(index):
        return index(outputs)
    if index is None:
        return outputs
    return outputs.reshape(len(outputs), -1)[:, index]


@torch.no_grad()
def differences(model: nn.Module, inputs: Tensor, rows: Tensor, example: Tensor, index: Index, at_once: int) -> Tensor:
    """Output of every row less the output of the sequence it was made from, in the precision of what is given."""
    before = torch.cat([pick(model(one.clone()), index) for one in inputs.split(at_once)])
    after = torch.cat([pick(model(part.clone()), index) for part in rows.split(at_once)])
    return after - before[example]


def doubled(model: nn.Module) -> nn.Module:
    """A copy in double precision and evaluation mode."""
    return copy.deepcopy(model).double().eval()


def edited_effects(
    model: nn.Module, inputs: Tensor, rows: Tensor, example: Tensor | None = None, *, index: Index = None
) -> Tensor:
    """What each of `rows`, `(edits, 4, position)`, does: `(edits, *outputs)` in double precision.

    example: `(edits,)`, the sequence of `inputs` that each row was made from; None where there is but one.
    """
    source = torch.zeros(len(rows), dtype=torch.long) if example is None else example
    return differences(doubled(model), inputs.double(), rows.double(), source, index, AT_ONCE)


def every_edit(inputs: Tensor, positions: Iterable[int] | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All edits of a base (at `positions`) that change something, as rows, and (example, base, position) of each."""
    rows, places = [], []
    for example, one in enumerate(inputs):
        for position in range(one.shape[1]) if positions is None else positions:
            for base in range(4):
                column = torch.eye(4, dtype=one.dtype)[base]
                if not torch.equal(one[:, position], column):
                    changed = one.clone()
                    changed[:, position] = column
                    rows.append(changed)
                    places.append((example, base, position))
    return torch.stack(rows), *torch.tensor(places).unbind(dim=1)


def laid_out(found: Tensor, inputs: Tensor, places: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """`(edits, *outputs)` as `(batch, 4, position, *outputs)`, zero at the base that is there."""
    table = found.new_zeros(*inputs.shape, *found.shape[1:])
    table[places] = found
    return table


def effects(model: nn.Module, inputs: Tensor, index: Index = None, *, positions: Iterable[int] | None = None) -> Tensor:
    """Output of the edited sequence less that of the sequence, `(batch, 4, position, *outputs)`, double precision.

    index: an output by its place among all of an example, a callable on the outputs, or None for all of them.
    positions: those that are edited, the others stay zero; None for all.
    """
    rows, *places = every_edit(inputs, positions)
    return laid_out(edited_effects(model, inputs, rows, places[0], index=index), inputs, tuple(places))


def float32_edited_error(
    model: nn.Module, inputs: Tensor, rows: Tensor, example: Tensor, exact: Tensor, *, index: Index = None
) -> float:
    """How far the plain subtraction in single precision is from `exact`, what `edited_effects` gave: the largest error.

    Rounding depends on how many rows go through the model together, so the worst of three sizes counts.
    """
    single, inputs, rows = copy.deepcopy(model).float().eval(), inputs.float(), rows.float()
    found = (differences(single, inputs, rows, example, index, size) for size in (16, AT_ONCE, len(rows)))
    return max(float((one - exact).abs().max()) for one in found)


def float32_error(
    model: nn.Module,
    inputs: Tensor,
    index: Index = None,
    *,
    exact: Tensor | None = None,
    positions: Iterable[int] | None = None,
) -> float:
    """The same for every edit of a base; exact: what `effects` gave, where it is at hand."""
    rows, *places = every_edit(inputs, positions)
    truth = effects(model, inputs, index, positions=positions) if exact is None else exact
    return float32_edited_error(model, inputs, rows, places[0], truth[tuple(places)], index=index)
