"""Images turned, shifted, scaled, made grey or mirrored a little, so that training sees each in many forms."""

import hashlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from seqinterp.errors import InputError
from seqinterp.images.greys import as_grey
from seqinterp.images.image_set import ImageSet
from seqinterp.images.variants import variants_of

NUMBERS = 6  # drawn per image: turn, shift down, shift right, scale, grey, mirror
AT_ONCE = 256  # images that are changed at a time


@dataclass(frozen=True)
class Augmentation:
    """What may happen to an image, each drawn evenly and anew for every image; the corners left empty are filled with
    the nearest pixel.

    Attributes:
        rotation: degrees that it is turned by at most, either way.
        shift: share of its height and of its width that it is moved by at most, either way.
        scale: by how much it is made larger or smaller at most: 0.05 is 0.95 to 1.05 times.
        grey: the probability that an image in colours is made grey.
        flip: whether half of the images are mirrored, left for right.

    Raises:
        InputError: a number outside what it can be.
    """

    rotation: int | float = 10.0
    shift: int | float = 0.05
    scale: int | float = 0.05
    grey: int | float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        for name, value, most in (
            ("rotation", self.rotation, 180),
            ("shift", self.shift, 1),
            ("scale", self.scale, 0.9),
            ("grey", self.grey, 1),
        ):
            if not 0 <= value <= most:
                raise InputError(f"{name} of an augmentation must be from 0 to {most}, but it is {value}")

    def __call__(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        """Change a batch (batch, channel, row, column), with numbers drawn from a generator on the CPU, image by image.

        Ask `refuse_mirrors` first where the images are at hand: a batch does not know its laterality.
        """
        return self.by_numbers(inputs, torch.rand(len(inputs), NUMBERS, generator=generator))

    def by_numbers(self, inputs: Tensor, numbers: Tensor) -> Tensor:
        """Change a batch by numbers (batch, 6) from 0 to 1: turn, shift down and right, scale, grey, mirror."""
        either_way = 2 * numbers.double() - 1
        changed = inputs
        if self.rotation or self.shift or self.scale or self.flip:
            changed = moved(
                inputs,
                degrees=self.rotation * either_way[:, 0],
                down=self.shift * either_way[:, 1],
                right=self.shift * either_way[:, 2],
                larger=1 + self.scale * either_way[:, 3],
                mirrored=(numbers[:, 5] < 0.5) & self.flip,
            )
        if self.grey and inputs.shape[1] > 1:
            to_grey = (numbers[:, 4] < self.grey).to(inputs.device)[:, None, None, None]
            changed = torch.where(to_grey, as_grey(changed), changed)
        return changed


def augmented(images: ImageSet, augmentation: Augmentation, *, draws: int = 1, seed: int = 0) -> ImageSet:
    """Every image `draws` times, each time changed in another way; parents, groups and split are kept.

    What happens to an image is decided by the seed and its name: the same in any order and beside any others.

    Raises:
        InputError: a flip is asked for where left and right differ, or no draws.
    """
    refuse_mirrors(augmentation, images)
    if draws < 1:
        raise InputError(f"at least one draw per image is needed, but draws is {draws}")
    rows = [row for row in range(len(images)) for _ in range(draws)]
    numbers = torch.cat([_numbers(name, draws, seed) for name in images.names])
    words = [f"augmented {draw + 1}" for _ in range(len(images)) for draw in range(draws)]
    done = [
        augmentation.by_numbers(images.inputs[rows[start : start + AT_ONCE]], numbers[start : start + AT_ONCE])
        for start in range(0, len(rows), AT_ONCE)
    ]
    return variants_of(images, rows, inputs=torch.cat(done), words=words)


def refuse_mirrors(augmentation: Augmentation, images: ImageSet) -> None:
    """InputError where images would be mirrored whose left and right differ."""
    if augmentation.flip and images.laterality:
        raise InputError(
            "these images have a left and a right that differ (laterality), and a mirror image of them is wrong; leave"
            " out flip"
        )


def moved(inputs: Tensor, *, degrees: Tensor, down: Tensor, right: Tensor, larger: Tensor, mirrored: Tensor) -> Tensor:
    """Images mirrored, made larger, turned against the clock, and shifted, in this order; one number of each per image.

    Shifts are shares of height and width. Places between pixels are interpolated linearly, and places outside have
    the nearest pixel of the edge.
    """
    height, width = inputs.shape[2:]
    turn = degrees.double() * (math.pi / 180)
    cosine, sine = torch.cos(turn) / larger, torch.sin(turn) / larger
    # affine_grid asks where each place of the result comes from, in halves of width and of height, rows downwards
    across = torch.stack([cosine, -sine * (height / width)], dim=1)
    along = torch.stack([sine * (width / height), cosine], dim=1)
    across = across * torch.where(mirrored, -1.0, 1.0).double()[:, None]
    matrix = torch.stack([across, along], dim=1)
    start = -(matrix @ torch.stack([2 * right, 2 * down], dim=1).double()[:, :, None])
    theta = torch.cat([matrix, start], dim=2).to(inputs)
    grid = functional.affine_grid(theta, list(inputs.shape), align_corners=False)
    found = functional.grid_sample(inputs, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return found.clamp(0, 1)


def _numbers(name: str, draws: int, seed: int) -> Tensor:
    """The numbers that decide about an image, (draws, 6); those of the first draws are the same with more of them."""
    key = int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7], "little")
    return torch.rand(draws, NUMBERS, generator=torch.Generator().manual_seed(key))
