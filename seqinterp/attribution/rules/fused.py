"""Rules in one sweep over memory, where a numba kernel can do it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.partners import Other
from seqinterp.kernels.rectifier import rescaled

PoolKernel = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, np.ndarray], None]
LARGE = 2**21  # cells from which a thread of a pool earns what starting it costs


def fused_rescale(held: Held, other: Other, gradient: Tensor) -> Tensor | None:
    """gradient * (relu(a) - relu(b)) / (a - b) for every row a and its partner row b; None where there is no kernel."""
    (values,) = held.operands
    if other.index is None or not _plain(values, gradient):
        return None
    rows = len(values)
    result = torch.empty_like(gradient, memory_format=torch.contiguous_format)
    given, taken, out = _flat(gradient, rows), _flat(values, rows), _flat(result, rows)
    index = other.index.numpy()

    def sweep(start: int, stop: int) -> None:
        rescaled(given, taken, index, start, stop, out)

    threads = torch.get_num_threads() if values.numel() >= LARGE else 1
    cuts = [rows * part // threads for part in range(threads + 1)]
    if threads == 1:
        sweep(0, rows)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(sweep, cuts[:-1], cuts[1:]))
    return result


def fused_pool(kernel: PoolKernel, held: Held, other: Other, gradient: Tensor) -> Tensor | None:
    """What each value receives from the pooling windows it won, here or at its partner row; None without a kernel."""
    values = held.operands[0]
    if other.index is None or len(held.companions) != 1 or not _plain(values, gradient):
        return None
    result = torch.zeros_like(values, memory_format=torch.contiguous_format)
    axes = int(held.word.partition("pool")[2][0])  # max_pool2d_with_indices pools over two
    planes = values.shape[1:-axes].numel()
    tables = [_flat(tensor, len(values) * planes) for tensor in (gradient, values, held.companions[0], result)]
    kernel(tables[0], tables[1], tables[2], other.index.numpy(), planes, tables[3])
    return result


def _plain(values: Tensor, gradient: Tensor) -> bool:
    """Whether these are plain numbers on the CPU."""
    known = values.dtype == gradient.dtype and values.dtype in (torch.float32, torch.float64)
    return known and values.device.type == "cpu"


def _flat(tensor: Tensor, rows: int) -> np.ndarray:
    """The numbers of a tensor as a table of so many rows."""
    table: np.ndarray = tensor.contiguous().view(rows, -1).numpy()
    return table
