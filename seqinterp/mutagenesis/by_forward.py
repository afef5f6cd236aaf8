"""Effects of edits by forward passes: slow, exact, and right for any model.

Zhou & Troyanskaya 2015, doi:10.1038/nmeth.3547 (in-silico mutagenesis).
"""

import torch
from torch import Tensor, nn

from seqinterp.attribution.rows import by_rows, row_limit, rows_at_once
from seqinterp.errors import ModelError
from seqinterp.mutagenesis.edits import Edits
from seqinterp.shapes import EditOutputs, Sequences

ROWS = 1024  # edited sequences in one forward pass: enough to fill a CPU, small beside any model's activations


def effects_by_forward(function: nn.Module, inputs: Sequences, edits: Edits, /) -> EditOutputs:
    """`function(edited) - function(inputs)[example]` for every edit, (edits, *outputs), without gradients.

    One forward pass per edit, many edits at a time; half as many when memory runs out. An edit that changes nothing
    has an effect of exactly zero.

    Raises:
        InputError: an edit is of an example or a position that the inputs lack.
        ModelError: the function does not give one tensor with a row per example.
    """
    edits.require_within(inputs)
    real = edits.counts.nonzero().flatten()
    some = edits if len(real) == len(edits) else edits.take(real)

    def after(index: Tensor) -> Tensor:
        piece = some.take(slice(int(index[0]), int(index[-1]) + 1))
        return outputs(function, piece.apply(inputs))

    with torch.no_grad(), row_limit(min(ROWS, rows_at_once(inputs[0].numel()))):
        before = by_rows(lambda rows: outputs(function, rows.clone()), inputs)
        result = before.new_zeros(len(edits), *before.shape[1:])
        if len(some):
            examples = some.example.to(inputs.device)
            result[real.to(inputs.device)] = by_rows(after, torch.arange(len(some))) - before[examples]
    return result


def outputs(function: nn.Module, rows: Tensor) -> Tensor:
    """The function's outputs, one tensor with a row for each row.

    Raises:
        ModelError: they are something else.
    """
    found = function(rows)
    if not isinstance(found, Tensor):
        raise ModelError(
            f"the model returns a {type(found).__name__}, and edits compare one tensor; pass target=a callable that"
            " picks from it, such as lambda outputs: outputs[0][:, 0]"
        )
    if found.ndim == 0 or len(found) != len(rows):
        raise ModelError(
            f"the model must return one row per sequence, ({len(rows)}, ...), but it gave shape {tuple(found.shape)}"
        )
    return found
