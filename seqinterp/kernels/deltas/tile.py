"""The innermost product: a few rows times a few taps of weights, held in vector registers.

`y[r + t, v] += x[r, k] * w[k, t, v]` for the rows r, taps t and vectors v of a tile and the inputs k of a list. With
one tap this is a tile of a matrix product; with several it is a piece of a convolution, whose partial sums never
leave the registers. Goto & van de Geijn 2008, doi:10.1145/1356052.1356053 (register blocking).
"""

from typing import Any

import llvmlite.binding
import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from seqinterp.kernels import callback, kernel
from seqinterp.kernels.deltas.layout import LANES

MOST_TAPS = 12


def _has_wide_registers() -> bool:
    """Whether kernels are compiled for AVX-512: 32 registers of 16 numbers."""
    chosen = numba.config.CPU_FEATURES
    if numba.config.CPU_NAME is None and chosen is None:
        return bool(llvmlite.binding.get_host_cpu_features().get("avx512f", False))
    return "+avx512f" in (chosen or "")


REGISTERS = 31 if _has_wide_registers() else 7


def most_rows(taps: int, vectors: int) -> int:
    """How many rows of a tile fit in registers beside its weights; 0 when not even one does."""
    free = REGISTERS - 1 - (taps * vectors if REGISTERS > 16 else vectors)
    return max(0, min(10, free // vectors - taps + 1))


def best_shape(taps: int, vectors: int) -> tuple[int, int]:
    """Taps and vectors of the tiles that a convolution of so many taps and vectors of channels is cut into.

    All taps at once where they fit; else in as few parts as possible, all about as large.
    """
    for wide in (4, 2):
        if wide <= vectors and (wide, taps) in SHAPES:
            return taps, wide
    most = max(deep for wide, deep in SHAPES if wide == 1)
    parts = -(-taps // most)
    return -(-taps // parts), 1


# (vectors, taps) -> the most rows: every shape that is compiled
SHAPES: dict[tuple[int, int], int] = {
    (vectors, taps): most_rows(taps, vectors)
    for vectors, most_taps in ((1, MOST_TAPS), (2, 4), (4, 1))
    for taps in range(1, most_taps + 1)
    if most_rows(taps, vectors) > 0
}
_NUMBER, _LANE, _WHOLE = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_NUMBER, LANES)


def _at(builder: Any, pointer: Any, index: int, stride: Any = None) -> Any:
    """The address `index` vectors, or `index` strides, after `pointer`."""
    step = _WHOLE(index * LANES) if stride is None else builder.mul(stride, _WHOLE(index))
    return builder.gep(pointer, [step])


def _load(builder: Any, pointer: Any) -> Any:
    return builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()), align=4)


def _broadcast(builder: Any, value: Any) -> Any:
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, value, _LANE(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_LANE, LANES), [0] * LANES))


