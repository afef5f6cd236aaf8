"""DICOM pictures, read with pydicom where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqinterp.errors import FileError

DICOM = {".dcm", ".dicom"}


def dicom_pixels(path: Path) -> Tensor:
    """A DICOM picture as float32 (channel, row, column) from 0 to 1, white bright also where it was stored inverted.

    Stored numbers become what they stand for (rescale slope and intercept), then the window of the file decides what
    is black and white (linear, linear exact or sigmoid, PS3.3 C.11.2.1; the first of several). Without a window they
    are the least and the greatest number that the stored bits can hold, so that pictures stay comparable.

    Raises:
        FileError: pydicom is not installed, or the file is missing, broken, or holds no or several pictures.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
        from pydicom.pixels import apply_modality_lut, pixel_array
    except ImportError as error:
        raise FileError(f"{path} is DICOM, which pydicom 3 or newer reads; install it (pip install pydicom)") from error
    try:
        data = pydicom.dcmread(path)
        stored = np.asarray(pixel_array(data))
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist; check the name and the folder") from error
    except InvalidDicomError as error:
        raise FileError(f"{path} is named like DICOM but is none; check where it came from") from error
    except (AttributeError, ValueError, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise FileError(f"{path}: its picture cannot be read ({reason}); save it uncompressed") from error
    if int(getattr(data, "NumberOfFrames", 1) or 1) > 1:
        raise FileError(f"{path} holds {data.NumberOfFrames} pictures; save each in a file of its own")
    bits = int(data.BitsStored)
    if stored.ndim == 3:  # colours come as RGB
        return torch.from_numpy(np.clip(stored.transpose(2, 0, 1) / (2**bits - 1), 0, 1).astype(np.float32))
    signed = int(data.PixelRepresentation) == 1
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
    values = np.asarray(apply_modality_lut(stored, data), dtype=np.float64)
    if "ModalityLUTSequence" in data:
        low, high = 0.0, float(2 ** int(data.ModalityLUTSequence[0].LUTDescriptor[2]) - 1)
    else:
        low, high = sorted(np.asarray(apply_modality_lut(ends, data), dtype=np.float64).tolist())
    shown = windowed(values, data) if data.get("WindowWidth") is not None else (values - low) / (high - low)
    if data.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    return torch.from_numpy(np.clip(shown, 0, 1).astype(np.float32)[None])


def windowed(values: NDArray[np.float64], data: Any) -> NDArray[np.float64]:
    """Numbers through the first window of a DICOM file, 0 to 1 within it."""
    centre, width = (float(np.atleast_1d(data[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
    function = str(data.get("VOILUTFunction", "LINEAR") or "LINEAR")
    shown: NDArray[np.float64]
    if function == "SIGMOID":
        shown = 1 / (1 + np.exp(-4 * (values - centre) / width))
    elif function == "LINEAR_EXACT":
        shown = (values - centre) / width + 0.5
    else:
        shown = (values - centre + 0.5) / max(width - 1, 1e-9) + 0.5
    return np.clip(shown, 0, 1)
