"""Null maps against their definitions, letter by letter and pixel by pixel."""

import numpy as np
import pytest
import torch
from scipy.ndimage import sobel

from naive.trust_truth import motif_scan as naive_scan, word_rarity as naive_rarity
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.null_maps import gc_indicator, intensity, motif_scan, sobel_edges, word_rarity
from seqinterp.sequence.onehot import one_hot

GENERATOR = np.random.default_rng(0)
SEQUENCES = ["".join(GENERATOR.choice(list("ACGT"), 25)) for _ in range(5)] + ["ACGTNACGTACGNNAAAAAAAAAAA", "N" * 25]
DNA = one_hot(SEQUENCES)
IMAGES = torch.from_numpy(GENERATOR.random((2, 3, 6, 7))).float()
SCORINGS = [GENERATOR.normal(size=(4, width)) for width in (3, 6)]


def test_gc_indicator_reads_the_letters():
    expected = [[float(letter in "CG") for letter in sequence] for sequence in SEQUENCES]
    assert gc_indicator(DNA).tolist() == expected
    assert gc_indicator(one_hot("SRN")).tolist() == [[1, 0.5, 0]]


@pytest.mark.parametrize("width", [1, 3, 6])
def test_word_rarity_counts_words(width):
    np.testing.assert_allclose(word_rarity(DNA, width=width), naive_rarity(SEQUENCES, width), rtol=1e-6)


def test_words_can_be_counted_among_other_sequences():
    natural = one_hot(["A" * 40])
    rare, common = word_rarity(one_hot(["CCCC", "AAAA"]), width=2, among=natural)[:, 1].tolist()
    assert rare == pytest.approx(np.log2(39 + 16))
    assert common == pytest.approx(np.log2((39 + 16) / 40))


def test_motif_scan_takes_the_best_window_of_either_strand():
    np.testing.assert_allclose(motif_scan(DNA, scorings=SCORINGS), naive_scan(SEQUENCES, SCORINGS), atol=1e-5)


def test_motif_scan_turns_with_the_sequence():
    turned = motif_scan(DNA.flip(1, 2), scorings=SCORINGS).flip(1)
    torch.testing.assert_close(turned, motif_scan(DNA, scorings=SCORINGS))


def test_sobel_edges_equal_those_of_scipy():
    pixels = IMAGES.double().numpy()
    each = [[np.hypot(sobel(c, axis=0, mode="nearest"), sobel(c, axis=1, mode="nearest")) for c in i] for i in pixels]
    np.testing.assert_allclose(sobel_edges(IMAGES), np.sum(each, axis=1), rtol=1e-5)


def test_a_flat_image_has_no_edges():
    assert not sobel_edges(torch.full((1, 3, 5, 5), 0.7)).abs().gt(1e-6).any()


def test_intensity_is_the_mean_over_channels():
    np.testing.assert_allclose(intensity(IMAGES), IMAGES.numpy().mean(axis=1), rtol=1e-6)


@pytest.mark.parametrize("null_map", [gc_indicator, word_rarity])
def test_dna_maps_refuse_images(null_map):
    with pytest.raises(ShapeError, match="needs one-hot DNA"):
        null_map(torch.full((1, 4, 5), 2.0))


@pytest.mark.parametrize("null_map", [sobel_edges, intensity])
def test_image_maps_refuse_dna(null_map):
    with pytest.raises(ShapeError, match="needs images"):
        null_map(DNA)


@pytest.mark.parametrize("width", [0, 11, 26])
def test_widths_that_cannot_be_counted_are_refused(width):
    with pytest.raises(InputError, match="width must be from 1 to 10"):
        word_rarity(DNA, width=width)


@pytest.mark.parametrize(
    ("scorings", "message"),
    [([], "at least one motif"), ([np.zeros((4, 26))], "motif 0"), ([np.full((4, 2), -np.inf)], "motif 0")],
)
def test_motifs_that_cannot_be_scanned_are_refused(scorings, message):
    with pytest.raises(InputError, match=message):
        motif_scan(DNA, scorings=scorings)
