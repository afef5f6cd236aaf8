"""Whether the engine asks the GPU for numbers inside its loops: every such copy makes the processor wait for it."""

from collections.abc import Callable
from functools import partial

import torch
from race import require
from reference_networks import NETWORKS, network, sequences
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from seqinterp.attribution import run
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.integrated_gradients import integrated_gradients
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.targets import output

ROWS, DRAWS = 42, 20  # rows at once: two sequences with their references in each turn of the loop


def copies_within_the_loop(device: str) -> dict[str, int]:
    """Copies to the CPU that each turn of the loop adds, by network and method; stops when there are any."""
    explainers: dict[str, Explainer] = {
        "gradient": gradient,
        "deeplift": partial(deeplift, baseline=_shuffled),
        "integrated_gradients": partial(integrated_gradients, steps=20),
    }
    found = {
        f"{name}: {method}": _added_by_a_turn(explainer, name, device)
        for name in NETWORKS
        for method, explainer in explainers.items()
    }
    asking = [name for name, copies in found.items() if copies]
    require(not asking, f"copies from the device to the CPU inside the loop of {', '.join(asking)}")
    return found


def _shuffled(inputs: Tensor) -> Tensor:
    """References made on the device: the columns of each sequence, rolled on."""
    return torch.stack([inputs.roll(draw + 1, dims=2) for draw in range(DRAWS)], dim=1)


def _added_by_a_turn(explainer: Explainer, name: str, device: str) -> int:
    """Copies of a long loop less those of a short one: what is asked once for a call is not in the loop."""
    score = Score(network(name), output(0))
    inputs = sequences(4 * ROWS, NETWORKS[name][1]).to(device)
    with run.borrowed(score, torch.device(device)), row_limit(ROWS):
        explainer(score, inputs[: 2 * ROWS])  # to warm up
        short, long = (_copies(partial(explainer, score, inputs[: turns * ROWS])) for turns in (2, 4))
    return long - short


def _copies(call: Callable[[], Tensor]) -> int:
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize()
    return sum(event.count for event in seen.key_averages() if "Memcpy DtoH" in event.key)
