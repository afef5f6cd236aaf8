"""One picture file as numbers from 0 to 1: PNG, JPEG and what else pillow reads, and DICOM."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.io.dicom import DICOM, dicom_pixels

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".pgm", ".ppm", *DICOM}
_SIXTEEN = {"I;16", "I;16B", "I;16L", "I;16N"}


def read_pixels(path: Path) -> Tensor:
    """A picture as float32 (channel, row, column) from 0 to 1, one channel where it is grey, else three.

    8 bits are divided by 255, 16 bits by 65535. The orientation that a camera noted (EXIF) is applied. What is
    transparent is black. A palette is looked up. DICOM is read as `dicom_pixels` says.

    Raises:
        FileError: a file that is missing, broken, no picture, or holds several.
    """
    if path.suffix.lower() in DICOM:
        return dicom_pixels(path)
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if (frames := getattr(opened, "n_frames", 1)) > 1:
                    raise FileError(f"{path} holds {frames} pictures; save each in a file of its own")
                opened.load()
                return _numbers(path, ImageOps.exif_transpose(opened))
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist; check the name and the folder") from error
    except UnidentifiedImageError as error:
        raise FileError(f"{path} is no picture that can be read; give PNG or JPEG, or save it anew") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileError(f"{path} would unpack to too many pixels ({error}); make it smaller first") from error
    except FileError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what pillow raises for broken files
        raise FileError(f"{path} is broken and cannot be read ({str(error).rstrip('.')}); fetch it again") from error


def _numbers(path: Path, picture: "Image.Image") -> Tensor:
    """The pixels of an opened picture, channels first."""
    if picture.mode in _SIXTEEN or picture.mode in ("I", "F"):
        return _deep(path, picture)
    if picture.mode == "LA" or (picture.mode == "L" and "transparency" in picture.info):
        grey, alpha = np.moveaxis(np.asarray(picture.convert("LA"), dtype=np.float32) / 255, 2, 0)
        return torch.from_numpy((grey * alpha)[None])
    if picture.mode in ("1", "L"):
        return torch.from_numpy(np.asarray(picture.convert("L"), dtype=np.float32)[None] / 255)
    shown = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
    colours = np.ascontiguousarray((shown[..., :3] * shown[..., 3:]).transpose(2, 0, 1))
    if picture.mode in ("P", "PA") and (colours == colours[:1]).all():  # a palette of greys
        colours = colours[:1]
    return torch.from_numpy(colours)


def _deep(path: Path, picture: "Image.Image") -> Tensor:
    """Grey pixels of more than 8 bits."""
    pixels = np.asarray(picture).astype(np.float64)
    scale = 1 if picture.mode == "F" else 65535  # pillow before 10 opens 16 bits as 32 ("I")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= scale):
        raise FileError(
            f"{path} holds numbers from {low:g} to {high:g}, where 0 to {scale} are wanted; save it with 8 or 16 bits"
        )
    return torch.from_numpy((pixels / scale).astype(np.float32)[None])
