"""Small labelled pictures for training: a bright patch in one of several places, on noise."""

import numpy as np
import torch
from torch import nn

from seqinterp.images.image_set import ImageSet

CLASSES = ("left", "right", "middle")


def bright_patches(count, *, classes=2, size=12, channels=1, seed=0, shares=None, parts=None, noise=0.6):
    """Pictures (count, channels, size, size), two of each group in a row, with a split where `parts` is given."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(classes, size=count, p=shares) if shares else np.arange(count) % classes
    pictures = generator.random((count, channels, size, size)).astype(np.float32) * noise
    for row, label in enumerate(labels):
        column = (0, size - 4, size // 2 - 2)[label]
        pictures[row, :, 4:8, column : column + 4] += 0.4
    return ImageSet(
        inputs=torch.from_numpy(pictures.clip(0, 1)),
        labels=labels.astype(np.int64),
        classes=CLASSES[:classes],
        names=tuple(f"picture {row}" for row in range(count)),
        groups=tuple(f"patient {row // 2}" for row in range(count)),
        split=None if parts is None else tuple(np.repeat(("train", "valid", "test"), parts).tolist()),
    )


def tiny_network(classes=2, *, size=12, seed=0, channels=1):
    """Two blocks with batch normalisation and a head, in evaluation mode; weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        early = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        late = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.1))
        model = nn.Sequential()
        for name, module in (
            ("early", early),
            ("late", late),
            ("flat", nn.Flatten()),
            ("head", nn.Linear(6 * (size // 2) ** 2, classes)),
        ):
            model.add_module(name, module)
    return model.eval()
