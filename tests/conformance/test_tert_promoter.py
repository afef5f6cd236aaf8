"""An experiment as the judge: recurrent mutations of the TERT promoter that make a site of the ETS family.

Saturation mutagenesis by reporter assay (Kircher et al. 2019, doi:10.1038/s41467-019-11526-w, element TERT-GBM) and the
released DeepBind model of the ETS factor GABPA, trained on ChIP-seq (D00409.004). `benchmarks/tert_promoter.py` tells
the correlations of all elements and models.
"""

import pandas as pd
import pytest
import torch

import seqinterp as si
from seqinterp.io.deepbind_format import read_deepbind

TOP = 5

pytestmark = pytest.mark.real_data


@pytest.fixture
def measured(shared_data):
    """The single substitutions of the promoter, GRCh37, with the log2 change of expression."""
    table = pd.read_csv(shared_data("satmut_mpra/elements.tsv.gz"), sep="\t", dtype={"Chrom": str})
    some = table[(table["Element"] == "TERT-GBM") & (table["Release"] == "GRCh37")].dropna(subset=["Pos"])
    return some[some["Alt"] != "-"].astype({"Pos": int}).reset_index(drop=True)


@pytest.fixture
def gabpa(shared_data):
    return read_deepbind(shared_data("deepbind_params/params/D00409.004.txt"))


def test_the_recurrent_mutation_is_among_the_five_best_of_777(measured, gabpa):
    bases = dict(zip(measured["Pos"], measured["Ref"], strict=True))
    start = min(bases)
    assert sorted(bases) == list(range(start, start + 259))
    inputs = si.one_hot("".join(bases[place] for place in sorted(bases)))
    effects = si.mutate(gabpa, inputs, device="cpu").effects[0]
    assert len(measured) == 777 == int((inputs == 0).sum())
    position = 1295250 - start
    assert si.decode(inputs)[0][position] == "G"
    effect = effects[0, position]
    assert effect > 1
    assert int((effects[inputs[0] == 0] >= effect).sum()) <= TOP
    assert effects[:, position].argmax() == 0  # and no other base there is as good


def test_variants_of_both_recurrent_mutations_have_the_effects_that_mutate_gives(measured, gabpa):
    start = measured["Pos"].min()
    bases = dict(zip(measured["Pos"], measured["Ref"], strict=True))
    sequence = "".join(bases[place] for place in sorted(bases))
    variants = pd.DataFrame({"position": [1295250 - start, 1295228 - start], "reference": "G", "alternative": "A"})
    table = si.variant_effects(gabpa, [sequence], variants, device="cpu")
    low, high = variants["position"].min(), variants["position"].max() + 1
    found = si.mutate(gabpa, si.one_hot(sequence), start=int(low), stop=int(high), device="cpu")
    effects = found.effects[0, 0, variants["position"].tolist()]
    torch.testing.assert_close(torch.tensor(table["effect"].to_numpy(), dtype=torch.float32), effects)
    # both make a site, and the assay finds both among the strongest rises
    assert (table["effect"] > 1).all()
    rises = measured["Coefficient"].rank(ascending=False)
    both = measured["Pos"].isin([1295250, 1295228]) & (measured["Alt"] == "A")
    assert (rises[both] <= TOP).all()
