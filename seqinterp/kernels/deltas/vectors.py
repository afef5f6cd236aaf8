"""Arithmetic on rows, a whole vector register at a time.

Every operation is called as `operation(arrays, starts, vectors)`: the first array (or the first two) is written, from
its start on, and `vectors` registers of 16 numbers are treated. Written out because loops over parts of one large
array, which may overlap for all a compiler knows, are left scalar.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from seqinterp.kernels.deltas.layout import LANES

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_WHOLE = ir.IntType(64)
_ZERO = ir.Constant(_VECTOR, [0.0] * LANES)
Body = Callable[..., Any]


def _rowwise(body: Body, *, results: int = 1) -> Any:
    """An operation from what it makes of one register of each array: `body(builder, *registers)`.

    results: how many arrays, from the first on, are written; of several the body gives a tuple.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def operation(context: Any, arrays: Any, starts: Any, vectors: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            places = []
            for number, kind in enumerate(signature.args[0]):
                array = builder.extract_value(arguments[0], number)
                data = context.make_array(kind)(context, builder, array).data
                places.append(builder.gep(data, [builder.extract_value(arguments[1], number)]))
            with cgutils.for_range(builder, arguments[2]) as loop:
                offset = builder.mul(loop.index, _WHOLE(LANES))
                here = [builder.bitcast(builder.gep(place, [offset]), _VECTOR.as_pointer()) for place in places]
                found = body(builder, *[builder.load(pointer, align=4) for pointer in here])
                for value, pointer in zip(found if results > 1 else (found,), here, strict=False):
                    builder.store(value, pointer, align=4)
            return context.get_dummy_value()

        return types.void(arrays, starts, vectors), codegen

    return operation


def _larger(builder: Any, left: Any, right: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", left, right), left, right)


def _fused(builder: Any, left: Any, right: Any, added: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    name = f"llvm.fmuladd.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [left, right, added])


def _rectified_change(builder: Any, _: Any, change: Any, before: Any) -> Any:
    after = _larger(builder, builder.fadd(before, change), _ZERO)
    return builder.fsub(after, _larger(builder, before, _ZERO))


def _product_change(builder: Any, _: Any, a: Any, b: Any, z: Any, w: Any) -> Any:
    return _fused(builder, builder.fadd(z, a), b, builder.fmul(w, a))


def _larger_change(builder: Any, _: Any, a: Any, b: Any, z: Any, w: Any) -> Any:
    after = _larger(builder, builder.fadd(z, a), builder.fadd(w, b))
    return builder.fsub(after, _larger(builder, z, w))


def _smaller_change(builder: Any, _: Any, a: Any, b: Any, z: Any, w: Any) -> Any:
    after = builder.fadd(z, a), builder.fadd(w, b)
    before = builder.select(builder.fcmp_ordered("<", z, w), z, w)
    return builder.fsub(builder.select(builder.fcmp_ordered("<", *after), *after), before)


def _sum_and_difference(builder: Any, _: Any, __: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b), builder.fsub(a, b)


def _middle_blocks(builder: Any, even: Any, odd: Any, first: Any, last: Any) -> Any:
    return (
        builder.fsub(builder.fsub(even, odd), last),
        builder.fsub(builder.fadd(even, odd), first),
    )


clear = _rowwise(lambda builder, _: _ZERO)
set_to = _rowwise(lambda builder, _, given: given)
rectify = _rowwise(lambda builder, _, given: _larger(builder, given, _ZERO))
rectified_change = _rowwise(_rectified_change)  # max(z + d, 0) - max(z, 0) of (d, z)
add = _rowwise(lambda builder, _, a, b: builder.fadd(a, b))
subtract = _rowwise(lambda builder, _, a, b: builder.fsub(a, b))
product_change = _rowwise(_product_change)  # (z + a)(w + b) - z w of (a, b, z, w)
larger_change = _rowwise(_larger_change)  # max(z + a, w + b) - max(z, w)
smaller_change = _rowwise(_smaller_change)
scale = _rowwise(lambda builder, _, a, factor: builder.fmul(a, factor))
scale_and_shift = _rowwise(lambda builder, _, a, factor, shift: _fused(builder, a, factor, shift))
add_scaled = _rowwise(lambda builder, total, a, factor: _fused(builder, a, factor, total))
sum_and_difference = _rowwise(_sum_and_difference, results=2)  # (a + b, a - b) of (a, b)
middle_blocks = _rowwise(_middle_blocks, results=2)  # (u - v - last, u + v - first) in place of (u, v)
raise_to = _rowwise(lambda builder, most, a, z: _larger(builder, builder.fadd(z, a), most))


@intrinsic  # type: ignore[untyped-decorator]
def nonzero(context: Any, arrays: Any, starts: Any, vectors: Any) -> Any:
    """How many numbers of one array are not zero."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = builder.extract_value(arguments[0], 0)
        data = context.make_array(signature.args[0][0])(context, builder, array).data
        place = builder.gep(data, [builder.extract_value(arguments[1], 0)])
        total = cgutils.alloca_once_value(builder, _WHOLE(0))
        bits = ir.IntType(LANES)
        with cgutils.for_range(builder, arguments[2]) as loop:
            here = builder.gep(place, [builder.mul(loop.index, _WHOLE(LANES))])
            register = builder.load(builder.bitcast(here, _VECTOR.as_pointer()), align=4)
            mask = builder.bitcast(builder.fcmp_unordered("!=", register, _ZERO), bits)
            found = builder.zext(builder.ctpop(mask), _WHOLE)
            builder.store(builder.add(builder.load(total), found), total)
        return builder.load(total)

    return types.int64(arrays, starts, vectors), codegen


@intrinsic  # type: ignore[untyped-decorator]
def raise_by_rows(context: Any, arrays: Any, starts: Any, vectors: Any, rows: Any, strides: Any) -> Any:
    """max over rows of a + z, and of what is there: (result, a, z), a row of a and of z `strides` after the last."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = []
        for number, kind in enumerate(signature.args[0]):
            data = context.make_array(kind)(context, builder, builder.extract_value(arguments[0], number)).data
            places.append(builder.gep(data, [builder.extract_value(arguments[1], number)]))
        steps = [builder.extract_value(arguments[4], number) for number in range(2)]

        def load(place: Any, offset: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(place, [offset]), _VECTOR.as_pointer()), align=4)

        with cgutils.for_range(builder, arguments[2]) as vector:
            offset = builder.mul(vector.index, _WHOLE(LANES))
            most = cgutils.alloca_once(builder, _VECTOR)
            builder.store(load(places[0], offset), most)
            with cgutils.for_range(builder, arguments[3]) as row:
                here = [builder.add(offset, builder.mul(row.index, step)) for step in steps]
                value = builder.fadd(load(places[1], here[0]), load(places[2], here[1]))
                builder.store(_larger(builder, value, builder.load(most)), most)
            result = builder.bitcast(builder.gep(places[0], [offset]), _VECTOR.as_pointer())
            builder.store(builder.load(most), result, align=4)
        return context.get_dummy_value()

    return types.void(arrays, starts, vectors, rows, strides), codegen


@intrinsic  # type: ignore[untyped-decorator]
def raise_by_products(context: Any, arrays: Any, starts: Any, vectors: Any, rows: Any, values: Any) -> Any:
    """max over rows of z + the sum of four values times weights, and of what is there: (result, z, weights).

    Rows of z are `vectors` registers; to each row belong four rows of weights, one for each value.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        places = []
        for number, kind in enumerate(signature.args[0]):
            data = context.make_array(kind)(context, builder, builder.extract_value(arguments[0], number)).data
            places.append(builder.gep(data, [builder.extract_value(arguments[1], number)]))
        nothing, lanes = ir.Constant(_VECTOR, ir.Undefined), ir.VectorType(ir.IntType(32), LANES)
        factors = []
        for number in range(4):
            value = builder.extract_value(arguments[4], number)
            first = builder.insert_element(nothing, value, ir.IntType(32)(0))
            factors.append(builder.shuffle_vector(first, nothing, ir.Constant(lanes, [0] * LANES)))
        width = builder.mul(arguments[2], _WHOLE(LANES))

        def load(place: Any, offset: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(place, [offset]), _VECTOR.as_pointer()), align=4)

        with cgutils.for_range(builder, arguments[2]) as vector:
            offset = builder.mul(vector.index, _WHOLE(LANES))
            most = cgutils.alloca_once(builder, _VECTOR)
            builder.store(load(places[0], offset), most)
            with cgutils.for_range(builder, arguments[3]) as row:
                at = builder.mul(row.index, width)
                value = load(places[1], builder.add(offset, at))
                weights = builder.add(offset, builder.mul(at, _WHOLE(4)))
                for number, factor in enumerate(factors):
                    here = builder.add(weights, builder.mul(width, _WHOLE(number)))
                    value = _fused(builder, factor, load(places[2], here), value)
                builder.store(_larger(builder, value, builder.load(most)), most)
            result = builder.bitcast(builder.gep(places[0], [offset]), _VECTOR.as_pointer())
            builder.store(builder.load(most), result, align=4)
        return context.get_dummy_value()

    return types.void(arrays, starts, vectors, rows, values), codegen
