"""Arrays whose owner is known to outlive the kernel: nobody counts who holds them.

Counting is an atomic operation each time an array is taken out of a tuple, and threads that share an array wait for one
another there; kernels of a few hundred nanoseconds would spend half their time on it.
"""

from typing import Any

from numba.core import cgutils
from numba.extending import intrinsic

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import Memory, Program, Work


@intrinsic  # type: ignore[untyped-decorator]
def unowned(context: Any, array: Any) -> Any:
    """The same array without its owner."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = context.make_array(array)(context, builder, arguments[0])
        given.meminfo = cgutils.get_null_value(given.meminfo.type)
        given.parent = cgutils.get_null_value(given.parent.type)
        return given._getvalue()

    return array(array), codegen


@kernel
def unowned_program(program: Program) -> Program:
    """A program of unowned arrays."""
    return Program(
        unowned(program.steps),
        unowned(program.slots),
        unowned(program.weights),
        unowned(program.tables),
        unowned(program.outputs),
        unowned(program.facts),
    )


@kernel
def unowned_work(work: Work) -> Work:
    """Work of unowned arrays."""
    return Work(
        unowned(work.inputs),
        unowned(work.references),
        unowned(work.first),
        unowned(work.position),
        unowned(work.columns),
    )


@kernel
def unowned_memory(memory: Memory) -> Memory:
    """Memory of unowned arrays."""
    return Memory(
        unowned(memory.numbers),
        unowned(memory.place),
        unowned(memory.here),
        unowned(memory.window),
        unowned(memory.chunks),
        unowned(memory.indices),
    )
