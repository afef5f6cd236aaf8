"""The released DeepBind models give the scores that were published with them."""

import numpy as np
import pytest
import torch
from torch import nn

from naive import models as naive
from seqinterp.errors import FileError
from seqinterp.io.deepbind_format import read_deepbind
from seqinterp.io.load_model import load_model
from seqinterp.models.deepbind import DeepBind
from seqinterp.sequence.onehot import one_hot

# README.TXT of deepbind 0.1: model -> scores of the four example sequences
PUBLISHED = {
    "D00210.001": (7.345649, -0.159393, -0.143584, -0.161033),
    "D00120.001": (-0.152710, 3.663924, 0.357632, -0.081444),
    "D00410.003": (-0.763340, -0.196943, 5.885349, -0.379695),
    "D00328.003": (-0.026180, -0.026180, -0.026180, 17.682623),
}
SEQUENCES = (
    "AGGUAAUAAUUUGCAUGAAAUAACUUGGAGAGGAUAGC",
    "AGACAGAGCUUCCAUCAGCGCUAGCAGCAGAGACCAUU",
    "GAGGTTACGCGGCAAGATAA",
    "TACCACTAGGGGGCGCCACC",
)


def numbers(*, average_pool=0, hidden=0, reverse_complement=1, filters=3, width=4, seed=0):
    """A small random model in the vocabulary of the file."""
    draw = np.random.default_rng(seed).normal
    pooled, units = filters * (1 + average_pool), hidden or 1
    return {
        "reverse_complement": reverse_complement,
        "num_detectors": filters,
        "detector_len": width,
        "has_avg_pooling": average_pool,
        "num_hidden": hidden,
        "detectors": list(draw(size=filters * width * 4)),
        "thresholds": list(draw(size=filters)),
        "weights1": list(draw(size=pooled * units)),
        "biases1": list(draw(size=units)),
        "weights2": list(draw(size=hidden)),
        "biases2": list(draw(size=1 if hidden else 0)),
    }


def write(path, values, header="# deepbind 0.1"):
    def text(value):
        return ",".join(map(repr, map(float, value))) if isinstance(value, list) else str(value)

    path.write_text("\n".join([header, *(f"{name} = {text(value)}" for name, value in values.items())]) + "\n")
    return path


@pytest.mark.real_data
@pytest.mark.parametrize("model", PUBLISHED)
def test_the_published_scores(shared_data, model):
    network = read_deepbind(shared_data(f"deepbind_params/params/{model}.txt"))
    with torch.no_grad():
        found = [network(one_hot(sequence.replace("U", "T"))).item() for sequence in SEQUENCES]
    np.testing.assert_allclose(found, PUBLISHED[model], atol=1e-5)


@pytest.mark.real_data
def test_all_released_models_load_and_show_their_detectors(shared_data):
    paths = sorted(shared_data("deepbind_params/params").glob("*.txt"))
    assert len(paths) == 15
    for path in paths:
        network = load_model(path)
        assert isinstance(network, DeepBind)
        assert isinstance(network.filters, nn.Conv1d)
        assert network.filters.weight.shape == (network.settings.filters, 4, network.settings.width)
        assert not network.training
        # The families of the RNA-binding examples have one strand only.
        assert network.settings.reverse_complement is (path.stem not in ("D00120.001", "D00210.001"))


@pytest.mark.parametrize("reverse_complement", [0, 1])
@pytest.mark.parametrize("hidden", [0, 5])
@pytest.mark.parametrize("average_pool", [0, 1])
def test_it_scores_as_the_reference_program_does(tmp_path, average_pool, hidden, reverse_complement):
    values = numbers(average_pool=average_pool, hidden=hidden, reverse_complement=reverse_complement)
    network = read_deepbind(write(tmp_path / "model.txt", values))
    for sequence in ("ACG", "ACGT", "ACGTN", "TTGCANNACGTAGG"):
        wanted = naive.deepbind(values, sequence)
        assert network(one_hot([sequence, sequence])).shape == (2, 1)
        assert network(one_hot(sequence)).item() == pytest.approx(wanted, abs=1e-5)


def test_the_last_window_counts_when_asked_for(tmp_path):
    path = write(tmp_path / "model.txt", numbers(reverse_complement=0))
    inputs = one_hot("ACGTAGGCT")
    published, corrected = read_deepbind(path), read_deepbind(path, skip_last_window=False)
    last = published(inputs[:, :, -4:]).item()  # a sequence of one window is scored whole
    assert corrected(inputs).item() == pytest.approx(max(published(inputs).item(), last))
    assert any(
        read_deepbind(path)(one).item() < read_deepbind(path, skip_last_window=False)(one).item()
        for one in one_hot(["ACGTAGGCT", "TTTTTACGG", "CCCCCATAT", "GGGGGTGCA"]).split(1)
    )


def test_applied_whole_it_is_one_ordinary_network(tmp_path):
    values = numbers(average_pool=1, hidden=3, reverse_complement=0)
    whole = read_deepbind(write(tmp_path / "model.txt", values), scan=False)
    assert whole(one_hot("ACGTAGGCT")).item() == pytest.approx(naive._apply(values, "ACGTAGGCT"), abs=1e-5)


def damaged(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# deepbind 0.1", "# deepbind 0.2", "must start with '# deepbind 0.1'"),
        ("num_hidden = 0\n", "", "lacks the line 'num_hidden'"),
        ("num_detectors = 3", "num_detectors = three", "line 3: 'num_detectors' holds something that is no number"),
        ("num_detectors = 3", "num_detectors = 2.5", "line 3: num_detectors must be one whole number"),
        ("num_detectors = 3", "num_detectors = 4", "detectors must hold 64 numbers, but it holds 48"),
        ("num_detectors = 3", "num_detectors = 0", "must be positive"),
        ("thresholds = ", "thresholds = nan,", "line 8: thresholds holds NaN"),
    ],
)
def test_a_damaged_file_is_refused_by_line(tmp_path, old, new, message):
    path = write(tmp_path / "model.txt", numbers())
    path.write_text(damaged(path.read_text(), old, new))
    with pytest.raises(FileError, match=message):
        read_deepbind(path)


def test_a_file_cut_short_is_refused(tmp_path):
    path = write(tmp_path / "model.txt", numbers())
    path.write_text(path.read_text()[:200])
    with pytest.raises(FileError, match="lacks the line"):
        load_model(path)
