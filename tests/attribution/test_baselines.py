"""Baselines: rules of the example alone, whatever batch it is in."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

import seqinterp as si
from seqinterp.api.shared.baseline import BASELINES, as_baseline
from seqinterp.attribution.baselines import blur, given, mean, zeros
from seqinterp.attribution.dna_baselines import (
    base_frequency,
    dinucleotide_shuffle,
    gc_matched,
    n_kept,
    uniform_shuffle,
)
from seqinterp.attribution.protocol import Baseline
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.onehot import decode

RANDOM = [uniform_shuffle, dinucleotide_shuffle, gc_matched]
SEQUENCES = ["ACGTTGCAACGGTTAACC", "NNACGTTGNNCAACGGTN", "GGGGGGCCCCCCGGGCCC", "NNNNNNNNNNNNNNNNNN"]
PICTURES = torch.rand(3, 2, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def bases(references):
    """The letters of one set of references, N left out."""
    return [sequence.replace("N", "") for sequence in decode(references)]


def pairs(sequence):
    return Counter(pairwise(sequence))


@pytest.mark.parametrize("name", BASELINES)
def test_names_are_rules_of_the_example_alone(name):
    inputs = si.one_hot(SEQUENCES)
    rule = as_baseline(name, inputs, draws=None, seed=3)
    assert isinstance(rule, Baseline)
    whole = rule(inputs)
    assert whole.shape == (4, 20 if BASELINES[name].dna_only else 1, 4, 18)
    assert whole.dtype == inputs.dtype
    for number in range(4):
        assert torch.equal(rule(inputs[number : number + 1])[0], whole[number])
    assert torch.equal(rule(inputs.flip(0)).flip(0), whole)
    absent = (inputs == 0).all(dim=1)
    assert bool((whole.movedim(2, -1)[absent[:, None].expand(-1, whole.shape[1], -1)] == 0).all())


@pytest.mark.parametrize("rule", RANDOM)
class TestRandom:
    def test_seed_and_draws(self, rule):
        inputs = si.one_hot(SEQUENCES[:1])
        assert torch.equal(rule(inputs, draws=7, seed=1), rule(inputs, draws=7, seed=1))
        assert not torch.equal(rule(inputs, draws=7, seed=1), rule(inputs, draws=7, seed=2))
        drawn = rule(inputs, draws=7)
        assert drawn.shape == (1, 7, 4, 18)
        assert len(set(bases(drawn[0]))) > 1

    def test_global_chance_is_left_alone(self, rule):
        torch.manual_seed(0)
        np.random.seed(0)  # noqa: NPY002
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        rule(si.one_hot("ARGTTGCA"))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002

    def test_columns_are_bases_or_n(self, rule):
        inputs = si.one_hot("ARGTNGWA")
        found = rule(inputs, draws=50)
        assert set(found.unique().tolist()) == {0.0, 1.0}
        assert found.sum(dim=2).tolist() == [[[1, 1, 1, 1, 0, 1, 1, 1]] * 50]

    def test_other_types(self, rule):
        inputs = si.one_hot(SEQUENCES)
        assert torch.equal(rule(inputs.double()), rule(inputs).double())
        assert torch.equal(rule(inputs.half()), rule(inputs).half())

    @pytest.mark.parametrize("inputs", [torch.zeros(2, 3, 8), torch.full((2, 4, 8), 0.5), torch.zeros(2, 4)])
    def test_other_inputs_are_refused(self, rule, inputs):
        with pytest.raises(ShapeError, match=rf"'{rule.__name__}' needs one-hot DNA"):
            rule(inputs)

    def test_options_are_checked(self, rule):
        with pytest.raises(InputError, match="draws must be 1 or more, not 0"):
            rule(si.one_hot("ACGT"), draws=0)
        with pytest.raises(InputError, match="seed must be"):
            rule(si.one_hot("ACGT"), seed=-1)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_shuffles_keep_what_they_promise(sequence):
    letters = sequence.replace("N", "")
    for found in bases(uniform_shuffle(si.one_hot(sequence))[0]):
        assert Counter(found) == Counter(letters)
    for found in bases(dinucleotide_shuffle(si.one_hot(sequence))[0]):
        assert pairs(found) == pairs(letters)
        assert found[:1] == letters[:1] and found[-1:] == letters[-1:]


def test_shuffles_are_those_of_the_sequence():
    from seqinterp.sequence.shuffle import dinucleotide_shuffle as of_strings

    assert (
        decode(dinucleotide_shuffle(si.one_hot(SEQUENCES[0]), seed=5)[0])
        == of_strings(SEQUENCES[:1], draws=20, seed=5)[0]
    )


def test_a_mixture_is_one_of_its_bases():
    inputs = si.one_hot("R" * 4000)
    found = uniform_shuffle(inputs, draws=1)[0, 0].sum(dim=1)
    assert found[1] == found[3] == 0
    assert abs(float(found[0]) - 2000) < 5 * 1000**0.5
    shares = torch.tensor([0.1, 0.0, 0.6, 0.2])[None, :, None].expand(1, 4, 9000)  # adds up to 0.9
    drawn = dinucleotide_shuffle(shares, draws=1)[0, 0].sum(dim=1)
    assert drawn[1] == 0
    for base, share in ((0, 1 / 9), (2, 6 / 9), (3, 2 / 9)):
        assert abs(float(drawn[base]) / 9000 - share) < 5 * (share * (1 - share) / 9000) ** 0.5


def test_gc_matched_has_the_gc_of_the_example():
    sequence = "G" * 30 + "A" * 50 + "N" * 20 + "C" * 30 + "T" * 10
    share = gc_matched(si.one_hot(sequence), draws=200)[0].sum(dim=(0, 2)) / (200 * 120)
    expected = torch.tensor([0.25, 0.25, 0.25, 0.25])
    assert bool(((share - expected).abs() < 5 * (0.25 * 0.75 / 24000) ** 0.5).all())
    only = gc_matched(si.one_hot("GCGCGGGG"), draws=100)[0]
    assert float(only[:, [0, 3]].sum()) == 0
    assert 300 < float(only[:, 1].sum()) < 500


def test_mean_is_taken_where_something_is():
    inputs = si.one_hot("AAGN")
    expected = torch.tensor([2 / 3, 0, 1 / 3, 0])[:, None] * torch.tensor([1.0, 1, 1, 0])
    torch.testing.assert_close(mean(inputs)[0, 0], expected)
    assert torch.equal(base_frequency(inputs), mean(inputs))
    torch.testing.assert_close(mean(PICTURES)[:, 0, :, 2, 2], PICTURES.mean(dim=(2, 3)))
    with pytest.raises(ShapeError, match="'base_frequency' needs one-hot DNA"):
        base_frequency(PICTURES)


def test_blur_is_a_gaussian_with_its_weight_inside():
    signal = torch.zeros(1, 2, 41, dtype=torch.float64)
    signal[0, 0, 20], signal[0, 1] = 1, 0.7
    found = blur(signal, sigma=2.0)[0, 0]
    expected = gaussian_filter1d(signal[0, 0].numpy(), 2.0, truncate=10)
    torch.testing.assert_close(found[0], torch.from_numpy(expected), rtol=0, atol=1e-8)
    torch.testing.assert_close(found[1], signal[0, 1])
    by_rows = blur(PICTURES.flatten(1, 2), sigma=1.5)[:, 0].reshape(PICTURES.shape)
    by_both = blur(by_rows.transpose(2, 3).flatten(1, 2), sigma=1.5)[:, 0].reshape(3, 2, 5, 6).transpose(2, 3)
    torch.testing.assert_close(blur(PICTURES, sigma=1.5)[:, 0], by_both)


@pytest.mark.parametrize("rule", [mean, blur])
def test_features_without_places_are_refused(rule):
    with pytest.raises(ShapeError, match=f"'{rule.__name__}' needs inputs of shape"):
        rule(torch.rand(3, 5))


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), float("inf")])
def test_blur_needs_a_width(sigma):
    with pytest.raises(InputError, match="sigma must be a positive number"):
        blur(PICTURES, sigma=sigma)


class TestGiven:
    def test_shared(self):
        sets = torch.rand(7, 2, 6, 5)
        for references in (sets, sets[None]):
            rule = given(PICTURES, references)
            assert torch.equal(rule(PICTURES[:2]), sets.double().expand(2, 7, 2, 6, 5))
            assert torch.equal(rule(torch.ones(1, 2, 6, 5)), sets[None])

    def test_own_sets_follow_their_examples(self):
        sets = torch.rand(3, 4, 2, 6, 5, dtype=torch.float64)
        rule = given(PICTURES, sets)
        order = [2, 0, 1, 1]
        assert torch.equal(rule(PICTURES[order]), sets[order])
        assert torch.equal(rule(PICTURES[1:2]), sets[1:2])
        with pytest.raises(InputError, match="no references were given for one of the examples"):
            rule(PICTURES + 1)

    def test_identical_examples_need_identical_references(self):
        inputs = PICTURES[[0, 1, 0]]
        sets = torch.rand(3, 4, 2, 6, 5)
        with pytest.raises(InputError, match="examples 0 and 2 are identical but come with different references"):
            given(inputs, sets)
        sets[2] = sets[0]
        assert torch.equal(given(inputs, sets)(inputs[2:]), sets[:1].double())

    def test_later_changes_do_not_reach_it(self):
        sets = torch.rand(4, 2, 6, 5, dtype=torch.float64)
        rule, before = given(PICTURES, sets), sets.clone()
        sets += 1
        assert torch.equal(rule(PICTURES[:1])[0], before)

    @pytest.mark.parametrize("shape", [(2, 6, 5), (7, 2, 6, 4), (2, 7, 2, 6, 5), (0, 2, 6, 5), (3, 0, 2, 6, 5), (3,)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ShapeError, match=r"shape \(draws, 2, 6, 5\) for all .* \(3, draws, 2, 6, 5\), a set"):
            given(PICTURES, torch.zeros(shape))

    def test_the_inputs_own_shape_is_ambiguous(self):
        with pytest.raises(ShapeError, match=r"write references\[None\]"):
            given(PICTURES, torch.zeros_like(PICTURES))
        assert given(PICTURES[:1], torch.zeros(1, 2, 6, 5))(PICTURES[:1]).shape == (1, 1, 2, 6, 5)

    def test_numbers_must_be_finite(self):
        with pytest.raises(InputError, match="NaN or infinite"):
            given(PICTURES, torch.full((1, 2, 6, 5), float("nan")))

    def test_other_features_are_refused(self):
        with pytest.raises(ShapeError, match="are for features"):
            given(PICTURES, torch.zeros(1, 2, 6, 5))(PICTURES[..., 1:])

    def test_it_says_what_it_is(self):
        one, other = given(PICTURES, torch.zeros(1, 2, 6, 5)), given(PICTURES, torch.ones(1, 2, 6, 5))
        assert repr(one).startswith("given references (1, 2, 6, 5) ")
        assert repr(one) != repr(other)


class TestAsBaseline:
    def test_options_reach_the_rule(self):
        inputs = si.one_hot(SEQUENCES)
        found = as_baseline("gc_matched", inputs, draws=3, seed=9)(inputs)
        assert torch.equal(found, gc_matched(inputs, draws=3, seed=9))
        assert as_baseline("zeros", inputs, draws=None, seed=9) is zeros

    def test_arrays_and_callables(self):
        inputs = si.one_hot(SEQUENCES[:1])
        sets = np.full((2, 4, 18), 0.25)
        for baseline in (sets, torch.from_numpy(sets), lambda shown: torch.full((len(shown), 2, 4, 18), 0.25)):
            found = as_baseline(baseline, inputs, draws=None, seed=0)(inputs)
            assert found.dtype == inputs.dtype
            torch.testing.assert_close(found, torch.full((1, 2, 4, 18), 0.25))

    def test_given_references_and_blurs_are_zero_at_n(self):
        inputs = si.one_hot("ACNT")
        for baseline in (torch.full((2, 4, 4), 0.25), "blur"):
            found = as_baseline(baseline, inputs, draws=None, seed=0)(inputs)
            assert float(found[..., 2].abs().sum()) == 0
            assert bool((found.sum(dim=2)[..., [0, 1, 3]] > 0).all())
        assert torch.equal(n_kept(zeros)(inputs), zeros(inputs))

    def test_pictures_keep_given_references_whole(self):
        inputs = torch.zeros(2, 3, 4, 4)
        assert float(as_baseline(torch.ones(1, 3, 4, 4), inputs, draws=None, seed=0)(inputs).sum()) == 96

    @pytest.mark.parametrize(
        ("baseline", "draws", "sentence"),
        [
            ("black", None, "no baseline 'black'; choose one of 'zeros', 'mean', 'blur', 'gc_matched', 'uniform_sh"),
            (3, None, r"must be a name \('zeros', .*\), an array of references or a callable, not a int"),
            (None, None, "not a NoneType"),
            ("dinucleotide_shuffle", None, r"makes DNA, and inputs of shape \(3, 2, 6, 5\) are not .* use 'zeros', 'm"),
            ("zeros", 5, "'zeros' is one reference by its rule, so draws=5 means nothing"),
            (zeros, 5, "draws=5 only means something for a random baseline"),
            (np.zeros((2, 2)), None, "references must have shape"),
            (np.array(["a"]), None, "references must be numbers, not an array of <U1"),
            (lambda inputs: inputs, None, r"must return references of shape \(1, draws, 2, 6, 5\), not \(1, 2, 6, 5\)"),
            (lambda inputs: None, None, "must return a tensor .*, not a NoneType"),
            (lambda inputs: inputs[:, None] / 0, None, "NaN or infinite"),
        ],
    )
    def test_refusals(self, baseline, draws, sentence):
        with pytest.raises(InputError, match=sentence):
            as_baseline(baseline, PICTURES, draws=draws, seed=0)

    def test_a_callable_must_be_a_rule_of_the_example_alone(self):
        by_batch = lambda inputs: inputs.mean(dim=0, keepdim=True).expand_as(inputs)[:, None]  # noqa: E731
        chance = torch.Generator().manual_seed(0)
        anew = lambda inputs: torch.rand(inputs[:, None].shape, generator=chance)  # noqa: E731
        for baseline in (by_batch, anew):
            with pytest.raises(InputError, match="other references when it was asked again"):
                as_baseline(baseline, PICTURES)

    def test_features_without_places(self):
        with pytest.raises(ShapeError, match="use 'zeros' or give references"):
            as_baseline("mean", torch.rand(3, 5), draws=None, seed=0)
