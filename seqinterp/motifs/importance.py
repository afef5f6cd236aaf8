"""How much the score varies with each filter: activation times gradient, summed over positions.

For a network that is linear above the filters' activations this is exactly each filter's share of the score
(Shrikumar et al. 2016, arXiv:1605.01713, equation 1, at a hidden layer).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.errors import ModelError
from seqinterp.shapes import Sequences

EXAMPLES = 256  # sequences of one backward pass


def filter_importance(score: Score, layers: dict[str, nn.Conv1d], inputs: Sequences) -> dict[str, Tensor]:
    """Spread of each filter's contribution to the score over `inputs`, `{name: (filters,)}`, in score units.

    The standard deviation over the sequences: a contribution that is the same for all of them decides nothing, and
    could as well be part of the bias.
    """
    shares: dict[str, list[Tensor]] = {name: [] for name in layers}
    for part in inputs.split(EXAMPLES):
        with _outputs_of(layers) as calls, torch.enable_grad():
            value = score(part.detach().requires_grad_()).sum()
            outputs = [output for name in layers for output in calls[name]]
            slopes = iter(torch.autograd.grad(value, outputs, allow_unused=True))
        for name in layers:
            # a layer that reads both strands is called twice, and both calls contribute
            share = torch.zeros(len(part), layers[name].out_channels)
            for output in calls[name]:
                slope = next(slopes)
                if slope is not None:
                    share += _by_example((output.detach() * slope).sum(dim=2).float(), len(part))
            shares[name].append(share)
    return {name: torch.cat(parts).std(dim=0, correction=0) for name, parts in shares.items()}


def _by_example(rows: Tensor, count: int) -> Tensor:
    """Sum the rows of each example, `(rows, filters)` -> `(count, filters)`: a layer may see an example in windows."""
    if len(rows) % count:
        raise ModelError(
            f"a first-layer convolution was called with {len(rows)} rows for {count} sequences, so its activations"
            " cannot be assigned to sequences"
        )
    return rows.reshape(count, -1, rows.shape[1]).sum(dim=1)


@contextmanager
def _outputs_of(layers: dict[str, nn.Conv1d]) -> Iterator[dict[str, list[Tensor]]]:
    """Collect what each layer puts out while the block runs; the hooks are gone afterwards, also after an error."""
    calls: dict[str, list[Tensor]] = {name: [] for name in layers}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            calls[name].append(output)

        return hook

    handles = [layer.register_forward_hook(keep(name)) for name, layer in layers.items()]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
