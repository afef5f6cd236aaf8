"""Masks of images from files: white, or whatever is not black, is marked."""

from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.images.image_set import ImageSet
from seqinterp.io.image_listings import pictures
from seqinterp.io.image_pixels import SUFFIXES, read_pixels
from seqinterp.shapes import FlagRows

HALF = 0.5  # of white, and of a pixel


def read_masks(folder: str | Path, images: ImageSet) -> dict[str, Tensor]:
    """Masks (row, column), True where a picture of the folder is marked, by the name of the image they belong to.

    A mask lies where its image does (`NORMAL/one.png` for `NORMAL/one.jpeg`), or in the folder itself, and has the
    image's name, whatever the ending; an image without one is left out.

    **What is marked.** Where a picture has no more than black and one other value or colour, all that is not black;
    so 0 and 1, 0 and 255, and any colour on black will do. Where it has more, every pixel of which a channel is half of
    white or more.

    **Scaling** to the size of the images: a pixel is marked where half or more of its area is. A marked spot so thin or
    small that no pixel reaches half is marked where it covers half or more of what it covers of any pixel, so that no
    spot is lost.

    Raises:
        FileError: the folder is missing, no file in it belongs to an image, one fits several images or several one
            image, one cannot be read, or holds greys of which none is half of white.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileError(f"{folder} is no folder; give one that holds a mask for each image, under the image's name")
    files = pictures(folder)
    found = _matched(folder, files, images.names)
    if not found:
        raise FileError(
            f"none of the {len(files)} pictures in {folder} has the name of an image, such as {images.names[0]}; name"
            " masks after their images"
        )
    size = (int(images.inputs.shape[2]), int(images.inputs.shape[3]))
    return {name: torch.from_numpy(scaled(_marked(path), size)) for name, path in found.items()}


def _matched(folder: Path, files: list[Path], names: tuple[str, ...]) -> dict[str, Path]:
    """The file of each image that has one."""
    places: dict[str, list[Path]] = {}
    for path in files:
        places.setdefault(path.relative_to(folder).with_suffix("").as_posix(), []).append(path)
    found: dict[str, Path] = {}
    owner: dict[Path, str] = {}
    for name in names:
        own = PurePosixPath(name)
        own = own.with_suffix("") if own.suffix.lower() in SUFFIXES else own
        fitting = [path for place in dict.fromkeys((own.as_posix(), own.name)) for path in places.get(place, [])]
        if len(fitting) > 1:
            one, other = (path.relative_to(folder).as_posix() for path in fitting[:2])
            raise FileError(f"{folder} holds two masks for the image {name}, {one} and {other}; keep one of them")
        for path in fitting:
            if path in owner:
                raise FileError(
                    f"{path} fits two images, {owner[path]} and {name}; put masks into folders like those of the images"
                )
            owner[path], found[name] = name, path
    return found


def _marked(path: Path) -> NDArray[np.bool_]:
    """Which pixels of a picture are marked, at its own size."""
    pixels = read_pixels(path).numpy()
    lit = pixels.max(axis=0)
    first = pixels.reshape(len(pixels), -1)[:, int(lit.argmax())]
    if bool(((lit == 0) | (pixels == first[:, None, None]).all(axis=0)).all()):
        return np.asarray(lit > 0)
    marked = lit >= HALF
    if not marked.any():
        raise FileError(
            f"{path} holds several greys of which none is half of white (the brightest is {lit.max():.3g} of it), so it"
            " cannot be told what is marked; save it with two values, 0 and 255"
        )
    return np.asarray(marked)


def scaled(mask: FlagRows, size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask of another size by how much of each pixel is marked; see `read_masks` for the rule."""
    if mask.shape == tuple(size):
        return mask
    down, across = (_overlaps(own, wanted) for own, wanted in zip(mask.shape, size, strict=True))
    found = np.asarray(down @ mask @ across.T >= HALF - 1e-9)
    spots, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    for number, (rows, columns) in enumerate(ndimage.find_objects(spots), start=1):
        covered = down[:, rows] @ (spots[rows, columns] == number) @ across[:, columns].T
        if covered.max() < HALF - 1e-9:
            found |= covered >= HALF * covered.max()
    return found


def _overlaps(own: int, wanted: int) -> NDArray[np.float64]:
    """The share of each of the wanted pixels of a line that each of its own pixels covers, (wanted, own)."""
    start, step = np.arange(wanted) * own / wanted, own / wanted
    pixel = np.arange(own)
    common = np.minimum(start[:, None] + step, pixel + 1) - np.maximum(start[:, None], pixel)
    shares: NDArray[np.float64] = common.clip(min=0) / step
    return shares
