"""`variant_uncertainty`: effects over several models and over dropout masks."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError
from seqinterp.models.ensemble import Ensemble

GENOME = {"chr1": "ACGTTAGGCATTAGCCATTAGGACCA"}


class Weighted(nn.Module):
    """A is worth 1, C 2, G 3, T 4, each times a weight."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(float(weight)))

    def forward(self, inputs):
        return self.weight * torch.einsum("bap,a->b", inputs, torch.arange(1.0, 5.0))[:, None]


def table():
    return pd.DataFrame(
        [["chr1", 8, "C", "G"], ["chr1", 9, "A", "T"], ["chr1", 8, "C", "CG"]],
        columns=["chromosome", "position", "reference", "alternative"],
    )


def test_several_models_by_hand():
    weights = np.array([1.0, 2.0, 4.0, -0.5])
    found = si.variant_uncertainty([Weighted(w) for w in weights], GENOME, table(), length=5, device="cpu")
    alone = si.variant_effects(Weighted(1.0), GENOME, table(), length=5, device="cpu")
    for row, unit in enumerate(alone["effect"]):
        effects = weights * unit
        assert found["effect"][row] == pytest.approx(effects.mean())
        assert found["alternative_score"][row] == pytest.approx(weights.mean() * alone["alternative_score"][row])
        assert found["deviation"][row] == pytest.approx(effects.std(ddof=1))
        low, high = stats.t.interval(0.95, 3, effects.mean(), effects.std(ddof=1) * np.sqrt(1 + 1 / 4))
        assert found["low"][row] == pytest.approx(low)
        assert found["high"][row] == pytest.approx(high)
        assert found["same_sign"][row] == 0.75
    p = stats.ttest_1samp(weights, 0).pvalue  # the same for every variant with an effect
    assert found["q_value"].tolist() == pytest.approx([p, p, p])
    ensemble = si.variant_uncertainty(Ensemble([Weighted(w) for w in weights]), GENOME, table(), length=5, device="cpu")
    assert ensemble.equals(found)


def test_models_that_agree_are_certain():
    found = si.variant_uncertainty([Weighted(2.0)] * 3, GENOME, table(), length=5, device="cpu")
    assert found["deviation"].tolist() == [0, 0, 0]
    assert found["q_value"].tolist() == [0, 0, 0]
    assert (found["low"] == found["effect"]).all()


def test_dropout_is_the_same_for_both_alleles():
    class Dropped(nn.Module):
        """What is dropped depends on nothing but the mask."""

        def __init__(self):
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, inputs):
            return self.drop(inputs.sum(dim=1)).sum(dim=1, keepdim=True)  # the same for every sequence of A, C, G, T

    model = Dropped().train()
    found = si.variant_uncertainty(model, GENOME, table()[:2], length=5, draws=8, device="cpu")
    assert found["effect"].tolist() == [0, 0]  # other masks for either allele would differ
    assert found["q_value"].tolist() == [1, 1]
    assert model.training

    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(20, 1)).eval()
    first, second, other = (
        si.variant_uncertainty(model, GENOME, table(), length=5, draws=8, seed=seed, device="cpu") for seed in (0, 0, 1)
    )
    assert first.equals(second)
    assert not first.equals(other)
    assert (first["deviation"] > 0).any()


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (Weighted(1.0), {}, "nothing varies"),
        ([Weighted(1.0), Weighted(2.0)], {}, "at least 3 repeats"),
        ([Weighted(1.0), "model"], {}, "must be a torch.nn.Module"),
        (nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(20, 1)), {"draws": 2}, "at least 3 repeats"),
    ],
)
def test_refusals(model, options, said):
    with pytest.raises(InputError, match=said):
        si.variant_uncertainty(model, GENOME, table(), length=5, device="cpu", **options)


def test_a_column_that_is_taken():
    with pytest.raises(InputError, match="column low"):
        si.variant_uncertainty([Weighted(1.0)] * 3, GENOME, table().assign(low=1.0), length=5, device="cpu")


def test_sequences_that_can_be_read_once():
    found = si.variant_uncertainty(
        [Weighted(w) for w in (1.0, 2.0, 3.0)],
        iter(["ACGTA"]),
        pd.DataFrame([[0, "A", "T"]], columns=["position", "reference", "alternative"]),
        device="cpu",
    )
    assert found["effect"].tolist() == [6.0]


@pytest.mark.parametrize("batch_first", [False, True])
def test_the_order_and_number_of_variants_change_no_mask(batch_first):
    class Positions(nn.Module):
        """A transformer whose batch axis may be the second."""

        def __init__(self):
            super().__init__()
            self.embed, self.last = nn.Linear(4, 8), nn.Linear(8, 1)
            self.mixed = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=batch_first)

        def forward(self, inputs):
            hidden = self.embed(inputs.transpose(1, 2))
            hidden = self.mixed(hidden if batch_first else hidden.transpose(0, 1))
            return self.last(hidden.mean(dim=1 if batch_first else 0))

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Positions()

    def found(variants):
        return si.variant_uncertainty(model, GENOME, variants, length=9, draws=4, device="cpu")

    whole = found(table())
    assert whole["deviation"].min() > 1e-4
    for column in ("effect", "deviation"):
        backwards = found(table().iloc[::-1])[column].to_numpy()[::-1]
        alone = np.concatenate([found(table().iloc[[row]])[column] for row in range(3)])
        np.testing.assert_allclose(whole[column], backwards, atol=1e-6)
        np.testing.assert_allclose(whole[column], alone, atol=1e-6)
