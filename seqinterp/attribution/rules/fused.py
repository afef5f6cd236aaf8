"""Rules in one sweep over memory, where a numba kernel can do it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from seqinterp.kernels.pooling import cross_maximum
from seqinterp.kernels.rectifier import rescaled

LARGE = 2**19  # cells from which the threads of a pool earn what starting them costs


def can_fuse(values: Tensor, gradient: Tensor) -> bool:
    """Whether the kernel takes these: plain numbers on the CPU."""
    return values.device.type == "cpu" and values.dtype == gradient.dtype and values.dtype in (torch.float32, torch.float64)


def fused_rescale(values: Tensor, gradient: Tensor, partner: Tensor) -> Tensor:
    """gradient * (relu(a) - relu(b)) / (a - b) for every row a and its partner row b, rows along axis 0."""
    result = torch.empty_like(gradient, memory_format=torch.contiguous_format)
    arrays = [tensor.contiguous().reshape(len(values), -1).numpy() for tensor in (gradient, values)]
    index, out = partner.numpy(), result.view(len(values), -1).numpy()
    threads = torch.get_num_threads() if values.numel() >= LARGE else 1
    if threads == 1:
        rescaled(*arrays, index, 0, len(index), out)
        return result
    cuts = [len(index) * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda a, b: rescaled(*arrays, index, a, b, out), cuts[:-1], cuts[1:]))
    return result


def fused_cross_maximum(values: Tensor, winners: Tensor, gradient: Tensor, partner: Tensor) -> Tensor:
    """What each value receives from the pooling windows it won, here or at its partner row; rows along axis 0."""
    result = torch.zeros_like(values, memory_format=torch.contiguous_format)
    places = winners.ndim - 2  # (row, channel, *places)
    planes = values.shape[1] if places else 1

    def flat(tensor: Tensor) -> np.ndarray:
        array: np.ndarray = tensor.contiguous().view(len(tensor) * planes, -1).numpy()
        return array

    cross_maximum(flat(gradient), flat(values), flat(winners), partner.numpy(), planes, flat(result))
    return result
