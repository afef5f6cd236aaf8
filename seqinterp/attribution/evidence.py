"""What a certificate is made of: does it add up, what does the model put out, and can it be made again?"""

import hashlib
import platform
from importlib.metadata import version

import torch
from torch import nn

from seqinterp.shapes import Attributions, Inputs, Scores


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


def saturated_share(score: Scores, kind: str) -> float:
    """The share of scores within 1 % of a bound, when they are probabilities."""
    if kind != "probability":
        return 0.0
    return float(((score < 0.01) | (score > 0.99)).double().mean())


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
