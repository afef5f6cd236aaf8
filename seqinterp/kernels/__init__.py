"""Numba kernels on flat numpy arrays, and the one policy by which they are compiled."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and numpy arrays with numba; the decorator of every kernel.

    Machine code is kept on disk (`cache`), threads may run kernels side by side (`nogil`), and floating-point
    sums are never reordered (`fastmath=False`), so a kernel gives the same bits on every call. Division by zero gives
    infinity, as in numpy; code that raises instead is slow to compile and to run. Run-time shape checks that tests
    wrap around a function are taken off first, since numba cannot compile them.
    """
    policy = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
    compiled: Any = policy(inspect.unwrap(function))
    _follow_all_sources(compiled)
    found: Callable[P, R] = compiled
    return found


def callback(signature: Any) -> Callable[[Callable[..., None]], Any]:
    """Compile a function that kernels call by its address, `.address`, under the same policy."""

    def compiled(function: Callable[..., None]) -> Any:
        return numba.cfunc(signature, cache=True)(inspect.unwrap(function))

    return compiled


def _follow_all_sources(compiled: Any) -> None:
    """Let kept machine code go stale with any file of this package.

    A kernel holds the code of those it calls, but numba looks only at the file that a kernel itself is in: a change of
    another file would go unnoticed.
    """
    file: Any = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if hasattr(file, "_source_stamp"):  # numba keeps it to itself; without it the cache works as numba's own does
        file._source_stamp = _stamp()


@cache
def _stamp() -> tuple[float, int]:
    """When a file of this package was last written, and the size of all."""
    found = [path.stat() for path in Path(__file__).parent.rglob("*.py")]
    return max(status.st_mtime for status in found), sum(status.st_size for status in found)
