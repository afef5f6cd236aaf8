"""How fast the processor multiplies and adds, in single precision: `python benchmarks/peak.py`.

`registers`: chains of fused multiply-adds that never leave registers, what the machine can do at all. `tiles`: the
innermost product of the package's kernels on operands that stay in the first cache.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import LANES
from seqinterp.kernels.deltas.tile import REGISTERS, SHAPES, address, product

WIDTH = 16 if REGISTERS > 16 else 8  # numbers in one register
CHAINS = 12  # more than a processor has under way at once, and with two factors no more than 16 registers
ROUNDS = 2**21  # of the chains, about a fifth of a second
INPUTS = 64  # of a tile's product


@intrinsic
def _chained(context, rounds):
    """x = x / 2 + 1 in each lane of each chain, `rounds` times; the sum of the first lanes."""

    def codegen(context, builder, signature, arguments):
        vector = ir.VectorType(ir.FloatType(), WIDTH)
        kind = ir.FunctionType(vector, [vector] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{WIDTH}f32")
        half, one = (ir.Constant(vector, [value] * WIDTH) for value in (0.5, 1.0))
        starts = [ir.Constant(vector, [-1.0 - chain] * WIDTH) for chain in range(CHAINS)]  # 2 would stay 2
        chains = [cgutils.alloca_once_value(builder, start) for start in starts]
        with cgutils.for_range(builder, arguments[0]):
            for chain in chains:
                builder.store(builder.call(fma, [builder.load(chain), half, one]), chain)
        lanes = [builder.extract_element(builder.load(chain), ir.IntType(32)(0)) for chain in chains]
        total = lanes[0]
        for lane in lanes[1:]:
            total = builder.fadd(total, lane)
        return total

    return types.float32(types.int64), codegen


@kernel
def _in_registers(rounds):
    return _chained(rounds)


@kernel
def _in_tiles(arrays, shape, tiles, rounds):
    """Products of one tile of (rows, inputs) and (inputs, vectors), again and again."""
    rows, taps, vectors, inputs = shape
    for _ in range(rounds):
        product(arrays, (0, inputs, 0, vectors * LANES, 0, vectors * LANES, 0), (rows, taps, vectors, inputs), tiles)


def registers(threads: int) -> float:
    """Operations per second of fused multiply-adds in registers, on so many threads."""
    return _rate(lambda: _in_registers(ROUNDS), 2.0 * CHAINS * WIDTH * ROUNDS, threads)


def tiles(threads: int) -> float:
    """Operations per second of the widest tile's products in the first cache."""
    vectors = max(vectors for vectors, taps in SHAPES if taps == 1)
    rows = min(6, SHAPES[vectors, 1])
    rounds = ROUNDS * CHAINS * WIDTH // (rows * vectors * LANES * INPUTS)

    def work() -> None:
        arrays = (
            np.ones((rows * INPUTS), np.float32),
            np.full(INPUTS * vectors * LANES, 1e-9, np.float32),
            np.zeros(rows * vectors * LANES, np.float32),
            np.arange(INPUTS, dtype=np.int32),
        )
        _in_tiles(arrays, (rows, 1, vectors, INPUTS), address(), rounds)

    return _rate(work, 2.0 * rows * vectors * LANES * INPUTS * rounds, threads)


def _rate(work: Callable[[], object], operations: float, threads: int) -> float:
    work()  # compiles
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: work(), range(threads)))
        begun = perf_counter()
        for done in [pool.submit(work) for _ in range(threads)]:
            done.result()
        return threads * operations / (perf_counter() - begun)


if __name__ == "__main__":
    for count in (1, torch.get_num_threads()):
        rates = {name: f"{rate(count) / 1e9:.0f}" for name, rate in (("registers", registers), ("tiles", tiles))}
        print(f"{count} threads, GFLOP/s: {rates}")
