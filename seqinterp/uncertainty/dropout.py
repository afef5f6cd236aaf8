"""Monte Carlo dropout: one network under many dropout masks (Gal & Ghahramani 2016, arXiv:1506.02142)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.attribution.chance import generator
from seqinterp.attribution.rows import rows_at_once
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.run import Device, batched
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Inputs, Members
from seqinterp.uncertainty.masks import Masking
from seqinterp.uncertainty.outputs import one_tensor

DRAWS = 50
TRIAL = 13  # rows of a first run, which tells along which axis rows lie: few axes of a layer are as long
_Read = Callable[[Any], Tensor]


def dropout_outputs(
    model: nn.Module,
    inputs: Inputs,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    read: _Read = one_tensor,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Members:
    """What the model says of each input under `draws` dropout masks, `(draws, batch, *outputs)`.

    Every `nn.Dropout*` drops, and so does every functional dropout with a rate above zero, whatever its `training`
    says; the dropout inside `nn.MultiheadAttention` and between the layers of `nn.LSTM` does not. All else, batch norm
    too, is in evaluation mode, and the model is given back as it was. A mask is a rule of `seed` and of the example, so
    batch size and order change nothing. Layers before the first dropout are run once for all masks of an example, where
    a trial shows that the model lets them.

    read: what is taken of the model's outputs, by default the one tensor that it returns.

    Raises:
        InputError: `draws` below 2, a negative seed, or no inputs.
        ModelError: the model drops nothing, or its outputs are not one row per example.
    """
    if draws < 2 or seed < 0:
        raise InputError(f"draws must be 2 or more and seed 0 or more, but {draws} and {seed} came")
    if len(inputs) == 0:
        raise InputError("inputs hold no example; give at least one")
    masked = _Masked(model, read, draws, seed)
    with torch.no_grad(), eager():
        found = batched(masked, model, inputs, batch_size=batch_size, device=device, progress=progress)
    return found.transpose(0, 1).contiguous()


class _Masked:
    """The model under masks, `(batch, *features)` -> `(batch, draws, *outputs)`."""

    def __init__(self, model: nn.Module, read: _Read, draws: int, seed: int) -> None:
        self.model, self.read, self.draws, self.seed = model, read, draws, seed
        self.shared: bool | None = None  # whether the layers before the first dropout are run once; None: not known
        self.axes: list[int] = []  # along which axis the rows of each dropout lie

    def __call__(self, inputs: Tensor) -> Tensor:
        rows = rows_at_once(inputs[:1].numel())
        if inputs.device.type == "cpu":
            rows = min(rows, max(self.draws, rows // 8))  # large blocks of new memory, one a dropout, are slow
        draws = min(self.draws, rows)
        stretches = [range(start, min(start + draws, self.draws)) for start in range(0, self.draws, draws)]
        if self.shared is None:
            self.shared = self._can_share(inputs[:2])
        done = [
            torch.cat([self._run(part, stretch, shared=self.shared) for stretch in stretches], dim=1)
            for part in inputs.split(max(1, rows // draws))
        ]
        return torch.cat(done)

    def _run(self, inputs: Tensor, draws: range, *, shared: bool) -> Tensor:
        """The outputs of these masks, `(batch, draws, *outputs)`."""
        keys = [generator(self.seed, row, "dropout").initial_seed() for row in inputs.cpu()]
        shown = inputs.clone() if shared else inputs.repeat_interleave(len(draws), dim=0)
        with Masking(keys, draws, shared=shared, known=self.axes) as masking:
            found = self.read(self.model(shown))
        if masking.active == 0:
            raise ModelError(
                "the model applies no dropout with a rate above zero, so every mask gives the same answer and"
                " disagreement cannot be seen; train it with nn.Dropout, or use an ensemble"
            )
        self.axes = self.axes or masking.axes
        rows = len(inputs) * len(draws)
        if found.shape[:1] != (rows,):
            raise ModelError(
                f"the model gives outputs of shape {tuple(found.shape)} for {rows} inputs, not one row for each"
            )
        return found.reshape(len(inputs), len(draws), *found.shape[1:])

    def _can_share(self, inputs: Tensor) -> bool:
        """Whether a few masks of two examples give the same with and without sharing.

        Not so where a tensor from before the first dropout meets one from after it, as in a residual block.
        """
        self._run(inputs[:1], range(TRIAL), shared=False)
        few = range(min(3, self.draws))
        plain = self._run(inputs, few, shared=False)
        try:
            shared = self._run(inputs, few, shared=True)
        except Exception:  # noqa: BLE001 - whatever the model says to rows that part, the plain way has just gone well
            return False
        return torch.allclose(shared, plain, rtol=1e-4, atol=1e-5 * float(plain.abs().max()) + 1e-30)
