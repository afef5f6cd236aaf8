"""What `attribute` and `mutate` share: the checked score, and where a result comes from."""

from typing import Any

import torch
from torch import nn

from seqinterp.attribution.evidence import model_hash, output_kind, versions
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import borrowed, scores
from seqinterp.errors import ModelError
from seqinterp.shapes import Inputs, Scores

KIND_EXAMPLES = 32  # enough to tell a logit from a probability


def finite_scores(score: Score, inputs: Inputs, *, batch_size: int | None, device: torch.device) -> Scores:
    """The score of each example, `(batch,)`.

    Raises:
        ModelError: the score is not one finite number per example.
    """
    found = scores(score, inputs, batch_size=batch_size, device=device)
    refuse_odd_scores(found, len(inputs))
    return found


def refuse_odd_scores(found: torch.Tensor, count: int) -> None:
    """Raise ModelError unless there are `count` finite numbers, naming the first that is not."""
    if found.shape != (count,):
        raise ModelError(
            f"the target must reduce the model's outputs to one number per example, shape ({count},);"
            f" it gave shape {tuple(found.shape)}"
        )
    wrong = (~torch.isfinite(found)).nonzero().flatten()
    if len(wrong):
        raise ModelError(f"the score of example {int(wrong[0])} is {float(found[wrong[0]])}, so it cannot be explained")


def output_count(model: nn.Module, inputs: Inputs, device: torch.device) -> int:
    """How many numbers the model puts out for one example.

    Raises:
        ModelError: it does not return one tensor.
    """
    with borrowed(model, device), torch.no_grad():
        outputs = model(inputs[:1].to(device, copy=True))
    if not isinstance(outputs, torch.Tensor):
        raise ModelError(
            f"the model returns a {type(outputs).__name__}; wrap it in a module that returns the one tensor to explain"
        )
    return outputs[0].numel()


def origin(score: Score, inputs: Inputs, *, seed: int, device: torch.device, rows: int | None = None) -> dict[str, Any]:
    """The facts that make a result traceable: kind of output, model, seed, device, versions."""
    with borrowed(score, device):
        kind = output_kind(score, inputs[: min(KIND_EXAMPLES, rows or KIND_EXAMPLES)].to(device, copy=True))
    return {
        "output_kind": kind,
        "model_hash": model_hash(score.model),
        "seed": seed,
        "device": str(device),
        "versions": versions(),
    }