def _tile(module: Any, shape: tuple[int, int, int]) -> Any:
    """A function `(x, ldx, w, ldw, y, ldy, indices, count)` for one shape, as straight-line vector code."""
    rows, taps, vectors = shape
    numbers, lanes = _NUMBER.as_pointer(), _LANE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [numbers, _WHOLE, numbers, _WHOLE, numbers, _WHOLE, lanes, _WHOLE])
    function = ir.Function(module, kind, f"seqinterp_tile_{rows}_{taps}_{vectors}")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block())
    x, ldx, w, ldw, y, ldy, indices, count = function.args
    fma = cgutils.get_or_insert_function(module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fmuladd.v{LANES}f32")
    x_rows = [_at(builder, x, row, ldx) for row in range(rows)]
    y_rows = [_at(builder, y, row, ldy) for row in range(rows + taps - 1)]
    places = [_at(builder, row, v) for row in y_rows for v in range(vectors)]
    sums = [cgutils.alloca_once_value(builder, _load(builder, place)) for place in places]
    with cgutils.for_range(builder, count) as loop:
        k = builder.sext(builder.load(builder.gep(indices, [loop.index])), _WHOLE)
        weights = builder.gep(w, [builder.mul(k, ldw)])
        loaded = [_load(builder, _at(builder, weights, i)) for i in range(taps * vectors)]
        for row in range(rows):
            value = _broadcast(builder, builder.load(builder.gep(x_rows[row], [k])))
            for i, weight in enumerate(loaded):
                total = sums[row * vectors + i]  # tap t of row r adds to row r + t
                builder.store(builder.call(fma, [value, weight, builder.load(total)]), total)
    for total, place in zip(sums, places, strict=True):
        builder.store(builder.load(total), builder.bitcast(place, _VECTOR.as_pointer()), align=4)
    builder.ret_void()
    return function


@intrinsic  # type: ignore[untyped-decorator]
def _switch(
    context: Any, source: Any, from_row: Any, w: Any, ldw: Any, y: Any, ldy: Any, indices: Any, count: Any, shape: Any
) -> Any:
    """Run the tile of a shape on addresses."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, from_row, w, ldw, y, ldy, indices, count, shape = arguments
        numbers, lanes = _NUMBER.as_pointer(), _LANE.as_pointer()
        source, w, y = (builder.inttoptr(address, numbers) for address in (source, w, y))
        given = [source, from_row, w, ldw, y, ldy, builder.inttoptr(indices, lanes), count]
        end = builder.append_basic_block("end")
        chosen = builder.switch(shape, end)
        for (vectors, taps), most in SHAPES.items():
            for rows in range(1, most + 1):
                block = builder.append_basic_block()
                chosen.add_case(_WHOLE(_code(rows, taps, vectors)), block)
                with builder.goto_block(block):
                    builder.call(_tile(builder.module, (rows, taps, vectors)), given)
                    builder.branch(end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), codegen


def _code(rows: Any, taps: Any, vectors: Any) -> Any:
    """One number for a shape."""
    return (vectors * 16 + taps) * 16 + rows


@callback(types.void(*[types.int64] * 9))
def _tiles(
    source: int, from_row: int, w: int, ldw: int, y: int, ldy: int, indices: int, count: int, shape: int
) -> None:
    """All tiles behind one address, so that kernels that call it are not compiled together with them."""
    _switch(source, from_row, w, ldw, y, ldy, indices, count, shape)


def address() -> int:
    """Where the tiles are in this process."""
    found: int = _tiles.address
    return found


@intrinsic  # type: ignore[untyped-decorator]
def product(context: Any, arrays: Any, at: Any, shape: Any, tiles: Any) -> Any:
    """Add the product of a tile to the target.

    arrays: (source, weights, target, indices).
    at: where source, weights and target begin and how far from row to row, each, then where the indices begin.
    shape: (rows, taps, vectors, inputs); a shape that is not in SHAPES does nothing.
    tiles: the address of the tiles.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def start(place: int, offset: Any) -> Any:
            array = builder.extract_value(arguments[0], place)
            data = context.make_array(signature.args[0][place])(context, builder, array).data
            return builder.ptrtoint(builder.gep(data, [offset]), _WHOLE)

        xo, ldx, wo, ldw, yo, ldy, io = (builder.extract_value(arguments[1], i) for i in range(7))
        rows, taps, vectors, count = (builder.extract_value(arguments[2], i) for i in range(4))
        code = builder.add(builder.mul(vectors, _WHOLE(256)), builder.add(builder.mul(taps, _WHOLE(16)), rows))
        kind = ir.FunctionType(ir.VoidType(), [_WHOLE] * 9)
        tiles = builder.inttoptr(arguments[3], kind.as_pointer())
        builder.call(tiles, [start(0, xo), ldx, start(1, wo), ldw, start(2, yo), ldy, start(3, io), count, code])
        return context.get_dummy_value()

    return types.void(arrays, at, shape, tiles), codegen


@intrinsic  # type: ignore[untyped-decorator]
def _vector_dot(context: Any, left: Any, right: Any, vectors: Any) -> Any:
    """Sum over whole vectors, in four sums that do not wait for each other."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = [context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 1)]
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        sums = [cgutils.alloca_once_value(builder, zero) for _ in range(4)]

        def add(vector: Any, total: Any) -> None:
            places = [builder.gep(pointer, [builder.mul(vector, _WHOLE(LANES))]) for pointer in data]
            added = builder.call(fma, [_load(builder, places[0]), _load(builder, places[1]), builder.load(total)])
            builder.store(added, total)

        fours = builder.lshr(arguments[2], _WHOLE(2))
        with cgutils.for_range(builder, fours) as loop:
            first = builder.shl(loop.index, _WHOLE(2))
            for i, total in enumerate(sums):
                add(builder.add(first, _WHOLE(i)), total)
        with cgutils.for_range_slice(builder, builder.shl(fours, _WHOLE(2)), arguments[2], _WHOLE(1)) as (index, _):
            add(index, sums[0])
        pairs = [builder.fadd(builder.load(sums[i]), builder.load(sums[i + 2])) for i in (0, 1)]
        total = builder.fadd(*pairs)
        half = LANES // 2
        while half:  # lanes are added in pairs, always in the same order
            places = [ir.Constant(ir.VectorType(_LANE, LANES), [(i + half) % LANES for i in range(LANES)])]
            total = builder.fadd(total, builder.shuffle_vector(total, total, places[0]))
            half //= 2
        return builder.extract_element(total, _LANE(0))

    return types.float32(left, right, types.intp), codegen


@kernel
def dot(left: Any, right: Any) -> Any:
    """The sum of products, in single precision."""
    vectors = len(left) // LANES
    total = _vector_dot(left, right, vectors)
    for i in range(vectors * LANES, len(left)):
        total += left[i] * right[i]
    return total
