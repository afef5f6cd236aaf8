"""The text files of the released DeepBind models (format "deepbind 0.1", A. Delong)."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.models.deepbind import DeepBind, DeepBindSettings

HEADER = "# deepbind 0.1"
COUNTS = ("reverse_complement", "num_detectors", "detector_len", "has_avg_pooling", "num_hidden")
ARRAYS = ("detectors", "thresholds", "weights1", "biases1", "weights2", "biases2")


def looks_like_deepbind(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a DeepBind model, of any version."""
    return start.lstrip().startswith(b"# deepbind")


def read_deepbind(path: str | Path, *, scan: bool = True, skip_last_window: bool = True) -> DeepBind:
    """A released DeepBind model, in evaluation mode.

    `scan` and `skip_last_window` are explained at DeepBindSettings; the defaults give the published scores.
    Raises FileError, naming file and line, where the file is not what it should be.
    """
    path = Path(path)
    numbers = _parse(path)
    counts = {name: int(numbers[name][0]) for name in COUNTS}
    if min(counts["num_detectors"], counts["detector_len"]) < 1 or counts["num_hidden"] < 0:
        raise FileError(f"{path} describes no usable network: num_detectors and detector_len must be positive")
    settings = DeepBindSettings(
        filters=counts["num_detectors"],
        width=counts["detector_len"],
        hidden=counts["num_hidden"],
        average_pool=bool(counts["has_avg_pooling"]),
        reverse_complement=bool(counts["reverse_complement"]),
        scan=scan,
        skip_last_window=skip_last_window,
    )
    _check_sizes(path, settings, numbers)
    model = DeepBind(settings)
    model.load_state_dict(_tensors(settings, numbers))
    return model.eval()


def _parse(path: Path) -> dict[str, np.ndarray]:
    """The numbers of the file by their names."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as the text of a DeepBind model: {error}") from error
    if not lines or lines[0].strip() != HEADER:
        raise FileError(f"{path} must start with {HEADER!r}, but it starts with {(lines or [''])[0][:40]!r}")
    numbers: dict[str, np.ndarray] = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        name, _, values = line.partition("=")
        try:
            parsed = np.array([float(value) for value in values.split(",") if value.strip()])
        except ValueError as error:
            raise FileError(f"{path}, line {number}: {name.strip()!r} holds something that is no number") from error
        if name.strip() in COUNTS and (len(parsed) != 1 or parsed[0] != int(parsed[0])):
            raise FileError(f"{path}, line {number}: {name.strip()} must be one whole number")
        if not np.isfinite(parsed).all():
            raise FileError(f"{path}, line {number}: {name.strip()} holds NaN or infinite numbers")
        numbers[name.strip()] = parsed
    missing = [name for name in (*COUNTS, *ARRAYS) if name not in numbers]
    if missing:
        raise FileError(f"{path} lacks the line {missing[0]!r}; it may be cut short")
    return numbers


def _check_sizes(path: Path, settings: DeepBindSettings, numbers: dict[str, np.ndarray]) -> None:
    """Refuse a file whose arrays do not fit its counts."""
    pooled = settings.filters * (2 if settings.average_pool else 1)
    units = settings.hidden or 1
    wanted = {
        "detectors": settings.filters * settings.width * 4,
        "thresholds": settings.filters,
        "weights1": pooled * units,
        "biases1": units,
        "weights2": settings.hidden,
        "biases2": 1 if settings.hidden else 0,
    }
    for name, size in wanted.items():
        if len(numbers[name]) != size:
            raise FileError(f"{path}: {name} must hold {size} numbers, but it holds {len(numbers[name])}")


def _tensors(settings: DeepBindSettings, numbers: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The arrays of the file as the module's state.

    Detectors are stored as (position, base, detector), weights1 as (pooled, unit) with the largest and the mean of
    a detector side by side. Without a hidden layer weights1 and biases1 are the last layer.
    """
    detectors = numbers["detectors"].reshape(settings.width, 4, settings.filters).transpose(2, 1, 0)
    first = numbers["weights1"].reshape(-1, settings.hidden or 1).T
    arrays = {"filters.weight": detectors, "filters.bias": numbers["thresholds"]}
    if settings.hidden:
        arrays |= {"hidden.0.weight": first, "hidden.0.bias": numbers["biases1"]}
        arrays |= {"output.weight": numbers["weights2"][None], "output.bias": numbers["biases2"]}
    else:
        arrays |= {"output.weight": first, "output.bias": numbers["biases1"]}
    return {name: torch.from_numpy(np.ascontiguousarray(array)).float() for name, array in arrays.items()}
