"""What the results share: the check that their parts belong together, and long tables."""

import numpy as np
import pandas as pd
import torch

from seqinterp.errors import ShapeError
from seqinterp.sequence.alphabet import BASES


def same_shape(name: str, tensor: torch.Tensor | None, shape: torch.Size) -> None:
    """Refuse a result whose parts do not belong together."""
    if tensor is not None and tensor.shape != shape:
        raise ShapeError(f"{name} has shape {tuple(tensor.shape)}, but {tuple(shape)} belongs to these inputs")


def long_frame(numbers: torch.Tensor, column: str) -> pd.DataFrame:
    """One row per number, with an index column per axis."""
    axes = ["example", "base", "position"] if numbers.ndim == 3 else [f"axis_{i}" for i in range(numbers.ndim)]
    indices = np.indices(numbers.shape).reshape(numbers.ndim, -1)
    frame = pd.DataFrame(dict(zip(axes, indices, strict=True)))
    if numbers.ndim == 3 and numbers.shape[1] == 4:
        frame["base"] = np.array(list(BASES))[frame["base"]]
    frame[column] = numbers.flatten().numpy()
    return frame
