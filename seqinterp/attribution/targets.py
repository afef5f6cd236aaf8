"""Targets: what is asked of the model's outputs, as one number per example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

import torch
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
class flattened:
    """The output with this index among all outputs of an example, counted through their axes in order."""

    index: int

    def __call__(self, outputs: object) -> Scores:
        """Pick one number of `outputs`, `(batch, *outputs)`."""
        if not isinstance(outputs, Tensor):
            raise ModelError(
                f"the model returns a {type(outputs).__name__}, not one tensor whose outputs can be counted"
            )
        return output(self.index)(outputs.reshape(len(outputs), -1))


@dataclass(frozen=True)
class margin:
    """Output `index` minus output `other`: why this and not that."""

    index: int
    other: int

    def __call__(self, outputs: object) -> Scores:
        """Difference of two columns of `outputs`."""
        return output(self.index)(outputs) - output(self.other)(outputs)


@dataclass(frozen=True)
class log_odds:
    """The log-odds of output `index`, a probability: log p - log(1 - p), the logit it was squashed from."""

    index: int = 0

    def __call__(self, outputs: object) -> Scores:
        """Unsquash column `index` of `outputs`."""
        probability = output(self.index)(outputs)
        if not bool(((probability > 0) & (probability < 1)).all()):
            wrong = float(probability[~((probability > 0) & (probability < 1))][0])
            raise ModelError(
                f"log-odds need probabilities between 0 and 1, both left out, but output {self.index} is {wrong}; if it"
                " is a logit use it as it is, and if it is a saturated probability explain the layer before the sigmoid"
            )
        return probability.log() - (1 - probability).log()


@dataclass(frozen=True)
class contrast:
    """The mean of the outputs `positive` minus the mean of the outputs `negative`: these tasks and not those."""

    positive: int | Sequence[int]
    negative: int | Sequence[int]

    def __post_init__(self) -> None:
        both = [index for side in self._sides() for index in side]
        if not all(self._sides()) or len(set(both)) < len(both):
            raise InputError(
                "a contrast needs one or more outputs on each side and none of them twice; positive is"
                f" {self.positive} and negative {self.negative}"
            )

    def __call__(self, outputs: object) -> Scores:
        """Difference of two means of columns of `outputs`."""
        positive, negative = (
            torch.stack([output(index)(outputs) for index in side]).mean(dim=0) for side in self._sides()
        )
        return positive - negative

    def _sides(self) -> list[tuple[int, ...]]:
        """Both sides as indices."""
        return [tuple(side) if isinstance(side, Sequence) else (side,) for side in (self.positive, self.negative)]


@dataclass(frozen=True)
class counts:
    """The log counts of a two-headed model such as BPNet: one number per example, as that head gives it.

    head: which of the model's outputs, by place or by key; None takes the second of two, as BPNet returns them, or
        the tensor itself when there is but one.
    index: which column, where the head has several (strands, tasks).
    """

    head: int | str | None = None
    index: int | None = None

    def __call__(self, outputs: object) -> Scores:
        """Pick the one column of the head."""
        values = _pick_head(outputs, self.head, otherwise=1)
        table = values.unsqueeze(1) if values.ndim == 1 else values
        if table.ndim != 2 or (self.index is None and table.shape[1] != 1):
            raise ModelError(
                f"counts are one number per example, (batch, 1), but that head has shape {tuple(values.shape)};"
                " choose another with counts(head=...), or one of several columns with counts(index=...)"
            )
        return output(self.index or 0)(table)


@dataclass(frozen=True)
class profile:
    """The shape of a profile as one number: its mean-normalised logits weighted by their own softmax.

    With z the logits less their mean over strands and positions, sum over both of z softmax(z): what BPNet's users
    explain (Avsec et al. 2021, doi:10.1038/s41588-021-00782-6). It grows as the profile gets sharper.

    head: which of the model's outputs, by place or by key; None takes the first of two, as BPNet returns them, or the
        tensor itself when there is but one. The head is (batch, position) or (batch, strand, position), logits.
    channels: which strands, where the head has more than two channels (tasks); they share one softmax.
    fixed_weights: stop the gradient through the softmax, as chrombpnet does. DeepLIFT is then not complete.
    """

    head: int | str | None = None
    channels: tuple[int, ...] | None = None
    fixed_weights: bool = False

    def __call__(self, outputs: object) -> Scores:
        """Reduce the logits of each example."""
        logits = _pick_head(outputs, self.head, otherwise=0)
        if logits.ndim not in (2, 3) or logits.shape[-1] < 2:
            raise ModelError(
                "a profile has shape (batch, position) or (batch, strand, position), but that head has shape"
                f" {tuple(logits.shape)}; choose another with profile(head=...)"
            )
        chosen = self._strands(logits.unsqueeze(1) if logits.ndim == 2 else logits).flatten(1)
        centred = chosen - chosen.mean(dim=1, keepdim=True)
        weights = torch.softmax(centred.detach() if self.fixed_weights else centred, dim=1)
        return (centred * weights).sum(dim=1)

    def _strands(self, logits: Tensor) -> Tensor:
        """The channels asked for; without a choice all there are, two at most."""
        count = logits.shape[1]
        if self.channels is None:
            if count > 2:
                raise ModelError(
                    f"the profile has {count} channels, more than the two strands of one task; choose with"
                    " profile(channels=(0, 1))"
                )
            return logits
        if not self.channels or not all(0 <= channel < count for channel in self.channels):
            raise InputError(
                f"channels {tuple(self.channels)} were asked for, but the profile has {count}, numbered 0 to"
                f" {count - 1}"
            )
        return logits[:, list(self.channels)]


@dataclass(frozen=True)
class position:
    """One place of a head `(batch, channel, position)`: the output of `channel` at `index`.

    head: which of the model's outputs, by place or by key, where there are several.
    """

    channel: int
    index: int
    head: int | str | None = None

    def __call__(self, outputs: object) -> Scores:
        """Pick one number per example."""
        values = _pick_head(outputs, self.head, otherwise=None)
        if values.ndim != 3:
            raise ModelError(
                f"an output position is one of (batch, channel, position), but the outputs have shape"
                f" {tuple(values.shape)}; use target=an index for (batch, outputs)"
            )
        _, channels, length = values.shape
        if not (0 <= self.channel < channels and 0 <= self.index < length):
            raise InputError(
                f"channel {self.channel} at position {self.index} was asked for, but the outputs have channels 0 to"
                f" {channels - 1} and positions 0 to {length - 1}"
            )
        return values[:, self.channel, self.index]


def _pick_head(outputs: object, head: int | str | None, *, otherwise: int | None) -> Tensor:
    """One tensor of what the model returns; `otherwise` is the place taken of two when no head is named."""
    if isinstance(outputs, Tensor):
        if head not in (None, 0):
            raise ModelError(f"head {head!r} was asked for, but the model returns one tensor; leave head out")
        return outputs
    if isinstance(outputs, Mapping):
        names = ", ".join(repr(name) for name in outputs)
        found = outputs.get(head)
    elif isinstance(outputs, Sequence):
        names = f"0 to {len(outputs) - 1}"
        place = {1: 0, 2: otherwise}.get(len(outputs)) if head is None else head
        found = outputs[place] if isinstance(place, int) and 0 <= place < len(outputs) else None
    else:
        raise ModelError(f"the model returns a {type(outputs).__name__}; pass target=a callable that picks from it")
    if not isinstance(found, Tensor):
        asked = "it was not said which one is meant" if head is None else f"head {head!r} is not a tensor among them"
        raise ModelError(f"the model returns a {type(outputs).__name__} with heads {names}, and {asked}; pass head=")
    return found


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
