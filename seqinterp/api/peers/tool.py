"""What another tool is asked, and how it says what it can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.shapes import Attributions, Inputs, Outputs, References


class OneOutput(nn.Module):
    """A score as a model with a single output, `(batch, 1)`: the form that every tool takes."""

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.score = score

    def forward(self, inputs: Inputs) -> Outputs:
        """The score of each example as a column."""
        scores: Outputs = self.score(inputs).unsqueeze(1)
        return scores


@dataclass(frozen=True, eq=False)
class Task:
    """What is explained: output 0 of `model` for `inputs`, each against its own `references`."""

    model: nn.Module
    inputs: Inputs
    references: References

    @property
    def draws(self) -> int:
        """References per example."""
        return self.references.shape[1]

    @property
    def at_once(self) -> int:
        """Rows the model is shown at once: as many as our own methods show it."""
        return rows_at_once(self.inputs[:1].numel())

    def take(self, few: slice | list[int]) -> "Task":
        """The same question about a few of the examples, copied: a tool may work in place."""
        return replace(self, inputs=self.inputs[few].clone(), references=self.references[few].clone())

    def parts(self) -> list["Task"]:
        """The same question a few examples at a time, at least two, as memory allows."""
        size = max(2, self.at_once // self.draws)
        return [self.take(slice(start, start + size)) for start in range(0, len(self.inputs), size)]

    def pairs(self) -> tuple[Inputs, Inputs]:
        """Every example beside each of its references, `(batch * draws, *features)` both."""
        return self.inputs.repeat_interleave(self.draws, dim=0), self.references.flatten(0, 1)

    def over_draws(self, values: Tensor) -> Attributions:
        """The mean over the references of values for pairs, `(batch, *features)`."""
        mean: Attributions = values.unflatten(0, (len(self.inputs), self.draws)).mean(dim=1)
        return mean

    @property
    def shared(self) -> bool:
        """Whether all examples have the same references."""
        return bool((self.references == self.references[:1]).all())


@dataclass(frozen=True)
class Call:
    """One method of a tool: how its users write it, and how it is asked."""

    words: str
    ask: Callable[[Task], Any]


@dataclass(frozen=True)
class Tool:
    """A tool under the name it is imported by, and its counterparts of our methods.

    chatter: parts of warnings that it always gives and that say nothing about the numbers.
    """

    name: str
    calls: Mapping[str, Call]
    chatter: tuple[str, ...] = ()


def as_values(answer: object, inputs: Inputs) -> Attributions:
    """What a tool returned as a tensor on the CPU; one trailing axis for a single output is dropped.

    Raises:
        TypeError: it is no array.
        ValueError: it has another shape than the inputs.
    """
    found = answer[0] if isinstance(answer, list | tuple) and len(answer) == 1 else answer
    values = torch.as_tensor(found).detach().cpu()
    if values.shape == (*inputs.shape, 1):
        values = values.squeeze(-1)
    if values.shape != inputs.shape:
        raise ValueError(f"it returned shape {tuple(values.shape)} for inputs of shape {tuple(inputs.shape)}")
    return values.to(inputs.dtype)
