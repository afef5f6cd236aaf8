"""Explanations made again and again: by hand, by company, and what is refused."""

import numpy as np
import pytest
import torch
from scipy.stats import ttest_1samp
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError
from seqinterp.models.ensemble import Ensemble
from seqinterp.sequence.markov import UNIFORM

INPUTS = si.one_hot(UNIFORM.sample(40, count=4, seed=1))


def network(seed, dropout=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv1d(4, 6, 7), nn.ReLU(), nn.Dropout(dropout), nn.AdaptiveMaxPool1d(4), nn.Flatten(), nn.Linear(24, 1)
        ).eval()


MEMBERS = [network(seed) for seed in range(5)]


def asked(model, method="gradient_times_input", **options):
    return si.attribution_uncertainty(model, INPUTS, method, device="cpu", **options)


def values(model, method="gradient_times_input", **options):
    return si.attribute(model, INPUTS, method, device="cpu", **options).values.double()


def test_members_by_hand():
    found = asked(MEMBERS)
    maps = torch.stack([values(member) for member in MEMBERS])
    torch.testing.assert_close(found.mean, maps.mean(dim=0))
    torch.testing.assert_close(found.deviation, maps.std(dim=0))
    assert found.facts["over"] == "members" and found.repeats == 5
    places = maps.sum(dim=2).numpy()
    p_values = ttest_1samp(places, 0.0, axis=0).pvalue
    smallest = np.nanmin(p_values)
    assert float(found.q_value.min()) <= min(1.0, smallest * p_values.size) + 1e-12
    order = np.argsort(p_values[0])
    assert np.all(np.diff(found.q_value[0].numpy()[order][: np.isfinite(p_values[0]).sum()]) >= -1e-12)


def test_the_interval_holds_one_more_repeat():
    random = torch.Generator().manual_seed(0)
    from seqinterp.api.results.attribution_uncertainty import AttributionUncertainty

    inside = []
    for _ in range(40):
        drawn = torch.randn(11, 4, 4, 40, generator=random)
        found = AttributionUncertainty.of(INPUTS, drawn[:10], None, {})
        inside.append(((found.low <= drawn[10]) & (drawn[10] <= found.high)).double().mean())
    assert float(torch.stack(inside).mean()) == pytest.approx(0.95, abs=0.01)


def test_what_varies_is_found():
    assert asked(Ensemble(MEMBERS)).facts["over"] == "members"
    assert asked(network(0, dropout=0.5), draws=3).facts["over"] == "dropout"
    assert asked(network(0), "smoothgrad", draws=3).facts["over"] == "seeds"
    assert asked(network(0), "deeplift", draws=3).facts["over"] == "references"


def test_references_one_at_a_time():
    found = asked(network(0), "deeplift", draws=4, seed=3)
    maps = torch.stack([values(network(0), "deeplift", draws=1, seed=3 + number) for number in range(4)])
    torch.testing.assert_close(found.mean, maps.mean(dim=0))


def test_equal_members_are_certain():
    found = asked([network(0)] * 3)
    assert float(found.deviation.max()) == 0
    there = found.contributions != 0
    assert bool((found.q_value[there] == 0).all()) and bool((found.q_value[~there] == 1).all())
    assert bool((found.sign_agreement == 1).all()) and bool((found.calls["support"] == 1).all())


def test_files_tables_and_drawing(tmp_path):
    found = asked(MEMBERS)
    found.save(tmp_path / "u.safetensors")
    again = si.AttributionUncertainty.load(tmp_path / "u.safetensors")
    assert torch.equal(again.q_value, found.q_value) and len(again.calls) == len(found.calls)
    assert {"mean", "low", "high"} <= set(found.to_frame())
    assert found.plot(1).axes[0].get_xlabel() == "position"


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (network(0), {}, "nothing varies"),
        (network(0), {"over": "members"}, "does not vary over members"),
        (network(0), {"over": "weights"}, "over must be one of"),
        (MEMBERS[:2], {}, "at least 3 repeats"),
        (network(0, 0.5), {"draws": 2}, "at least 3 repeats"),
        ([], {}, "several of them"),
    ],
)  # fmt: skip
def test_refusals(model, options, words):
    with pytest.raises(InputError, match=words):
        asked(model, **options)
