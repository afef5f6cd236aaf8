"""`dissect`: motifs as concepts, tables, files, figures, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pictures import drawn
from seqinterp.api.concept_masks import motif_masks, picture_masks
from seqinterp.api.dissect import dissect
from seqinterp.api.results.dissection import Dissection
from seqinterp.concepts.concept_masks import box_masks, composition_masks, interval_masks
from seqinterp.errors import FileError, InputError, ModelError, ShapeError
from seqinterp.models.motif_network import MotifNetwork, MotifNetworkSettings
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.onehot import one_hot
from seqinterp.sequence.strand import reverse_complement

WORDS = {"AP1": "ATGACTCATC", "GATA": "CAGATAAGGA", "NRF1": "TGCGCATGCG"}


def motif(name, word):
    return Motif(name=f"MA-{name}", label=name, pfm=97 * one_hot([word])[0].double().numpy() + 1)


MOTIFS = [motif(name, word) for name, word in WORDS.items()]


def planted(count=90, length=60, seed=0):
    """Every third sequence holds one of the words, on either strand."""
    generator = np.random.default_rng(seed)
    rows = ["".join(row) for row in generator.choice(list("ACGT"), (count, length))]
    for number, row in enumerate(rows):
        word = list(WORDS.values())[number % 3]
        word = reverse_complement(word) if number % 2 else word
        start = int(generator.integers(0, length - 10))
        rows[number] = row[:start] + word + row[start + 10 :]
    return one_hot(rows)


def network():
    """The network that reads both strands; two of its filters are words, the others are random."""

    def build():
        model = MotifNetwork(MotifNetworkSettings(filters=4, width=11))
        for number, word in enumerate(("AP1", "GATA")):
            model.filters.weight.data[number] = 0
            model.filters.weight.data[number, :, 1:] = one_hot([WORDS[word]])[0]
        model.filters.weight.data[:2] -= 0.25
        model.filters.bias.data.zero_()
        return model

    return drawn(build)


@pytest.fixture(scope="module")
def found():
    return dissect(network(), planted(), MOTIFS, quantile=0.003, device="cpu")


def test_filters_are_found_as_their_motifs_on_both_strands(found):
    table = found.units
    assert table["concept"].tolist()[:2] == ["AP1", "GATA"]
    assert table["category"].tolist()[:2] == ["motif", "motif"]
    assert (table["iou"][:2] > 0.6).all()  # the field is one base wider than the motif
    assert (table["q"][:2] <= 0.05).all()
    assert table["detector"].tolist() == [True, True, False, False]


def test_layers_and_pairs_are_counted(found):
    layers = found.by_layer()
    assert layers.to_dict("records") == [
        {"layer": "filters", "category": "motif", "units": 4, "detectors": 2, "concepts": 2}
    ]
    pairs = found.pairs
    assert len(pairs) == 4 * 3
    best = pairs.sort_values("iou").groupby(["layer", "unit"]).tail(1).sort_values("unit")
    assert best["iou"].tolist() == found.units["iou"].tolist()
    assert (pairs["p"] >= 1 / (found.origin["permutations"] + 1) - 1e-12).all()
    assert found.to_frame().equals(found.units)
    assert len(found) == 4


def test_files_give_everything_back(found, tmp_path):
    found.save(tmp_path / "dissection.safetensors")
    again = Dissection.load(tmp_path / "dissection.safetensors")
    pd.testing.assert_frame_equal(again.units, found.units)
    pd.testing.assert_frame_equal(again.pairs, found.pairs)
    assert again.origin == found.origin
    with pytest.raises(InputError, match="dissect again"):
        again.plot_unit("filters", 0)
    with pytest.raises(FileError):
        Dissection.load(tmp_path / "no.safetensors")


def test_figures_are_drawn(found):
    assert "Detectors of each concept" in found.plot().texts[0].get_text()
    assert "AP1" in found.plot_unit("filters", 0, count=3, device="cpu").texts[0].get_text()
    with pytest.raises(InputError, match="unit 9 of layer"):
        found.plot_unit("filters", 9)


def test_the_same_seed_gives_the_same_p_values(found):
    again = dissect(network(), planted(), MOTIFS, quantile=0.003, device="cpu")
    other = dissect(network(), planted(), MOTIFS, quantile=0.003, device="cpu", seed=1)
    assert torch.equal(again.best_p, found.best_p)
    assert torch.equal(again.pair_p, found.pair_p)
    assert not torch.equal(other.pair_p, found.pair_p)
    assert torch.equal(other.iou, found.iou)


def test_masks_of_motifs_are_their_sites():
    inputs = one_hot(["A" * 20 + WORDS["AP1"] + "C" * 30, "C" * 35 + reverse_complement(WORDS["GATA"]) + "T" * 15])
    masks = motif_masks(inputs, MOTIFS)
    assert list(masks) == ["AP1", "GATA"]  # NRF1 has no site and is left out
    assert masks["AP1"].nonzero().tolist() == [[0, i] for i in range(20, 30)]
    assert masks["GATA"].nonzero().tolist() == [[1, i] for i in range(35, 45)]
    with pytest.raises(InputError, match="none of the 3 motifs"):
        motif_masks(one_hot(["A" * 40]), MOTIFS)


def test_masks_of_stretches_boxes_and_composition():
    masks = interval_masks([("peak", 0, 2, 5), ("peak", 1, 0, 1), ("gap", 1, 3, 6)], batch=2, length=6)
    assert masks["peak"].int().tolist() == [[0, 0, 1, 1, 1, 0], [1, 0, 0, 0, 0, 0]]
    assert masks["gap"].int().tolist() == [[0] * 6, [0, 0, 0, 1, 1, 1]]
    (box,) = box_masks([("nucleus", 1, (0, 1), (2, 3))], 2, (3, 4)).values()
    assert box[0].sum() == 0
    assert box[1].int().tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    with pytest.raises(InputError, match="a box needs an example from 0 to 1"):
        interval_masks([("peak", 0, 5, 5)], batch=2, length=6)
    sequence = "AT" * 10 + "TTTTTTT" + "AT" * 5 + "CG" + "AT" * 10 + "GCGCC" * 4 + "AT" * 4
    found = composition_masks(one_hot([sequence]))
    expected = [i for i in range(len(sequence)) if "TTTTTTT" in sequence[max(0, i - 7) : i + 8] and 19 <= i < 27]
    assert found["poly-A"][0].nonzero().flatten().tolist() == expected
    pairs = {i + step for i in range(len(sequence) - 1) if sequence[i : i + 2] == "CG" for step in (0, 1)}
    assert set(found["CpG"][0].nonzero().flatten().tolist()) == pairs
    rich = found["GC-rich"][0].nonzero().flatten().tolist()
    assert rich == list(range(sequence.index("GCGCC") - 6, len(sequence) - 2))


def test_masks_of_pictures():
    inputs = torch.full((1, 3, 8, 8), 0.5)
    inputs[0, :, :2] = 0.1
    inputs[0, 0, 4:6, 4:6] = 0.9
    masks = picture_masks(inputs)
    assert masks["dark"][0].nonzero()[:, 0].unique().tolist() == [0, 1]
    assert masks["red"][0].nonzero().tolist() == [[4, 4], [4, 5], [5, 4], [5, 5]]
    assert {"bright", "green", "blue"}.isdisjoint(masks)
    assert masks["edge"].any()
    with pytest.raises(InputError, match="from 0"):
        picture_masks(inputs - 1)
    with pytest.raises(ShapeError):
        picture_masks(inputs[0])


PICTURES = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
MASK = PICTURES[:, 0] > 0.7
FLAT = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
POOLED = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 1))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((POOLED, PICTURES, {"a": MASK[:, :4]}), {}, ShapeError, "mask of concept 'a' has shape"),
        ((POOLED, PICTURES, {"a": MASK & False}), {}, InputError, "nowhere"),
        ((POOLED, PICTURES, {"a": MASK | True}), {}, InputError, "everywhere"),
        ((POOLED, PICTURES, {"a": MASK * 2}), {}, InputError, "True and False"),
        ((POOLED, PICTURES, {}), {}, InputError, "concepts hold no mask"),
        ((POOLED, PICTURES, [MASK]), {}, InputError, "masks by name, or a list of motifs"),
        ((POOLED, PICTURES, [MOTIFS[0]]), {}, ShapeError, "one-hot DNA"),
        ((POOLED, PICTURES[:1], {"a": MASK[:1]}), {}, InputError, "two or more"),
        ((FLAT, PICTURES.flatten(1), {"a": MASK}), {}, InputError, "inputs with places"),
        ((FLAT, PICTURES, {"a": MASK}), {}, InputError, "no convolution that gives"),
        ((POOLED, PICTURES, {"a": MASK}, ["1"]), {}, InputError, "single place"),
        ((POOLED, PICTURES, {"a": MASK}, ["3"]), {}, InputError, "layer '3' gives"),
        ((POOLED, PICTURES, {"a": MASK}, ["9"]), {}, InputError, "no layer '9'"),
        ((POOLED, PICTURES, {"a": MASK}, []), {}, InputError, "names of submodules"),
        ((POOLED, PICTURES, {"a": MASK}), {"quantile": 0.6}, InputError, "quantile"),
        ((POOLED, PICTURES, {"a": MASK}), {"quantile": 0}, InputError, "quantile"),
        ((POOLED, PICTURES, {"a": MASK}), {"least_iou": 1.0}, InputError, "least_iou"),
        ((POOLED, PICTURES, {"a": MASK}), {"permutations": 5}, InputError, "permutations"),
        ((POOLED, PICTURES, {"a": MASK}), {"reach": 0}, InputError, "reach"),
        ((POOLED, PICTURES, {"a": MASK}), {"seed": -1}, InputError, "seed"),
        ((POOLED, PICTURES, {"a": MASK}), {"batch_size": 0}, InputError, "batch_size"),
        ((POOLED, PICTURES, {"a": MASK}), {"categories": {"b": "texture"}}, InputError, "no concept here"),
    ],
)
def test_what_cannot_be_dissected_is_refused(arguments, options, error, words):
    with pytest.raises(error, match=words):
        dissect(*arguments, device="cpu", **options)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused():
    scripted = torch.jit.trace(POOLED, PICTURES)
    with pytest.raises(ModelError, match="TorchScript"):
        dissect(scripted, PICTURES, {"a": MASK}, ["0"], device="cpu")
