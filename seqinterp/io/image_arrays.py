"""Images kept as arrays: .npz as MedMNIST writes it, and IDX as MNIST comes in."""

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import FileError

ZIP, GZIP, IDX = b"PK\x03\x04", b"\x1f\x8b", b"\x00\x00\x08"
MEDMNIST = (("train", "train"), ("val", "valid"), ("test", "test"))  # its name of a part, and ours


@dataclass(frozen=True)
class Stored:
    """Images of bytes (image, row, column, channel), their labels, and their sides of a split where the file says."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    split: tuple[str, ...] | None


def stored_arrays(path: Path) -> Stored | None:
    """What a file of arrays holds; None where it is none, by its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error
    if start == ZIP:
        return _medmnist(path)
    if start.startswith(IDX) or (start.startswith(GZIP) and _unzipped(path)[:3] == IDX):
        return _idx_pair(path)
    return None


def _medmnist(path: Path) -> Stored:
    """All parts that are there, in the order train, valid, test."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileError(f"{path} cannot be read as .npz ({str(error).rstrip('.')}); fetch it again") from error
    pixels, labels, names, split = [], [], [], []
    for theirs, ours in MEDMNIST:
        if f"{theirs}_images" not in arrays:
            continue
        images, classes = _checked(path, theirs, arrays[f"{theirs}_images"], arrays.get(f"{theirs}_labels"))
        pixels.append(images)
        labels.append(classes)
        names += [f"{ours}_{number}" for number in range(len(images))]
        split += [ours] * len(images)
    if not pixels:
        raise FileError(
            f"{path} holds {', '.join(arrays) or 'nothing'}, where train_images and train_labels are wanted"
        )
    if len({array.shape[1:] for array in pixels}) > 1:
        raise FileError(f"{path}: its parts hold images of different sizes; keep one size")
    return Stored(np.concatenate(pixels), np.concatenate(labels), tuple(names), tuple(split))


def _checked(
    path: Path, part: str, images: NDArray[Any], labels: NDArray[Any] | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Bytes (image, row, column, channel) and one class number for each."""
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3)):
        raise FileError(
            f"{path}: {part}_images must be bytes (image, row, column) or with 1 or 3 channels last, not {images.dtype}"
            f" {images.shape}"
        )
    if labels is None or labels.size != len(images) or labels.dtype.kind not in "iu":
        came = "none came" if labels is None else f"{labels.dtype} {labels.shape} came"
        raise FileError(f"{path}: one class number is wanted for each of {len(images)} {part} images, but {came}")
    shaped = images if images.ndim == 4 else images[..., None]
    return shaped, labels.reshape(-1).astype(np.int64)


def _idx_pair(path: Path) -> Stored:
    """A file of images and the file of labels beside it, whose name has labels and idx1 for images and idx3."""
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == path or not beside.exists():
        raise FileError(f"{path} holds images without labels; give it with {beside.name} beside it")
    pixels, labels = _idx(path), _idx(beside)
    if pixels.ndim != 3 or labels.shape != pixels.shape[:1]:
        raise FileError(f"{path} and {beside.name} do not fit: {pixels.shape} and {labels.shape}")
    names = tuple(f"{path.name.split('-')[0]}_{number}" for number in range(len(pixels)))
    return Stored(pixels[..., None], labels.astype(np.int64), names, None)


def _idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of bytes: 0, 0, 8, the number of axes, their lengths, then the bytes."""
    content = _unzipped(path)
    axes = content[3] if content.startswith(IDX) and len(content) > 3 else 0
    shape = tuple(int(length) for length in np.frombuffer(content[4 : 4 + 4 * axes], ">u4"))
    if not axes or len(content) != 4 + 4 * axes + int(np.prod(shape)):
        raise FileError(f"{path} is no whole IDX file of bytes ({len(content)} bytes); fetch it again")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _unzipped(path: Path) -> bytes:
    """The bytes of a file, gunzipped where it is gzipped."""
    content = path.read_bytes()
    try:
        return gzip.decompress(content) if content.startswith(GZIP) else content
    except (EOFError, zlib.error, OSError) as error:
        raise FileError(f"{path} is gzipped but cut short or damaged ({error}); fetch it again") from error
