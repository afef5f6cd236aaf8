"""The evidence that comes with every answer: does it add up, and can it be made again?"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import torch
from torch import nn

from seqinterp.shapes import Attributions, Inputs, Scores


@dataclass(frozen=True)
class Certificate:
    """What is known about one set of attributions.

    completeness_error: largest |sum of attributions - (score - reference score)| over the examples, in
        score units, or None where the method promises no sum.
    relative_completeness_error: the same divided by the largest |score - reference score|.
    batch_deviation: largest change of the first example's attributions when it is explained alone.
    output_kind: "probability" when outputs stay in [0, 1] even for inputs a hundred times as strong (saturated
        probabilities flatten gradients: explain the logit), "logit" for other tensors, "unknown" for other outputs.
    """

    method: str
    options: Mapping[str, Any]
    completeness_error: float | None
    relative_completeness_error: float | None
    batch_deviation: float
    output_kind: str
    model_hash: str
    seed: int
    device: str
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All fields, as JSON can hold them."""
        return asdict(self)


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    names = ("seqinterp", "torch", "numpy", "numba")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def model_hash(model: nn.Module) -> str:
    """A fingerprint of the parameters and buffers: equal weights under equal names give equal hashes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if not isinstance(tensor, torch.Tensor):
            continue
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def completeness_error(values: Attributions, score: Scores, reference_score: Scores) -> tuple[float, float]:
    """How far the attributions are from adding up to `score - reference_score`: absolute and relative."""
    owed = (score - reference_score).double()
    error = (values.double().flatten(1).sum(1) - owed).abs().max().item()
    largest = owed.abs().max().item()
    return error, error / largest if largest > 0 else float(error > 0)


def output_kind(model: nn.Module, inputs: Inputs) -> str:
    """'probability', 'logit' or 'unknown': what the model puts out for these inputs and for far stronger ones.

    A logit may lie in [0, 1] by chance; what lies there at a hundred times the input, either sign, is squashed.
    """
    with torch.no_grad():
        for strength in (1.0, 100.0, -100.0):
            outputs = model(inputs * strength)
            if not isinstance(outputs, torch.Tensor):
                return "unknown"
            if not bool(((outputs >= 0) & (outputs <= 1)).all()):
                return "logit"
    return "probability"
