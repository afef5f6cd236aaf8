"""A convolution of few rows and three blocks of taps: four products of blocks instead of six.

Rows a and b, a block each, meet blocks of as many taps w0, w1, w2. With polynomials in place of numbers this is the
product of `fewer_products`: half the sum and half the difference of rows give the two blocks in the middle.

Toom 1963; Winograd 1980, "Arithmetic complexity of computations", doi:10.1137/1.9781611970364.
"""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.fewer_products import RECORD
from seqinterp.kernels.deltas.layout import LANES
from seqinterp.kernels.deltas.tile import product
from seqinterp.kernels.deltas.vectors import add, clear, middle_blocks, set_to, sum_and_difference
from seqinterp.shapes import Counters, Listing, Numbers, Places

BLOCKS = -2  # in place of a chunk's tap: two blocks of rows
WIDE = 2  # vectors of channels in a piece
MOST_SHARE = 85  # percent of the plain products, up to which taking blocks pays


@kernel
def pays(rows: int, taps: int) -> bool:
    """Whether so many rows are quicker in blocks; what is written then never leaves the rows that are reached."""
    block = (taps + 2) // 3
    more, last = rows - block, taps - 2 * block
    if more <= 0 or more > block or more + last < block:
        return False
    return 100 * (3 * block * block + more * last) <= MOST_SHARE * rows * taps


@kernel
def scratch_size(taps: int, width_in: int) -> int:
    """Numbers that an edit needs beside its layers: sums and differences of rows, and four products."""
    block = (taps + 2) // 3
    return 2 * block * width_in + 4 * (2 * block - 1) * WIDE * LANES


@kernel
def add_up(numbers: Numbers, source: int, scratch: int, width_in: int, rows: tuple[int, int]) -> None:
    """Sums and differences of the rows of two blocks; rows: of the first, and of both."""
    block, total = rows
    plus, minus, more = scratch, scratch + block * width_in, (total - block) * width_in
    both = (numbers, numbers, numbers, numbers)
    sum_and_difference(both, (plus, minus, source, source + block * width_in), more // LANES)
    alone = (block * width_in - more) // LANES
    set_to((numbers, numbers), (plus + more, source + more), alone)
    set_to((numbers, numbers), (minus + more, source + more), alone)


@kernel
def multiply_blocks(
    arrays: tuple[Numbers, Numbers, Listing, Counters],
    chunks: Places,
    found: int,
    record: int,
    shape: tuple[int, int, int, int],
    tiles: int,
) -> None:
    """One piece of the channels for all chunks that are blocks.

    arrays: the numbers, the weights, indices that begin with 0, 1, ..., and the tables. chunks: where rows and target
    begin, how many rows there are, where the scratch is. record: where the four pieces of weights are described.
    shape: taps of a block and of the last, width of source and target.
    """
    numbers, weights, indices, tables = arrays
    block, last, width_in, width = shape
    vectors, channel, inputs = tables[record + 2], tables[record + 3], tables[record + 5]
    row = vectors * LANES
    size = (2 * block - 1) * row
    for part in range(4):
        begin, taps = tables[record + RECORD * part + 6], last if part == 3 else block
        for number in range(found):
            if chunks[number, 5] == BLOCKS:
                x, rows, scratch = chunks[number, 0], chunks[number, 2], chunks[number, 3]
                rows = rows - block if part == 3 else block
                if part == 1 or part == 2:
                    x = scratch + (part - 1) * block * width_in
                elif part == 3:
                    x += block * width_in
                target = scratch + 2 * block * width_in + part * size
                clear((numbers,), (target,), size // LANES)
                at = (x, width_in, begin, taps * row, target, row, 0)
                product((numbers, weights, numbers, indices), at, (rows, taps, vectors, inputs), tiles)
    for number in range(found):
        if chunks[number, 5] == BLOCKS:
            first = chunks[number, 3] + 2 * block * width_in
            y, rows = chunks[number, 1] + channel, chunks[number, 2] - block
            at = (first + size, first + 2 * size, first, first + 3 * size)
            middle_blocks((numbers, numbers, numbers, numbers), at, size // LANES)
            for part in range(4):
                count = rows + last - 1 if part == 3 else 2 * block - 1
                for line in range(count):
                    target, given = y + (part * block + line) * width, first + part * size + line * row
                    add((numbers, numbers, numbers), (target, target, given), vectors)
