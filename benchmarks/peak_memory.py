"""Peak resident memory in MiB that one call on M4 adds: `python peak_memory.py deeplift|integrated_gradients SIZE`."""

import resource
import sys
from functools import partial
from pathlib import Path

import torch
from reference_networks import NETWORKS, network, sequences

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.integrated_gradients import integrated_gradients
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import output

COUNT, REFERENCES, PIECES = 8, 20, 64  # more rows than the largest batch


def explainer(method: str) -> Explainer:
    if method == "integrated_gradients":
        return partial(integrated_gradients, steps=PIECES)
    references = sequences(COUNT * REFERENCES, NETWORKS["M4"][1], seed=1).view(COUNT, REFERENCES, 4, -1)
    return partial(deeplift, baseline=given(inputs, references))


def resident() -> int:
    """Bytes in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """The most bytes this process ever had in memory (getrusage would count those of the one that started it)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


torch.set_num_threads(2)
inputs = sequences(COUNT, NETWORKS["M4"][1])
explain = partial(run.explain, explainer(sys.argv[1]), Score(network("M4"), output(0)), device="cpu")
explain(inputs[:1], batch_size=2)  # what is loaded and compiled once is not counted
before = resident()
explain(inputs, batch_size=int(sys.argv[2]))
print((peak() - before) // 2**20)
