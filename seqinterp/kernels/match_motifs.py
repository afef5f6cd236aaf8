"""Windows of contributions that look like a motif, the best first, each position explained once.

A *template* is a motif on one strand, its informative columns only: two of them for each motif, + before -.
"""

import math
from typing import NamedTuple

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import BaseMap, BaseMaps, Counters, Matrix, Numbers

TEMPLATE, START, WORTH, COEFFICIENT, SIMILARITY, FIELDS = range(6)  # columns of what `match` finds
STRENGTH, DOT, SEEN, MEANT = range(4)  # the sums of a window
_TIE = 1.0 + 1e-5  # what is no better than this is as good: sums of the two strands differ by rounding


class Templates(NamedTuple):
    """Templates as flat arrays: template t has the columns `first[t]` to `first[t + 1]`."""

    pattern: np.ndarray  # (columns, 4) float32: the CWM, divided by its length
    expected: np.ndarray  # (columns, 4) float32: what each base contributes where the motif is
    odds: np.ndarray  # (columns, 4) float32: log odds of each base over the background
    place: np.ndarray  # (columns,) int64: the position in the whole motif
    first: np.ndarray  # (templates + 1,) int64
    width: np.ndarray  # (templates,) int64: positions of the whole motif


@kernel
def strengths(track: BaseMap, templates: Templates, template: int, row: Numbers) -> int:
    """Write the dot product of each window with the pattern to `row`; the number of windows."""
    windows = max(0, track.shape[1] - templates.width[template] + 1)
    row[:windows] = 0
    for column in range(templates.first[template], templates.first[template + 1]):
        place = templates.place[column]
        for base in range(4):
            weight, values = templates.pattern[column, base], track[base]
            if weight != 0:
                for start in range(windows):
                    row[start] += weight * values[start + place]
    return int(windows)


@kernel
def compare(track: BaseMap, inputs: BaseMap, templates: Templates, template: int, start: int, sums: Numbers) -> float:
    """Write the sums of one window, and give its worth: the pattern's strength times the similarity, or 0.

    Between the contributions c and those that the template expects of the bases there, e: DOT = c e, SEEN = c c,
    MEANT = e e; the similarity is their cosine, DOT / sqrt(SEEN MEANT). STRENGTH is the dot product with the pattern.
    """
    sums[:] = 0
    for column in range(templates.first[template], templates.first[template + 1]):
        place = start + templates.place[column]
        for base in range(4):
            seen = float(track[base, place])
            meant = float(inputs[base, place]) * float(templates.expected[column, base])
            sums[STRENGTH] += seen * float(templates.pattern[column, base])
            sums[DOT] += seen * meant
            sums[SEEN] += seen * seen
            sums[MEANT] += meant * meant
    if sums[STRENGTH] <= 0 or sums[DOT] <= 0:
        return 0.0
    return float(sums[STRENGTH] * sums[DOT] / math.sqrt(sums[SEEN] * sums[MEANT]))


@kernel
def log_odds(inputs: BaseMap, templates: Templates, template: int, start: int) -> float:
    """How much likelier the bases of a window are in the template than in the background."""
    found = 0.0
    for column in range(templates.first[template], templates.first[template + 1]):
        for base in range(4):
            found += inputs[base, start + templates.place[column]] * templates.odds[column, base]
    return found


@kernel
def worths(tracks: BaseMaps, inputs: BaseMaps, templates: Templates, template: int, found: Matrix) -> int:
    """Write the worth of every window of every sequence, whatever its bases, to `found`; the windows of a sequence."""
    row, sums, windows = np.empty(tracks.shape[2], np.float32), np.empty(4), 0
    for example in range(len(tracks)):
        windows = strengths(tracks[example], templates, template, row)
        for start in range(windows):
            found[example, start] = 0
            if row[start] > 0:
                found[example, start] = compare(tracks[example], inputs[example], templates, template, start, sums)
    return windows


@kernel
def _candidates(
    track: BaseMap, inputs: BaseMap, templates: Templates, limits: Numbers, places: Counters, values: Numbers
) -> int:
    """List the windows whose worth is at least the template's limit and whose bases speak for it; how many.

    `places` gets template * positions + start, so the order is that of template and start.
    """
    length, count = track.shape[1], 0
    row, sums = np.empty(length, np.float32), np.empty(4)
    for template in range(len(templates.width)):
        windows, limit = strengths(track, templates, template, row), limits[template]
        for start in range(windows):
            if row[start] * _TIE < limit or row[start] <= 0:  # a similarity is 1 at most
                continue
            worth = compare(track, inputs, templates, template, start, sums)
            if worth > 0 and worth >= limit and log_odds(inputs, templates, template, start) > 0:
                places[count], values[count] = template * length + start, worth
                count += 1
    return count


@kernel
def match(track: BaseMap, inputs: BaseMap, templates: Templates, limits: Numbers, found: Matrix) -> int:
    """Write the sites of one sequence to the rows of `found`, the best first; how many there are.

    A site is the window of most worth, of those worth the template's limit or more; of equals the first by template,
    then start. Contributions that it explains, those in its informative columns, are set to zero in `track`, the other
    candidates there are compared anew, and so on until none is left. `found` needs a row for each position at most.
    """
    length, most = track.shape[1], len(templates.width) * track.shape[1]
    places, values, sums = np.empty(most, np.int64), np.empty(most), np.empty(4)
    listed = _candidates(track, inputs, templates, limits, places, values)
    count = 0
    while count < len(found):
        best = -1
        for other in range(listed):
            if values[other] > 0 and (best < 0 or values[other] > values[best] * _TIE):
                best = other
        if best < 0:
            break
        template, start = places[best] // length, places[best] % length
        found[count, TEMPLATE], found[count, START] = template, start
        found[count, WORTH] = compare(track, inputs, templates, template, start, sums)
        found[count, COEFFICIENT] = sums[DOT] / sums[MEANT]
        found[count, SIMILARITY] = sums[DOT] / math.sqrt(sums[SEEN] * sums[MEANT])
        count += 1
        for column in range(templates.first[template], templates.first[template + 1]):
            track[:, start + templates.place[column]] = 0
        stop = start + templates.width[template]
        for other in range(listed):
            owner, begin = places[other] // length, places[other] % length
            if values[other] > 0 and begin < stop and start < begin + templates.width[owner]:
                worth = compare(track, inputs, templates, owner, begin, sums)
                values[other] = worth if worth >= limits[owner] else 0.0
    return count
