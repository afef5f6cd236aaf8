"""`filter_motifs`: filters with counts, logos and names."""

import re

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.errors import FileError, ModelError
from seqinterp.io.bundled import bundled

GENERATOR = np.random.default_rng(5)
SEQUENCES = ["".join(GENERATOR.choice(list("ACGT"), size=60)) for _ in range(200)]
PLANTED = [s[:20] + "ATGACTCAT" + s[29:] for s in SEQUENCES]


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv1d(4, 3, 9), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1))
    with torch.no_grad():
        network[0].weight[1] = -1
        for i, base in enumerate("ATGACTCAT"):
            network[0].weight[1, "ACGT".index(base), i] = 1
        network[0].bias[:] = torch.tensor([0.0, -3, -100])
        network[4].weight[:] = torch.tensor([[0.1, 2.0, 1.0]])
    return network


def test_a_planted_filter_is_named_and_comes_first(model):
    found = si.filter_motifs(model, si.one_hot([*PLANTED, *SEQUENCES]))
    best = found[0]
    assert best.name == "0_1"
    assert best.consensus == "ATGACTCAT"
    assert best.hits >= len(PLANTED)
    assert best.match is not None
    assert best.match.q_value < 1e-3
    assert {"JUN", "FOS", "BATF", "JDP", "ATF"} & {best.match.label.upper()[:n] for n in (3, 4)}
    np.testing.assert_allclose(best.weights, model[0].weight[1].detach())
    assert best.pfm.shape == best.pwm.shape == best.pssm.shape == (4, 9)
    assert best.information_content > 10
    assert found[0].importance > found[1].importance > found[2].importance == 0


def test_a_dead_filter_has_no_hits_and_no_name(model):
    dead = next(motif for motif in si.filter_motifs(model, si.one_hot(PLANTED)) if motif.name == "0_2")
    assert (dead.hits, dead.match, dead.information_content) == (0, None, 0)


def test_table_meme_and_logo(model, tmp_path):
    found = si.filter_motifs(model, si.one_hot(PLANTED))
    frame = found.to_frame()
    assert frame["hits"].tolist() == [motif.hits for motif in found]
    assert frame["match_label"].tolist()[-1] == "no match"
    found.save(tmp_path / "filters.meme")
    again = si.read_motifs(tmp_path / "filters.meme")
    assert [motif.name for motif in again] == [motif.name for motif in found]
    np.testing.assert_allclose(again[0].frequencies, found[0].frequencies, atol=1e-6)
    assert found.plot(0).get_axes()
    assert len(found[:2]) == 2
    assert "3 motifs" in repr(found)


def test_a_database_may_be_a_path_or_motifs(model):
    path = bundled("jaspar_subset.meme")
    inputs = si.one_hot(PLANTED)
    named = [si.filter_motifs(model, inputs, database=given)[0].match for given in (None, path, si.read_motifs(path))]
    assert named[0] == named[1] == named[2]


def test_refusals(model, tmp_path):
    with pytest.raises(ModelError, match="no Conv1d reads the bases"):
        si.filter_motifs(nn.Sequential(nn.Flatten(), nn.Linear(240, 1)), si.one_hot(PLANTED))
    with pytest.raises(FileError):
        si.filter_motifs(model, si.one_hot(PLANTED), database=tmp_path / "none.meme")


def test_filters_that_were_started_from_matrices_say_so():
    from seqinterp.models.networks import build
    from seqinterp.models.start_filters import start_filters

    known = si.read_motifs(bundled("jaspar_subset.meme"))[0]
    network = build("default", {})
    start_filters(network, {known.name: known.pwm}, si.one_hot(PLANTED))
    found = {m.name: m for m in si.filter_motifs(network, si.one_hot(PLANTED))}
    assert found["filters_0"].started_from == known.name
    assert found["filters_1"].started_from is None


def test_order_does_not_change_importance(model):
    inputs = si.one_hot(PLANTED * 8)
    forth, back = (si.filter_motifs(model, each) for each in (inputs, inputs.flip(0)))
    assert [m.name for m in forth] == [m.name for m in back]
    np.testing.assert_allclose([m.importance for m in forth], [m.importance for m in back], rtol=1e-5)


@pytest.mark.real_data
def test_released_deepbind_jund_filters_show_ap1(shared_data):
    path = shared_data("deepbind_params/params/D00776.005.txt")
    # bound windows as they are: in sequences that were all given a site, any filter would show it
    examples = si.read_examples(shared_data("jund_deepchem/jund_valid.tsv.gz"))
    found = si.filter_motifs(si.load_model(path), examples.take(examples.labels == 1).inputs)
    named = [m for m in found if m.match and m.match.q_value < 0.01]
    labels = {label.upper() for m in named for label in (m.match.label, *m.match.also)}
    assert any(re.search("TGA[CGS]TCA", m.consensus) for m in named), found.to_frame()
    assert labels & {"JUND", "FOS", "FOSL1", "FOSL2", "JUN", "BATF", "FOS::JUN", "JDP2", "ATF3"}, found.to_frame()
