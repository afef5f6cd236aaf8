"""Positions are taken away, nothing else is, and DNA stays DNA."""

from functools import partial
from itertools import pairwise, permutations

import pytest
import torch
from scipy.stats import chisquare

from naive.trust_faithfulness import random_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.replacements import (
    blur,
    dinucleotide_shuffle,
    flat_contributions,
    held,
    mean_pixel,
    random_base,
    random_sets,
    shuffled_bases,
    shuffled_pixels,
    usual_replacement,
)
from seqinterp.sequence.onehot import decode, one_hot

DNA = [random_base, shuffled_bases, dinucleotide_shuffle]
IMAGES = [mean_pixel, partial(blur, sigma=2.0), shuffled_pixels]
SEQUENCES = random_dna(4, 30, seed=1).float()
PICTURES = torch.rand(3, 3, 6, 5, generator=torch.Generator().manual_seed(0))
ALL = [*[(way, SEQUENCES) for way in DNA], *[(way, PICTURES) for way in IMAGES]]


def half(inputs, draws=None, seed=0):
    shape = inputs[:, 0].shape if draws is None else (len(inputs), draws, *inputs.shape[2:])
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5


@pytest.mark.parametrize(("way", "inputs"), ALL)
@pytest.mark.parametrize("draws", [None, 3])
def test_only_chosen_positions_change(way, inputs, draws):
    chosen = half(inputs, draws)
    made = way(inputs, chosen, draws=3, seed=1)
    assert made.shape == (len(inputs), 3, *inputs.shape[1:])
    assert made.dtype == inputs.dtype
    each = chosen if draws else chosen.unsqueeze(1).expand(made[:, :, 0].shape)
    changed = (made != inputs.unsqueeze(1)).any(dim=2)
    assert not (changed & ~each).any()
    assert (changed & each).any()


@pytest.mark.parametrize(("way", "inputs"), ALL)
def test_batch_order_and_global_chance_change_nothing(way, inputs):
    state = torch.random.get_rng_state()
    chosen = half(inputs)
    made = way(inputs, chosen, draws=2, seed=3)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(way(inputs.flip(0), chosen.flip(0), draws=2, seed=3).flip(0), made)
    assert torch.equal(way(inputs[1:2], chosen[1:2], draws=2, seed=3), made[1:2])
    nothing = torch.zeros_like(chosen)
    assert torch.equal(way(inputs, nothing, draws=1, seed=3)[:, 0], inputs)


@pytest.mark.parametrize("way", DNA)
def test_dna_stays_dna_and_n_stays_n(way):
    inputs = one_hot(["ACGTNNACGTGGTTAACCA", "NNNNNNNNNNNNNNNNNNN"])
    everywhere = torch.ones(2, 19, dtype=torch.bool)
    made = way(inputs, everywhere, draws=4, seed=0)
    assert torch.equal(held(made.flatten(0, 1)).reshape(2, 4, 19), held(inputs).unsqueeze(1).expand(2, 4, 19))
    assert set(made.unique().tolist()) <= {0.0, 1.0}
    assert (made.sum(dim=2) <= 1).all()
    assert made.dtype == torch.float32


@pytest.mark.parametrize("way", [random_base, shuffled_bases, shuffled_pixels])
def test_another_seed_draws_otherwise(way):
    inputs = PICTURES if way is shuffled_pixels else SEQUENCES
    chosen = half(inputs)
    assert not torch.equal(way(inputs, chosen, draws=1, seed=0), way(inputs, chosen, draws=1, seed=1))


def test_another_base_is_any_of_the_other_three():
    inputs = one_hot("A" * 100)
    made = random_base(inputs, torch.ones(1, 100, dtype=torch.bool), draws=30, seed=0)
    counts = made.sum(dim=(0, 1, 3))
    assert counts[0] == 0
    assert chisquare(counts[1:].numpy()).pvalue > 0.01
    again = random_base(inputs, half(inputs), draws=30, seed=0)
    assert torch.equal(again, torch.where(half(inputs)[:, None, None], made, inputs.unsqueeze(1)))


def test_a_mixture_becomes_a_base_it_leaves_out():
    made = random_base(one_hot("R" * 50), torch.ones(1, 50, dtype=torch.bool), draws=1, seed=0)
    assert set(decode(made[:, 0])[0]) == {"C", "T"}


