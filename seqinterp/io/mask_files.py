"""Masks of images from files: white is marked."""

from pathlib import Path

import torch
from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.images.greys import as_grey, resized
from seqinterp.images.image_set import ImageSet
from seqinterp.io.image_pixels import SUFFIXES, read_pixels


def read_masks(folder: str | Path, images: ImageSet) -> dict[str, Tensor]:
    """Masks (row, column), True where a picture of the folder is white, by the name of the image they belong to.

    A mask lies where its image does (`NORMAL/one.png` for `NORMAL/one.jpeg`), or in the folder itself, and has the
    image's name, whatever the ending; an image without one is left out. Masks are scaled to the size of the images.

    Raises:
        FileError: the folder is missing, no file in it belongs to an image, or one cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileError(f"{folder} is no folder; give one that holds a mask for each image, under the image's name")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    by_place = {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}
    size = (int(images.inputs.shape[2]), int(images.inputs.shape[3]))
    found = {}
    for name in images.names:
        own = Path(name).with_suffix("")
        path = by_place.get(own.as_posix()) or by_place.get(own.name)
        if path is not None:
            grey = as_grey(read_pixels(path))
            found[name] = resized(grey[None], size)[0, 0] >= 0.5
    if not found:
        raise FileError(
            f"none of the {len(files)} pictures in {folder} has the name of an image, such as {images.names[0]}; name"
            " masks after their images"
        )
    return {name: torch.as_tensor(mask) for name, mask in found.items()}
