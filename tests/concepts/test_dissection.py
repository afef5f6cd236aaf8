"""Network Dissection: planted units, chance, and the same numbers as loops give."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from naive import dissection as naive
from pictures import drawn
from seqinterp.api.dissect import dissect
from seqinterp.concepts.permutation import iou, overlaps
from seqinterp.concepts.unit_masks import Thresholds
from seqinterp.sequence.onehot import one_hot


def blobs(batch, channels, size, seed, *, side=3):
    """Noise, a bright square in every second image, and where it is."""
    generator = np.random.default_rng(seed)
    inputs = 0.2 * generator.random((batch, channels, size, size))
    mask = np.zeros((batch, size, size), bool)
    for row in range(0, batch, 2):
        top, left = generator.integers(0, size - side, 2)
        mask[row, top : top + side, left : left + side] = True
        inputs[row, 0, top : top + side, left : left + side] += 0.8
    return torch.from_numpy(inputs), torch.from_numpy(mask)


class Copies(nn.Module):
    """A layer of units that pass a channel of the input on, after any change of the places."""

    def __init__(self, *before, axes):
        super().__init__()
        self.before = nn.Sequential(*before)
        kind = nn.Conv2d if axes == 2 else nn.Conv1d
        self.unit = kind(2, 2, 1, bias=False)
        self.unit.weight.data = torch.eye(2).reshape(self.unit.weight.shape)
        self.double()

    def forward(self, inputs):
        return self.unit(self.before(inputs)).flatten(1).sum(1, keepdim=True)


@pytest.mark.parametrize("axes", [1, 2])
def test_a_unit_that_is_the_concept_has_an_iou_of_one(axes):
    inputs, mask = blobs(20, 2, 16, 0)
    if axes == 1:
        inputs, mask = inputs[:, :, 8], mask[:, 8]
    share = float(mask.double().mean())
    other = mask.roll(5, -1)
    reach = {"reach": 1} if axes == 1 else {}
    found = dissect(
        Copies(axes=axes), inputs, {"square": mask, "elsewhere": other}, quantile=share, device="cpu", **reach
    ).units
    assert found["concept"][0] == "square"
    assert found["iou"][0] == found["precision"][0] == found["recall"][0] == 1
    assert found["q"][0] <= 0.05
    assert found["detector"].tolist() == [True, False]


@pytest.mark.parametrize(("factor", "least"), [(2, 1.0), (4, 1.0)])
def test_after_a_pool_the_iou_is_that_of_ideal_upsampling(factor, least):
    """Squares on the grid of the pool: half of the way between full and empty is half of the activation."""
    generator = np.random.default_rng(1)
    coarse = torch.from_numpy(generator.random((30, 16 // factor, 16 // factor)) < 0.1)
    mask = coarse.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    inputs = torch.stack([mask.double(), torch.zeros(mask.shape)], dim=1)
    network = Copies(nn.AvgPool2d(factor), axes=2)
    row = dissect(network, inputs, {"block": mask}, quantile=float(mask.double().mean()), device="cpu").units.iloc[0]
    # bilinear interpolation of 0 and 1 is above 0 beyond the block: by the published rule T is 0 here
    ideal = torch.nn.functional.interpolate(coarse[:, None].double(), scale_factor=factor, mode="bilinear")[:, 0] > 0
    expected = float((ideal & mask).sum()) / float((ideal | mask).sum())
    assert row["threshold"] == 0
    assert row["iou"] == pytest.approx(expected, abs=1e-12)
    assert row["recall"] == least
    # a reach that covers fields gives blocks back as they are
    blocks = dissect(network, inputs, {"block": mask}, quantile=0.2, reach=factor, device="cpu").units.iloc[0]
    assert blocks["iou"] == 1


WORD = "TGACTCA"


def planted(batch=60, length=40, seed=0, word=WORD):
    generator = np.random.default_rng(seed)
    rows = generator.choice(list("ACGT"), (batch, length))
    mask = np.zeros((batch, length), bool)
    for row in range(0, batch, 2):
        start = int(generator.integers(0, length - len(word)))
        rows[row, start : start + len(word)] = list(word)
    text = ["".join(row) for row in rows]
    for row, sequence in enumerate(text):
        for start in range(length - len(word) + 1):
            if sequence[start : start + len(word)] == word:
                mask[row, start : start + len(word)] = True
    return one_hot(text), torch.from_numpy(mask)


def finder(padding):
    """A filter that is the word beside one of noise."""

    def build():
        bank = nn.Conv1d(4, 2, len(WORD), padding=padding)
        bank.weight.data[0] = one_hot([WORD])[0]
        bank.bias.data.zero_()
        return nn.Sequential(bank, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(2, 1))

    return drawn(build)  # fmt: skip


@pytest.mark.parametrize("padding", [0, 3, 6])
def test_a_filter_that_is_a_word_marks_its_sites(padding):
    inputs, mask = planted()
    sites = int(mask.sum()) / len(WORD)
    places = len(inputs) * (40 + 2 * padding - 6)
    found = dissect(finder(padding), inputs, {WORD: mask}, quantile=sites / places, device="cpu").units
    assert found["iou"][0] == 1
    assert found["iou"][1] < 0.2
    assert found["detector"].tolist() == [True, False]


def test_loops_give_the_same_numbers():
    generator = torch.Generator().manual_seed(3)
    network = drawn(lambda: nn.Sequential(nn.Conv1d(3, 3, 4, stride=2), nn.Tanh(), nn.Conv1d(3, 2, 2)))
    inputs = torch.rand(5, 3, 16, generator=generator, dtype=torch.float64)
    masks = {name: torch.rand(5, 16, generator=generator) < 0.3 for name in ("one", "two")}
    sets = [[set(np.flatnonzero(row)) for row in mask.numpy()] for mask in masks.values()]
    with torch.no_grad():
        first, second = network[:1](inputs), network(inputs)
    for reach, quantile in ((1, 0.1), (8, 0.3)):
        found = dissect(network, inputs, masks, quantile=quantile, reach=reach, device="cpu")
        row = 0
        # fields of the first layer: 0 to 3, 2 to 5, ...; of the second 0 to 5, 2 to 7, ...
        for maps, last in ((first, 3), (second, 5)):
            for unit in range(maps.shape[1]):
                rows = maps[:, unit].tolist()
                level = naive.threshold([v for r in rows for v in r], quantile)
                if reach == 1:
                    active = naive.marked(rows, 16, level, centre=last / 2, stride=2)
                else:
                    active = naive.marked_by_fields(rows, 16, level, first=0, last=last, stride=2)
                assert found.threshold[row] == pytest.approx(level, abs=1e-12)
                assert found.iou[row].tolist() == pytest.approx([naive.iou(active, c) for c in sets], abs=1e-12)
                assert int(found.active[row]) == sum(map(len, active))
                row += 1
        assert row == len(found)


@pytest.mark.parametrize("circular", [False, True])
def test_p_values_are_those_of_all_permutations(circular):
    generator = np.random.default_rng(0)
    batch, length = (4, 4) if circular else (5, 6)
    active = generator.random((batch, 3, length)) < 0.4
    concepts = generator.random((batch, 2, length)) < 0.4
    example, unit, position = np.nonzero(active)
    order = np.argsort(unit, kind="stable")
    found = overlaps(
        unit[order],
        (example * length + position)[order],
        concepts.transpose(0, 2, 1).copy(),
        count=3,
        circular=circular,
        permutations=6000,
        seed=1,
    )
    sets = [[set(np.flatnonzero(row)) for row in concepts[:, c]] for c in range(2)]
    for number in range(3):
        own = [set(np.flatnonzero(row)) for row in active[:, number]]
        pair, best = naive.p_values(own, sets, length=length if circular else None)
        assert found.pair_p[number] == pytest.approx(pair, abs=0.025)
        assert found.best_p[number] == pytest.approx(best, abs=0.025)
    assert iou(found.both, found.active, found.present)[0] == pytest.approx(
        [naive.iou([set(np.flatnonzero(row)) for row in active[:, 0]], c) for c in sets]
    )


def test_masks_by_chance_give_uniform_p_and_no_detectors():
    """Smooth random units and masks that hang together in blocks but have nothing to do with them."""
    generator = np.random.default_rng(2)
    p_values, rejected = [], 0
    for repeat in range(60):
        cells = np.repeat(generator.random((40, 12, 8)) > 0.9, 4, axis=2)  # (batch, unit, position) in blocks
        masks = np.repeat(generator.random((40, 8, 3)) > 0.85, 4, axis=1)  # (batch, position, concept)
        example, unit, position = np.nonzero(cells)
        order = np.argsort(unit, kind="stable")
        found = overlaps(unit[order], (example * 32 + position)[order], masks, count=12,
                         circular=repeat % 2 == 0, permutations=199, seed=repeat)  # fmt: skip
        p_values += found.best_p.tolist()
        rejected += bool((np.sort(found.best_p) * 12 / np.arange(1, 13)).min() <= 0.05)
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.025)
    assert rejected / 60 < 0.12


def test_thresholds_are_exact_in_any_batches():
    values = torch.rand(30, 3, 7, generator=torch.Generator().manual_seed(0))
    for quantile in (0.004, 0.05, 0.5):
        whole, parts = Thresholds(quantile, 210), Thresholds(quantile, 210)
        whole.add([values])
        for part in values.split(4):
            parts.add([part])
        assert torch.equal(whole.values, parts.values)
        shares = (values > whole.values[:, None]).double().mean(dim=(0, 2))
        assert torch.allclose(shares, torch.full((3,), int(quantile * 210) / 210, dtype=torch.float64))


def test_a_unit_that_is_off_detects_nothing():
    inputs, mask = planted(20)
    network = finder(0)
    network[0].bias.data[1] = -100.0
    network.insert(1, nn.ReLU())
    found = dissect(network, inputs, {WORD: mask}, ["1"], device="cpu").units.iloc[1]
    assert (found["iou"], found["p"], found["active"], found["detector"]) == (0, 1, 0, False)


def test_batches_change_nothing_and_the_model_is_given_back():
    inputs, mask = planted(30)
    network = finder(3).train()
    state, modes = deepcopy(network.state_dict()), [m.training for m in network.modules()]
    first = dissect(network, inputs, {WORD: mask}, batch_size=7, device="cpu")
    second = dissect(network, inputs, {WORD: mask}, batch_size=30, device="cpu")
    assert torch.equal(first.iou, second.iou)
    assert torch.equal(first.best_p, second.best_p)
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    assert modes == [m.training for m in network.modules()]
    assert not any(m._forward_hooks for m in network.modules())
    assert all(p.requires_grad for p in network.parameters())


def test_random_state_is_left_alone():
    inputs, mask = planted(10)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    dissect(finder(0), inputs, {WORD: mask}, permutations=20, device="cpu")
    assert torch.equal(torch.rand(1), expected)
