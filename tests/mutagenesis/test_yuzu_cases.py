"""The 48 tests of yuzu's `test_yuzu_naive_equality.py` (kundajelab/yuzu 0.0.1, MIT; Schreiber et al. 2022), restated.

Its published models have fewer channels here. yuzu measures an edit by the length of what it does to all outputs;
here all outputs are compared, one by one.
"""

from itertools import pairwise

import pytest
import torch
from torch import nn

import seqinterp as si
from edited_networks import assert_exact, assert_exact_edits, shared_model
from edited_zoo.kit import Network
from naive import mutagenesis as naive
from seqinterp.attribution.targets import flattened

LENGTH = 150
STACKS = """
conv relu
conv mp3
conv relu mp3
conv mp3 conv
conv bn mp3 conv
conv relu mp3 conv
conv relu bn mp3 conv
conv mp3 mp2
conv dense
conv relu dense
conv bn dense
conv relu bn dense
conv mp2 dense
conv mp2 relu dense
conv mp2 bn dense
conv mp2 bn relu dense
conv mp2 conv dense
conv mp2 conv dense dense
conv mp2 conv dense relu dense
conv mp2 conv dense bn dense
conv mp2 conv dense bn dense relu
""".strip().splitlines()


class PositionsFirst(nn.Module):
    """Flatten as yuzu does: positions outside, channels inside."""

    def forward(self, x):
        return x.permute(0, 2, 1).contiguous().view(x.shape[0], -1)


def stack(words: str, padding: int) -> nn.Sequential:
    """The layers of one line."""
    layers, width = [], 4
    for word in words.split():
        if word == "conv":
            before, width = width, 8 if width == 4 else 6
            layers.append(nn.Conv1d(before, width, kernel_size=7, padding=padding))
        elif word == "dense":
            seen = any(isinstance(layer, nn.Linear) for layer in layers)
            layers += [nn.Linear(width, 3)] if seen else [PositionsFirst(), nn.LazyLinear(5)]
            width = 3 if seen else 5
        else:
            layers.append({"relu": nn.ReLU(), "bn": nn.BatchNorm1d(width)}.get(word) or nn.MaxPool1d(int(word[-1])))
    return nn.Sequential(*layers)


def tower(*plan: tuple[int, int, int], norm: str = "", hidden: tuple[int, ...] = ()) -> nn.Sequential:
    """Convolutions `(channels, size, pool)`, then dense layers."""
    layers, width = [], 4
    for after, size, pool in plan:
        layers.append(nn.Conv1d(width, after, size, padding=size // 2))
        layers += {
            "": [nn.ReLU()],
            "after": [nn.ReLU(), nn.BatchNorm1d(after)],
            "before": [nn.BatchNorm1d(after), nn.ReLU()],
        }[norm]
        layers += [nn.MaxPool1d(pool)] if pool > 1 else []
        width = after
    if hidden:
        layers += [PositionsFirst(), nn.LazyLinear(hidden[0])]
        for before, after in pairwise(hidden):
            layers += [nn.ReLU(), nn.BatchNorm1d(before), nn.Linear(before, after)]
    return nn.Sequential(*layers)


def toy() -> nn.Sequential:
    return nn.Sequential(tower((12, 7, 1), (12, 7, 1)), nn.Conv1d(12, 2, 7, padding=3))


def deepsea() -> nn.Sequential:
    return nn.Sequential(
        tower((12, 9, 4), (16, 9, 4), (20, 9, 1), hidden=(25,)), nn.Sigmoid(), nn.Unflatten(1, (1, 25))
    )


def basset() -> nn.Sequential:
    return nn.Sequential(
        tower((16, 19, 3), (12, 11, 4), (12, 7, 4), norm="after", hidden=(20, 20, 8)), nn.Unflatten(1, (1, 8))
    )


def factorized_basset() -> nn.Sequential:
    narrow = [(8, 3, 1), (8, 3, 1), (10, 3, 1), (10, 7, 1), (12, 7, 3), (12, 7, 1), (12, 3, 1), (12, 3, 4), (12, 7, 4)]
    return nn.Sequential(tower(*narrow, norm="before", hidden=(20, 20, 8)), nn.Unflatten(1, (1, 8)))


MODELS = {
    "one_layer": lambda: nn.Conv1d(4, 16, 7, padding=3),
    "toynet": toy,
    "deepsea": deepsea,
    "basset": basset,
    "factorized_basset": factorized_basset,
    "bpnet": toy,  # so in the original
}
NETWORKS = [
    *(Network(name, build, length=LENGTH) for name, build in MODELS.items()),
    *(
        Network(f"{words}{' nopad' * (not padding)}", lambda w=words, p=padding: stack(w, p), length=LENGTH)
        for padding in (3, 0)
        for words in STACKS
    ),
]
EVERY = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name.replace(" ", "_"))


def test_there_are_as_many_as_there():
    assert len(NETWORKS) == len({network.name for network in NETWORKS}) == 48


@EVERY
def test_all_outputs(network):
    model, inputs = shared_model(network), network.inputs(1)
    rows, example, _, _ = naive.every_edit(inputs)
    found = assert_exact_edits(model, None, inputs, rows, example)
    assert found.flatten(1).norm(dim=1).min() > 0 or "mp" in network.name or "relu" in network.name


@EVERY
def test_one_output(network):
    model, inputs = shared_model(network), network.inputs(2)
    with torch.no_grad():
        outputs = model(inputs)[0].numel()
    target = flattened(outputs // 2)
    exact = naive.effects(model, inputs, target)
    assert_exact(si.mutate(model, inputs, target=target, device="cpu").effects, exact, model, inputs, target)
