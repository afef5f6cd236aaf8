"""`variant_effects`: the public call, with a model whose answers can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqinterp as si
from cases import DNA_CASES
from seqinterp.api import variant_effects as module
from seqinterp.errors import AlphabetError, InputError, ModelError

CASE = DNA_CASES[0]
GENOME = {"chr1": "ACGTTAGGCATTAGCCATTAGGACCA", "chr2": "acgtacgtacgtacgt"}


class Placed(nn.Module):
    """A is worth 1, C 10, G 100, T 1000, times the place in the window counted from 1."""

    def forward(self, inputs):
        places = torch.arange(1, inputs.shape[2] + 1, dtype=inputs.dtype)
        return torch.einsum("bap,a,p->b", inputs, torch.tensor([1.0, 10, 100, 1000]).to(inputs.dtype), places)


def table(*rows):
    return pd.DataFrame(rows, columns=["chromosome", "position", "reference", "alternative"])


def test_by_hand():
    rows = table(
        ["chr1", 8, "C", "G"],  # GGCAT -> GGGAT
        ["chr1", 8, "CA", ""],  # GCATT -> GTTAG, with AG from the sequence
        ["chr2", 0, "A", "AC"],  # NACGT -> NACCG, where N is the edge; the window is that of the base put in
    )
    rows["gene"] = ["x", "y", "z"]
    before = rows.copy()
    found = si.variant_effects(Placed(), GENOME, rows, length=5, device="cpu")
    assert rows.equals(before)
    assert found[rows.columns].equals(rows)
    assert found["reference_score"].tolist() == [
        100 + 200 + 30 + 4 + 5000,
        100 + 20 + 3 + 4000 + 5000,
        2 + 30 + 400 + 5000,
    ]
    assert found["alternative_score"].tolist() == [
        100 + 200 + 300 + 4 + 5000,
        100 + 2000 + 3000 + 4 + 500,
        2 + 30 + 40 + 500,
    ]
    assert found["effect"].tolist() == [270, 5604 - 9123, 572 - 5432]
    assert found["padded"].tolist() == [0, 0, 1]


def test_the_end_that_stays():
    rows = table(["chr1", 8, "CA", ""])  # GCATT -> AGGTT: the last two stay
    found = si.variant_effects(Placed(), GENOME, rows, length=5, keep="stop", device="cpu")
    assert found["alternative_score"].tolist() == [1 + 200 + 300 + 4000 + 5000]
    assert found["effect"].tolist() == [9501 - 9123]


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_predictions_of_both_windows(case, monkeypatch):
    monkeypatch.setattr(module, "VARIANTS", 4)
    rng = np.random.default_rng(0)
    genome = {name: "".join(rng.choice(list("ACGT"), 200)) for name in ("one", "two")}
    size = case.shape[1]
    rows, windows = [], []
    for number in range(11):
        name, start, width = ("one", "two")[number % 2], int(rng.integers(40, 160)), int(rng.integers(0, 4))
        stop, word = start + width, "ACGTA"[: number % 5]
        rows.append([name, start, genome[name][start:stop], word])
        edited = genome[name][:start] + word + genome[name][stop:]
        windows.append((genome[name], edited))
    model = case.model().eval()
    rows = table(*rows)
    found = si.variant_effects(model, genome, rows, length=size, device="cpu", progress=True)
    scores = [np.array(scored(model, text, size, case)) for pair in windows for text in pair]
    for row in range(len(rows)):
        first, second = scores[2 * row], scores[2 * row + 1]
        # some window of either sequence, at one place, has these two scores
        same = np.isclose(first[:180], found["reference_score"][row], rtol=1e-9, atol=1e-12)
        other = np.isclose(second[:180], found["alternative_score"][row], rtol=1e-9, atol=1e-12)
        assert (same & other).any()
    np.testing.assert_allclose(found["effect"], found["alternative_score"] - found["reference_score"], atol=1e-12)


def scored(model, text, size, case):
    """The score of every window of a sequence, padded to 180 of them."""
    starts = range(min(180, len(text) - size + 1))
    with torch.no_grad():
        inputs = si.one_hot([text[start : start + size] for start in starts]).double()
        found = model(inputs).reshape(len(inputs), -1)[:, 0]
    return [*found.tolist(), *[float("nan")] * (180 - len(found))]


def test_sequences_may_be_the_inputs_themselves():
    texts = ["ACGTA", "TTTTT"]
    rows = table([0, 4, "A", "C"], [1, 0, "T", "G"])
    expected = [45, -900]
    for given in (texts, si.one_hot(texts), si.one_hot(texts).numpy(), np.array(texts), dict(enumerate(texts))):
        found = si.variant_effects(Placed(), given, rows, device="cpu")
        assert found["effect"].tolist() == expected
    alone = si.variant_effects(Placed(), "ACGTA", rows[:1].drop(columns="chromosome"), device="cpu")
    assert alone["effect"].tolist() == [45]


def test_a_table_without_rows_gives_one_without_rows():
    found = si.variant_effects(Placed(), GENOME, table(), length=5, device="cpu")
    assert list(found.columns[-4:]) == ["reference_score", "alternative_score", "effect", "padded"]
    assert len(found) == 0


def test_the_index_of_the_table_stays():
    rows = table(["chr1", 8, "C", "G"], ["chr1", 0, "A", "T"]).set_index(pd.Index(["rs1", "rs2"]))
    assert si.variant_effects(Placed(), GENOME, rows, length=5, device="cpu").index.tolist() == ["rs1", "rs2"]


@pytest.mark.parametrize(
    ("given", "rows", "sentence"),
    [
        (GENOME, table(["chr1", 8, "A", "G"]), r"row 0 \(chr1:8 A>G\): the reference allele is A"),
        (GENOME, table(["chr1", 8, "C", "G"]).assign(effect=0), "has a column effect, which is made here"),
        ({}, table(), "there are no sequences"),
        ({"a": 7}, table(), "sequence 'a' must be a string of bases, not a int"),
    ],
)
def test_refusals(given, rows, sentence):
    with pytest.raises(InputError, match=sentence):
        si.variant_effects(Placed(), given, rows, length=5, device="cpu")


def test_other_refusals():
    rows = table(["chr1", 8, "C", "G"])
    with pytest.raises(InputError, match="give length="):
        si.variant_effects(Placed(), GENOME, rows, device="cpu")
    with pytest.raises(AlphabetError, match=r"row 0 \(a:3 T>G\).*'X'"):
        si.variant_effects(Placed(), {"a": "AXGTA"}, table(["a", 3, "T", "G"]), length=5, device="cpu")
    with pytest.raises(InputError, match="sequences must be strings by name, a list of them, or one-hot, not 7"):
        module.by_name(Placed(), 7)
    with pytest.raises(ModelError, match="the score of example 0 is nan"):
        si.variant_effects(Placed(), GENOME, rows, target=lambda outputs: outputs / 0 * 0, length=5, device="cpu")
