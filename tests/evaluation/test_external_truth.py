"""A network, sequences and planted sites that others made: do explanations find the sites?

A Keras net of the DeepLIFT authors for simulated GATA1 and TAL1 sites (Shrikumar et al. 2017, arXiv:1704.02685).
`benchmarks/trust_talgata.py` tells the figures of all methods.
"""

import csv
import gzip
import re

import h5py
import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

import seqinterp as si
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.evaluation.grammar_truth import position_error, signal_share, truth_auprc, truth_auroc

pytestmark = pytest.mark.real_data
LAYERS = {"conv1d_1": 0, "conv1d_2": 2, "dense_1": 6, "dense_2": 8}


@pytest.fixture
def rows(shared_data):
    """The 800 sequences that the network was not trained on."""
    with gzip.open(shared_data("talgata_sim/test.txt.gz"), "rt") as file:
        held_out = set(file.read().split())
    with gzip.open(shared_data("talgata_sim/sequences.simdata.gz"), "rt") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["seqName"] in held_out]


@pytest.fixture
def network(shared_data):
    """The net up to its logits: both factors, GATA1, TAL1."""
    convolutions = nn.Conv1d(4, 50, 11), nn.ReLU(), nn.Conv1d(50, 50, 11), nn.ReLU(), nn.AvgPool1d(180), nn.Flatten()
    model = nn.Sequential(*convolutions, nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 3))
    path = shared_data("talgata_sim/keras2_conv1d_record_5_model_PQzyq_modelWeights.h5")
    with h5py.File(path) as file, torch.no_grad():
        for name, place in LAYERS.items():
            model[place].weight.copy_(torch.from_numpy(file[f"{name}/{name}/kernel:0"][()].T.copy()))
            model[place].bias.copy_(torch.from_numpy(file[f"{name}/{name}/bias:0"][()]))
    return model.eval()


@pytest.fixture
def shown(rows):
    """Twelve sequences with both factors, and where their sites are."""
    both = [row for row in rows if row["task1"] == "1"][:12]
    inputs = si.one_hot([row["sequence"] for row in both])
    places = torch.zeros(len(both), 200)
    for number, row in enumerate(both):
        for start, word in re.findall(r"pos-(\d+)_\w+-([ACGT]+)", row["embeddings"]):
            assert row["sequence"][int(start) :].startswith(word)
            places[number, int(start) : int(start) + len(word)] = 1
    return inputs, places.unsqueeze(1) * inputs


def test_the_network_predicts_its_tasks(rows, network):
    with torch.no_grad():
        logits = network(si.one_hot([row["sequence"] for row in rows])).numpy()
    labels = np.array([[int(row[f"task{task}"]) for task in (1, 2, 3)] for row in rows])
    found = [roc_auc_score(labels[:, task], logits[:, task]) for task in range(3)]
    assert found == pytest.approx([0.989, 0.988, 0.997], abs=1e-3)


@pytest.mark.parametrize("method", ["gradient_times_input", "deeplift", "mutagenesis"])
def test_explanations_point_at_the_planted_sites(method, network, shown):
    inputs, truth = shown
    score, values = Score(network, as_target(0)), si.attribute(network, inputs, method, device="cpu").values
    found = {
        metric.__name__: float(metric(score, inputs, values, truth=truth).mean())
        for metric in (truth_auroc, truth_auprc, signal_share, position_error)
    }
    planted = float(truth.sum(dim=1).mean())
    assert found["truth_auroc"] > 0.85
    assert found["truth_auprc"] > 3 * planted
    assert found["signal_share"] > 3 * planted
    # the same numbers at the mirrored places find nothing
    mirrored = {
        metric.__name__: float(metric(score, inputs, values.flip(2), truth=truth).mean())
        for metric in (truth_auroc, signal_share, position_error)
    }
    assert mirrored["truth_auroc"] < 0.65
    assert mirrored["signal_share"] < found["signal_share"] / 2
    assert mirrored["position_error"] > 2 * found["position_error"]
