"""What a certificate is made of: does it add up, what does the model put out, and can it be made again?"""

import hashlib
import platform
from functools import cache
from importlib.metadata import version

import torch
from torch import nn

from seqinterp.shapes import Attributions, Inputs, Scores

LEAST = 1e-3  # of the scores: a smaller difference of them is held against this


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Looked up once: reading the descriptions of packages takes milliseconds."""
    names = ("seqinterp", "torch", "numpy", "numba")
    return ("python", platform.python_version()), *((name, version(name)) for name in names)


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
    """How far the attributions are from adding up to `score - reference_score`: absolute and relative.

    Both are the largest over the examples, each held against its own difference, or against a thousandth of its
    scores where these hardly differ: rounding is no error.
    """
    owed = (score - reference_score).double()
    error = (values.double().flatten(1).sum(1) - owed).abs()
    least = LEAST * torch.maximum(score.abs(), reference_score.abs()).double()
    size = torch.maximum(owed.abs(), least)
    relative = torch.where(size > 0, error / size.where(size > 0, 1.0), (error > 0).double())
    return float(error.max()), float(relative.max())


def saturated_share(score: Scores, kind: str) -> float:
    """The share of scores within 1 % of a bound, when they are probabilities."""
    if kind != "probability":
        return 0.0
    return float(((score < 0.01) | (score > 0.99)).double().mean())


def output_kind(score: nn.Module, inputs: Inputs) -> str:
    """'probability', 'logit' or 'unknown': what a score is for these inputs and for far stronger ones.

    A logit may lie in [0, 1] by chance; what lies there at a hundred times the input, either sign, is squashed. A
    model that cannot be asked so (it looks up whole numbers, or checks its inputs) is 'unknown'.
    """
    with torch.no_grad():
        for strength in (1.0, 100.0, -100.0):
            try:
                found = score(inputs * strength)
            except Exception:  # noqa: BLE001 - whatever the model thinks of such inputs must not stop the caller
                return "unknown"
            if not isinstance(found, torch.Tensor) or bool(found.isnan().any()):
                return "unknown"
            if not bool(((found >= 0) & (found <= 1)).all()):
                return "logit"
    return "probability"
