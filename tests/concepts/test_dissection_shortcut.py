"""A network that reads a marker in the corner: dissection and the mass of attributions outside of the object say so."""

import numpy as np
import pytest
import torch
from torch import nn

from seqinterp.api.attribute import attribute
from seqinterp.api.dissect import dissect
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.evaluation.localisation import mass_in_mask

SIZE = 16
CHECKS = np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])


def pictures(count, seed, *, marked):
    """Noise; in positives a faint square somewhere, with `marked` a pattern in the corner: inputs, labels, masks."""
    generator = np.random.default_rng(seed)
    inputs = 0.4 + 0.2 * generator.random((count, 1, SIZE, SIZE))
    labels = np.arange(count) % 2
    masks = {name: np.zeros((count, SIZE, SIZE), bool) for name in ("object", "marker")}
    for row in np.flatnonzero(labels):
        top, left = generator.integers(1, SIZE - 8, 2)
        inputs[row, 0, top : top + 5, left : left + 5] += 0.15
        masks["object"][row, top : top + 5, left : left + 5] = True
        if marked:
            inputs[row, 0, -4:-1, -4:-1] = CHECKS
            masks["marker"][row, -4:-1, -4:-1] = True
    return (
        torch.from_numpy(inputs).float(),
        torch.from_numpy(labels),
        {k: torch.from_numpy(m) for k, m in masks.items()},
    )


def trained(*, marked):
    inputs, labels, _ = pictures(256, 0, marked=marked)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 1),
        )  # fmt: skip
        fitting = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(150):
            some = torch.randint(256, (64,))
            loss = nn.functional.binary_cross_entropy_with_logits(model(inputs[some])[:, 0], labels[some].float())
            fitting.zero_grad()
            loss.backward()
            fitting.step()
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def networks():
    return {marked: trained(marked=marked) for marked in (True, False)}


def accuracy(model, *, marked):
    inputs, labels, _ = pictures(200, 9, marked=marked)
    return float(((model(inputs)[:, 0] > 0) == labels).double().mean())


def test_the_shortcut_was_taken(networks):
    assert accuracy(networks[True], marked=True) > 0.98
    assert accuracy(networks[True], marked=False) < 0.7
    assert accuracy(networks[False], marked=False) > 0.85


def test_dissection_finds_the_marker(networks):
    inputs, _, masks = pictures(100, 5, marked=True)
    share = 9 / SIZE**2 / 2
    detected = {}
    for marked, model in networks.items():
        found = dissect(model, inputs, masks, ["2"], quantile=share, device="cpu").units
        detected[marked] = found[found["detector"]]
    assert set(detected[True]["concept"]) == {"marker"}
    assert detected[True]["iou"].max() > 0.2
    assert detected[True]["q"].max() <= 0.02
    assert set(detected[False]["concept"]) == {"object"}
    assert detected[False]["iou"].max() > 0.2


def test_attributions_lie_outside_of_the_object(networks):
    inputs, labels, masks = pictures(100, 5, marked=True)
    own = labels == 1
    share = {}
    for marked, model in networks.items():
        values = attribute(model, inputs[own], "integrated_gradients", target=0, device="cpu").values
        score = Score(model, as_target(0))
        share[marked] = {
            name: float(mass_in_mask(score, inputs[own], values, mask=mask[own]).mean()) for name, mask in masks.items()
        }
    assert share[True]["marker"] > 0.6
    assert share[True]["object"] < 0.01
    assert share[False]["object"] > 0.5
