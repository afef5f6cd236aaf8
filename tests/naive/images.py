"""Images dealt, turned and compared one at a time, as slowly as the words say."""

import math

import numpy as np


def resampled(image, *, degrees=0.0, down=0.0, right=0.0, larger=1.0, mirrored=False):
    """An image (row, column) mirrored, made larger, turned against the clock, shifted: every pixel looked up alone."""
    height, width = image.shape
    turn = math.radians(degrees)
    result = np.empty((height, width))
    for row in range(height):
        for column in range(width):
            # from the middle, x to the right and y upwards, the last step undone first
            x = column - (width - 1) / 2 - right * width
            y = -(row - (height - 1) / 2 - down * height)
            x, y = math.cos(-turn) * x - math.sin(-turn) * y, math.sin(-turn) * x + math.cos(-turn) * y
            x, y = x / larger, y / larger
            x = -x if mirrored else x
            result[row, column] = _between(image, (height - 1) / 2 - y, x + (width - 1) / 2)
    return result


def _between(image, row, column):
    """Linear interpolation, with the nearest pixel of the edge outside."""
    height, width = image.shape
    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    top, left = min(int(row), height - 2), min(int(column), width - 2)
    y, x = row - top, column - left
    upper = (1 - x) * image[top, left] + x * image[top, left + 1]
    lower = (1 - x) * image[top + 1, left] + x * image[top + 1, left + 1]
    return (1 - y) * upper + y * lower


def likeness(first, second, reach=4):
    """The correlation of two small grey images (row, column) after the mean around each pixel was taken from it."""
    flat = []
    for image in (first, second):
        padded = np.pad(np.asarray(image, dtype=float), reach, mode="edge")
        size = 2 * reach + 1
        means = [
            [padded[row : row + size, column : column + size].mean() for column in range(image.shape[1])]
            for row in range(image.shape[0])
        ]
        flat.append((image - np.array(means)).ravel())
    return float(np.corrcoef(flat[0], flat[1])[0, 1])


def chained(count, pairs):
    """A group for each of `count`, members joined pair by pair."""
    groups = [{number} for number in range(count)]
    for first, second in pairs:
        joined = groups[first] | groups[second]
        for member in joined:
            groups[member] = joined
    return [min(group) for group in groups]
