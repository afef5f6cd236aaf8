"""Windows of contributions that look like a motif, the best first, each position explained once.

A *template* is a motif on one strand, its informative columns only: two of them for each motif, + before -.
"""

import math
from typing import NamedTuple

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import BaseMap, BaseMaps, Counters, Matrix, Numbers, Pwm

TEMPLATE, START, WORTH, COEFFICIENT, SIMILARITY, FIELDS = range(6)  # columns of what `match` finds
STRENGTH, DOT, SEEN, MEANT, SUMS = range(5)  # the sums of a window, and how many
LEAST = 0.5  # similarity of a site: with less, over three quarters of what is in the window is something else
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
def correlate(values: BaseMap, weights: Pwm, templates: Templates, template: int, row: Numbers) -> int:
    """Write the dot product of each window of `values` with a template's `weights` to `row`; the number of windows."""
    windows = int(max(0, values.shape[1] - templates.width[template] + 1))
    row[:windows] = 0
    for column in range(templates.first[template], templates.first[template + 1]):
        place = templates.place[column]
        for base in range(4):
            weight, line = weights[column, base], values[base]
            if weight != 0:
                for start in range(windows):
                    row[start] += weight * line[start + place]
    return windows


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
def worths(tracks: BaseMaps, inputs: BaseMaps, templates: Templates, template: int, likely: bool, found: Matrix) -> int:
    """Write the worth of every window of every sequence to `found`; the number of windows of a sequence.

    With `likely`, it is 0 where the bases are not likelier in the motif than in the background.
    """
    row, odds = np.empty(tracks.shape[2], np.float32), np.ones(tracks.shape[2], np.float32)
    sums, windows = np.empty(SUMS), 0
    for example in range(len(tracks)):
        windows = correlate(tracks[example], templates.pattern, templates, template, row)
        if likely:
            correlate(inputs[example], templates.odds, templates, template, odds)
        for start in range(windows):
            found[example, start] = 0
            if row[start] > 0 and odds[start] > 0:
                found[example, start] = compare(tracks[example], inputs[example], templates, template, start, sums)
    return windows


@kernel
def _site(track: BaseMap, inputs: BaseMap, templates: Templates, template: int, start: int, sums: Numbers) -> float:
    """The worth of a window that is similar enough to the template to be a site, else 0."""
    worth = compare(track, inputs, templates, template, start, sums)
    return worth if worth > 0 and sums[DOT] >= LEAST * math.sqrt(sums[SEEN] * sums[MEANT]) else 0.0


@kernel
def _candidates(
    track: BaseMap, inputs: BaseMap, templates: Templates, limits: Numbers, places: Counters, values: Numbers
) -> int:
    """List the sites whose worth is at least the template's limit and whose bases are likely; how many.

    `places` gets template * positions + start, so the order is that of template and start.
    """
    length, count = track.shape[1], 0
    row, odds, sums = np.empty(length, np.float32), np.empty(length, np.float32), np.empty(SUMS)
    for template in range(len(templates.width)):
        windows, limit = correlate(track, templates.pattern, templates, template, row), limits[template]
        correlate(inputs, templates.odds, templates, template, odds)
        for start in range(windows):
            if row[start] * _TIE >= limit and row[start] > 0 and odds[start] > 0:  # a similarity is 1 at most
                worth = _site(track, inputs, templates, template, start, sums)
                if worth > 0 and worth >= limit:
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
    places, values, sums = np.empty(most, np.int64), np.empty(most), np.empty(SUMS)
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
            if begin < stop and start < begin + templates.width[owner]:
                worth = _site(track, inputs, templates, owner, begin, sums)
                values[other] = worth if worth >= limits[owner] else 0.0
    return count
