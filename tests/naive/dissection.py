"""Network Dissection by loops over units, examples and positions, and its null by enumeration."""

from itertools import permutations, product
from math import floor


def threshold(values, quantile):
    """The least of the values that no more than a share `quantile` of them exceed."""
    return min(t for t in values if sum(v > t for v in values) <= quantile * len(values) + 1e-9)


def at_position(row, position, centre, stride):
    """Activations of one example interpolated between the centres of the fields; None far from all."""
    place = (position - centre) / stride
    if place < -0.5 or place > len(row) - 0.5:
        return None
    place = min(max(place, 0), len(row) - 1)
    low = floor(place)
    high = min(low + 1, len(row) - 1)
    return row[low] + (place - low) * (row[high] - row[low])


def marked(rows, length, level, *, centre, stride):
    """Sets of positions where each example is active, as published."""
    found = []
    for row in rows:
        values = {p: at_position(row, p, centre, stride) for p in range(length)}
        found.append({p for p, value in values.items() if value is not None and value > level})
    return found


def marked_by_fields(rows, length, level, *, first, last, stride):
    """Sets of positions that lie in the field of an active place."""
    found = []
    for row in rows:
        fields = [range(first + stride * i, last + stride * i + 1) for i, value in enumerate(row) if value > level]
        found.append({p for field in fields for p in field if 0 <= p < length})
    return found


def iou(active, present):
    """Intersection over union of two lists of sets."""
    both = sum(len(a & b) for a, b in zip(active, present, strict=True))
    either = sum(len(a | b) for a, b in zip(active, present, strict=True))
    return both / either if either else 0.0


def turned(mask, shift, length):
    """A set of positions turned in a circle."""
    return {(p - shift) % length for p in mask}


def p_values(active, concepts, *, length=None):
    """Of each concept and of the best, over all orders of the masks, and all turns where a length is given."""
    count = len(active)
    turns = list(product(range(length), repeat=count)) if length else [(0,) * count]
    seen = [iou(active, concept) for concept in concepts]
    as_well, best, total = [0] * len(concepts), 0, 0
    for order in permutations(range(count)):
        for turn in turns:
            drawn = [
                iou(active, [turned(c[o], t, length) if length else c[o] for o, t in zip(order, turn, strict=True)])
                for c in concepts
            ]
            total += 1
            best += max(drawn) >= max(seen) - 1e-12
            as_well = [n + (d >= s - 1e-12) for n, d, s in zip(as_well, drawn, seen, strict=True)]
    return [n / total for n in as_well], best / total
