"""A convolution of three taps with four products of rows and weights for every two rows, instead of six.

Rows a and, one dilation further on, b meet taps w0, w1, w2 in four rows of the target, one dilation apart each:

    y0 = a w0    y1 = a w1 + b w0    y2 = a w2 + b w1    y3 = b w2.

These are the coefficients of (a + b s)(w0 + w1 s + w2 s^2), which are known from its values at 0, 1, -1 and infinity:

    u = (a + b)(w0 + w1 + w2)/2    v = (a - b)(w0 - w1 + w2)/2    y1 = u - v - y3    y2 = u + v - y0.

Toom 1963; Winograd 1980, "Arithmetic complexity of computations", doi:10.1137/1.9781611970364.
"""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import LANES
from seqinterp.kernels.deltas.tile import product
from seqinterp.kernels.deltas.vectors import clear, middle_blocks, sum_and_difference
from seqinterp.shapes import Counters, Listing, Numbers

CHUNK = 36  # rows at a time, so that what belongs together stays in the nearest cache
FEWEST_ROWS = 16  # dilation from which sums and differences of rows pay
FEWEST_INPUTS = 32
RECORD = 7  # numbers that describe a piece of weights
PLUS, MINUS = 3, 4  # taps behind the three: half their sum, and half their sum with signs


@kernel
def paired(low: int, high: int, length: int, dilation: int, padding: int) -> tuple[int, int]:
    """The rows `[begin, stop)` that are taken together with those one dilation further on; none when begin = stop.

    Of the four rows of the target that each pair reaches, the two in the middle lie in the layer.
    """
    if high - low < 2 * dilation:
        return low, low
    begin = max(low, dilation - padding)
    return begin, max(begin, min(low + dilation, length - padding))


@kernel
def three_taps(
    arrays: tuple[Numbers, Numbers, Listing, Counters],
    places: tuple[int, int, int, int],
    rows: tuple[int, int],
    shape: tuple[int, int, int, int],
    tiles: int,
) -> None:
    """Set the four rows of the target that each pair of rows reaches.

    arrays: the numbers, the weights, indices that begin with 0, 1, ..., and the tables.
    places: where the first rows of the source and of the target at the first tap lie, where two chunks of rows of the
    source may be written, and where the pieces of weights are described, tap by tap.
    rows: how many pairs there are, and how many rows a tile takes.
    shape: dilation, width of the source and of the target, pieces of a tap.
    """
    numbers = arrays[0]
    x, y, plus, record = places
    dilation, width_in, width, pieces = shape
    far_in, far = dilation * width_in, dilation * width
    chunks = (rows[0] + CHUNK - 1) // CHUNK
    for chunk in range(chunks):
        begin, stop = chunk * rows[0] // chunks, (chunk + 1) * rows[0] // chunks
        a, y0, count = x + begin * width_in, y + begin * width, stop - begin
        minus, vectors = plus + count * width_in, count * width // LANES
        both = (numbers, numbers, numbers, numbers)
        sum_and_difference(both, (plus, minus, a, a + far_in), count * width_in // LANES)
        for row in range(4):
            clear((numbers,), (y0 + row * far,), vectors)
        for piece in range(pieces):
            here = record + RECORD * piece
            tap = RECORD * pieces
            _rows_times_weights(arrays, (a, width_in, y0, width), (here, count, rows[1]), tiles)
            _rows_times_weights(arrays, (plus, width_in, y0 + far, width), (here + PLUS * tap, count, rows[1]), tiles)
            at = (minus, width_in, y0 + 2 * far, width)
            _rows_times_weights(arrays, at, (here + MINUS * tap, count, rows[1]), tiles)
            at = (a + far_in, width_in, y0 + 3 * far, width)
            _rows_times_weights(arrays, at, (here + 2 * tap, count, rows[1]), tiles)
        middle_blocks(both, (y0 + far, y0 + 2 * far, y0, y0 + 3 * far), vectors)


@kernel
def _rows_times_weights(
    arrays: tuple[Numbers, Numbers, Listing, Counters],
    at: tuple[int, int, int, int],
    rows: tuple[int, int, int],
    tiles: int,
) -> None:
    """Add rows times one piece of weights of one tap.

    at: where the rows of source and target begin, each with its width.
    rows: where the piece is described, how many rows there are, and how many a tile takes.
    """
    numbers, weights, indices, tables = arrays
    x, width_in, y, width = at
    record, total, most = rows
    vectors, channel, k = tables[record + 2], tables[record + 3], tables[record + 4]
    inputs, begin = tables[record + 5], tables[record + 6]
    parts = (total + most - 1) // most
    for part in range(parts):
        first, last = part * total // parts, (part + 1) * total // parts
        source, target = x + first * width_in + k, y + first * width + channel
        place = (source, width_in, begin, vectors * LANES, target, width, 0)
        product((numbers, weights, numbers, indices), place, (last - first, 1, vectors, inputs), tiles)
