"""Targets: what is asked of the model's outputs, as one number per example."""

from dataclasses import dataclass
from numbers import Integral

from torch import Tensor

from seqinterp.attribution.protocol import Target
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Scores


@dataclass(frozen=True)
class output:
    """The output with this index. A model with one number per example has only output 0."""

    index: int = 0

    def __call__(self, outputs: object) -> Scores:
        """Pick column `index` of `outputs`, `(batch,)` or `(batch, outputs)`."""
        if not isinstance(outputs, Tensor):
            raise ModelError(
                f"the model returns a {type(outputs).__name__} and an index names a column of one tensor;"
                " pass target=a callable that picks from it, such as lambda outputs: outputs[0][:, 0]"
            )
        table = outputs.unsqueeze(1) if outputs.ndim == 1 else outputs
        if table.ndim != 2:
            raise ModelError(
                f"the model returns outputs of shape {tuple(outputs.shape)}, and an index names one of"
                " (batch, outputs); pass target=a callable that reduces them to (batch,)"
            )
        if not 0 <= self.index < table.shape[1]:
            raise InputError(
                f"target {self.index} was asked for, but the model has {table.shape[1]} output(s),"
                f" numbered 0 to {table.shape[1] - 1}"
            )
        return table[:, self.index]


@dataclass(frozen=True)
class margin:
    """Output `index` minus output `other`: why this and not that."""

    index: int
    other: int

    def __call__(self, outputs: object) -> Scores:
        """Difference of two columns of `outputs`."""
        return output(self.index)(outputs) - output(self.other)(outputs)


def as_target(target: object) -> Target:
    """Take an index or a callable on the outputs; give a callable.

    Raises:
        InputError: `target` is neither.
    """
    if isinstance(target, bool) or not (isinstance(target, Integral) or callable(target)):
        raise InputError(
            f"target must be the index of an output or a callable on the outputs, not {target!r};"
            " for example target=0 or target=seqinterp.attribution.targets.margin(1, 0)"
        )
    return output(int(target)) if isinstance(target, Integral) else target
