"""The flat arrays that a compiled plan is, and what stands in which column of them.

A *slot* is one layer's numbers as rows `(position, channel)`, channels padded to whole vectors. In the delta form a
slot holds, for each edit, the differences to the reference inside the window that the edit can reach; in the value
form it holds the layer itself, for one sequence.
"""

from typing import NamedTuple

import numpy as np

LANES = 16  # single-precision numbers in one vector register of AVX-512; two registers of AVX2

# columns of Program.steps
CODE, SOURCE, OTHER, TARGET, REACH, REACH_OTHER, WEIGHTS, TABLE, COUNT = range(9)
TAPS, DILATION, PADDING, STRIDE, ROWS, GROUPS, BY_TAP = range(9, 16)  # of convolutions
BY_TAPS, IN_PAIRS, IN_BLOCKS = 1, 2, -1  # BY_TAP: tap by tap; rows in pairs, or in blocks, where a window allows it
KIND, FIRST, SECOND = range(9, 12)  # of what has a kind and up to two options, or places of constants in the weights
IN_PLACE = STRIDE  # of sums: 1 when the other is added where the source lies
AT_ONCE = GROUPS  # of a peak: 1 when it is taken of the first convolution without writing that down
DOTS = STRIDE  # of dense layers: 1 when each output is a sum of its own
FIELDS = 16
# columns of Program.slots
WIDTH, LENGTH, REFERENCE, CHANNELS = range(4)
# last axis of windows: rows that may differ [LOW, HIGH), and the row that lies first in the slot
LOW, HIGH, BASE = range(3)
START, STEP, WHOLE = range(3)  # columns of place
# codes of the operations
CONVOLVE, SPREAD, DEPTHWISE, MAP, AFFINE, ADD, MULTIPLY, LARGER = range(8)
GATHER, JOIN, POOL, PEAK, DENSE, NORMALISE, UNKEPT = range(8, 15)  # the last: windows of a layer that is not kept
IDENTITY, EVERYWHERE = -1, -2  # a reach without a table: row by row, or any change reaches all rows


# Program.facts
SPLIT, BLOCK, TILES = range(3)  # the first step that takes a whole job; edits in a block before it; where tiles are


class Program(NamedTuple):
    """A compiled plan: steps in order, the slots they read and write, and the numbers they need."""

    steps: np.ndarray  # (steps, FIELDS) int64
    slots: np.ndarray  # (slots, 4) int64
    weights: np.ndarray  # float32, beginning with a row of zeros
    tables: np.ndarray  # int64
    outputs: np.ndarray  # (outputs, 2) int64: the slot, and where its numbers begin in a row of the result
    facts: np.ndarray  # (3,) int64


class Work(NamedTuple):
    """Sequences and their edits: edit i puts `columns` at the `position`s `first[i]` to `first[i + 1]`."""

    inputs: np.ndarray  # (sequences, position, 4) float32
    references: np.ndarray  # (sequences, numbers) float32: the layers of each sequence
    first: np.ndarray  # (edits + 1,) int64
    position: np.ndarray  # (changes,) int64
    columns: np.ndarray  # (changes, 4) float32


class Memory(NamedTuple):
    """What one thread works in."""

    numbers: np.ndarray  # float32
    place: np.ndarray  # (slots, 3) int64: where a slot begins, how far from edit to edit, whether it holds a whole job
    here: np.ndarray  # (slots, 3) int64: the place of each slot for the block at hand
    window: np.ndarray  # (edits, slots, 3) int64
    chunks: np.ndarray  # (chunks, 6) int64
    indices: np.ndarray  # int32


class State(NamedTuple):
    """What a block of edits of one sequence is working on.

    values: 1 when the layers themselves are computed (one "edit" that covers all), 0 for differences.
    """

    numbers: np.ndarray  # float32
    place: np.ndarray  # (slots, 3) int64, as in Memory
    window: np.ndarray  # (edits, slots, 3) int64
    reference: np.ndarray  # float32, the layers of the sequence
    chunks: np.ndarray  # (chunks, 6) int64, scratch of products: which rows are taken together
    indices: np.ndarray  # int32, scratch of products: which inputs are not zero
    values: int