def test_shuffled_bases_take_every_order_equally_often():
    inputs = one_hot("TACGT")
    chosen = torch.tensor([[False, True, True, True, False]])
    made = [decode(row[None])[0] for row in shuffled_bases(inputs, chosen, draws=600, seed=0)[0]]
    orders = ["T" + "".join(order) + "T" for order in permutations("ACG")]
    assert set(made) == set(orders)
    assert chisquare([made.count(order) for order in orders]).pvalue > 0.01


@pytest.mark.parametrize(("way", "inputs"), [(shuffled_bases, SEQUENCES), (shuffled_pixels, PICTURES)])
def test_shuffles_move_what_was_chosen(way, inputs):
    chosen = half(inputs)
    made = way(inputs, chosen, draws=1, seed=0)[:, 0]
    for one, other, mask in zip(inputs, made, chosen, strict=True):
        pieces = [sorted(map(tuple, array[:, mask].T.tolist())) for array in (one, other)]
        assert pieces[0] == pieces[1]


def test_a_dinucleotide_shuffle_of_everything_keeps_the_pairs():
    made = dinucleotide_shuffle(SEQUENCES, torch.ones(4, 30, dtype=torch.bool), draws=1, seed=0)[:, 0]
    for one, other in zip(decode(SEQUENCES), decode(made), strict=True):
        assert sorted(map("".join, pairwise(one))) == sorted(map("".join, pairwise(other)))


def test_mean_pixel_is_the_mean_of_each_channel():
    made = mean_pixel(PICTURES, torch.ones(3, 6, 5, dtype=torch.bool), draws=1)
    torch.testing.assert_close(made[1, 0, 2], PICTURES[1, 2].mean().expand(6, 5))


def test_a_blur_of_one_colour_is_that_colour():
    flat = torch.full((1, 2, 4, 4), 0.3)
    torch.testing.assert_close(blur(flat, torch.ones(1, 4, 4, dtype=torch.bool), draws=1)[0], flat)


def test_random_sets_have_one_size_and_no_n():
    example = one_hot("ACGTNNACGT")
    sets = random_sets(example, 3, sets=400, seed=0)
    assert sets.shape == (400, 10)
    assert (sets.sum(dim=1) == 3).all()
    counts = sets.sum(dim=0)
    assert counts[4] == counts[5] == 0
    assert (counts[[0, 1, 2, 3, 6, 7, 8, 9]] > 100).all()


def test_the_usual_way():
    assert usual_replacement(SEQUENCES) is random_base
    assert usual_replacement(PICTURES) is mean_pixel
    with pytest.raises(ShapeError, match="pass replacement="):
        usual_replacement(torch.rand(2, 7))


@pytest.mark.parametrize("way", DNA)
def test_dna_ways_refuse_images(way):
    with pytest.raises(ShapeError, match="one-hot DNA"):
        way(torch.rand(2, 3, 4, 4), torch.ones(2, 4, 4, dtype=torch.bool), draws=1)


@pytest.mark.parametrize("way", IMAGES)
def test_image_ways_refuse_dna(way):
    with pytest.raises(ShapeError, match="needs images"):
        way(SEQUENCES, half(SEQUENCES), draws=1)


@pytest.mark.parametrize("way", DNA)
def test_what_does_not_fit_is_refused(way):
    with pytest.raises(ShapeError, match="positions must be bool"):
        way(SEQUENCES, torch.ones(4, 29, dtype=torch.bool), draws=1)
    with pytest.raises(ShapeError, match="positions must be bool"):
        way(SEQUENCES, torch.ones(4, 30), draws=1)
    with pytest.raises(InputError, match="draws must be 1 or more"):
        way(SEQUENCES, half(SEQUENCES), draws=0)


def test_contributions_are_sums_over_channels():
    torch.testing.assert_close(flat_contributions(PICTURES, PICTURES), PICTURES.double().sum(dim=1).reshape(3, 30))
    with pytest.raises(ShapeError, match="came with attributions"):
        flat_contributions(PICTURES, PICTURES[:2])
    with pytest.raises(InputError, match="finite"):
        flat_contributions(PICTURES, PICTURES / 0)
