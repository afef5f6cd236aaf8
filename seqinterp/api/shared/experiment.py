"""What the calls that try motifs in sequences share: the borrowed model, and where their results come from."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from seqinterp.api.shared.score import origin
from seqinterp.attribution.notes import Notes, heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import borrowed
from seqinterp.errors import ModelError
from seqinterp.shapes import Sequences

EXAMPLES = 64  # sequences that are edited between two steps of the progress bar


@contextmanager
def trying(score: Score, place: torch.device) -> Iterator[Notes]:
    """Hold the model on `place`, without gradients; listen to how effects are computed."""
    with torch.inference_mode(False), torch.no_grad(), borrowed(score, place), heard() as notes:
        yield notes


def stretches(count: int, size: int = EXAMPLES) -> list[tuple[int, int]]:
    """Examples `[first, last)`, `size` at a time."""
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def facts_of(score: Score, inputs: Sequences, notes: Notes, *, seed: int, place: torch.device) -> dict[str, Any]:
    """Kind of output, model hash, seed, device, versions, how effects were computed, and what was said on the way."""
    said = {"computed": notes.rules.get("mutagenesis", "what each edit reaches"), "warnings": list(notes.warnings)}
    return {**origin(score, inputs, seed=seed, device=place), **said}


def refuse_odd_effects(*found: Tensor) -> None:
    """Raise ModelError unless all numbers are finite."""
    if not all(bool(torch.isfinite(numbers).all()) for numbers in found):
        raise ModelError("the score of some edited sequences is NaN or infinite, so effects cannot be told")
