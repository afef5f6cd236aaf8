"""Grammars: the network computes the closed form, and nothing else in a sequence speaks."""

import pytest
import torch

from naive.trust_truth import grammar_score, reverse, starts
from seqinterp.attribution.deeplift import deeplift
from seqinterp.attribution.gradient import gradient
from seqinterp.errors import InputError
from seqinterp.evaluation.grammars import GAP, GRAMMARS, WORDS, grammar, grammar_network
from seqinterp.sequence.markov import UNIFORM
from seqinterp.sequence.onehot import decode


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_network_computes_the_closed_form_exactly(name):
    made = grammar(name, count=12, length=90, seed=3)
    expected = [grammar_score(name, sequence, WORDS, GAP) for sequence in decode(made.inputs)]
    assert made.score(made.inputs).tolist() == expected == made.expected.tolist()
    assert made.score(made.background).tolist() == [0] * 12
    assert max(expected) > min(expected)


@pytest.mark.parametrize("name", GRAMMARS)
def test_sites_are_where_the_words_are_and_only_there(name):
    made = grammar(name, count=8, length=90, seed=5)
    for sequence, sites in zip(decode(made.inputs), made.sites, strict=True):
        found = set()
        for motif, word in WORDS.items():
            found |= {(motif, start, "+") for start in starts(word, sequence)}
            found |= {(motif, start, "-") for start in starts(reverse(word), sequence)}
        assert {(site.motif, site.start, site.strand) for site in sites} == found
        for site in sites:
            word = WORDS[site.motif] if site.strand == "+" else reverse(WORDS[site.motif])
            matter = tuple(site.start + i for i, letter in enumerate(word) if letter != "N")
            assert site.informative == (() if site.motif == "gamma" else matter)
            assert site.kind == ("decoy" if site.motif == "gamma" else "site")


def test_inputs_and_background_differ_only_in_informative_bases():
    made = grammar("cooperative", count=4, seed=2)
    changed = (made.inputs != made.background).any(dim=1)
    for row, sites in zip(changed, made.sites, strict=True):
        allowed = {position for site in sites for position in site.informative}
        assert set(row.nonzero().flatten().tolist()) <= allowed


def test_a_wrong_base_costs_a_quarter_until_nothing_is_left():
    made = grammar("single", count=1, seed=0)
    edited, scores = made.inputs.clone(), []
    for position in made.sites[0][0].informative[:5]:
        edited[0, :, position] = edited[0, :, position].roll(1)
        scores.append(float(made.score(edited)))
    assert scores == [0.75, 0.5, 0.25, 0, 0]


def test_the_spacing_grammar_shows_right_and_wrong_gaps():
    made = grammar("spacing", count=40, seed=1)
    assert made.expected[::4].tolist() == [1] * 10
    assert made.expected[1::4].tolist() == [0] * 10
    assert {len(sites) for sites in made.sites[:2]} == {2}
    assert {sites[0].strand for sites in made.sites[::4]} == {"+", "-"}


def test_a_wrong_gap_is_never_right_by_accident():
    made = grammar("spacing", count=80, length=68, seed=0)  # short enough that a random gap would be right once
    assert torch.equal(made.score(made.inputs), made.expected)


@pytest.mark.parametrize("name", ["spacing", "or"])
def test_an_example_depends_on_its_number_and_the_seed_alone(name):
    few, many = grammar(name, count=3, seed=7), grammar(name, count=9, seed=7)
    assert torch.equal(few.inputs, many.inputs[:3])
    assert few.sites == many.sites[:3]
    assert not torch.equal(few.inputs, grammar(name, count=3, seed=8).inputs)


def test_the_network_reads_both_strands():
    made = grammar("repression", count=4, seed=1, background=UNIFORM)
    assert torch.equal(made.score(made.inputs.flip(1, 2)), made.expected)


@pytest.mark.parametrize("name", GRAMMARS)
def test_explainers_run_and_deeplift_is_complete(name):
    made = grammar(name, count=4, seed=1)
    slopes = gradient(made.score, made.inputs)
    assert slopes.shape == made.inputs.shape
    found = deeplift(made.score, made.inputs, baseline=lambda rows: made.background[: len(rows)].unsqueeze(1))
    torch.testing.assert_close(found.flatten(1).sum(1), made.expected)


def test_nothing_of_the_network_asks_for_training():
    assert not any(parameter.requires_grad for parameter in grammar_network("xor").parameters())


@pytest.mark.parametrize("name", ["implies", "XOR"])
def test_an_unknown_grammar_is_refused(name):
    with pytest.raises(InputError, match="a grammar is one of single, and"):
        grammar(name, count=1)


@pytest.mark.parametrize("options", [{"count": 0}, {"count": 1, "seed": -1}, {"count": 1, "length": 55}])
def test_settings_that_cannot_be_met_are_refused(options):
    with pytest.raises(InputError, match="length 56 or more"):
        grammar("and", **options)


def test_the_global_random_state_is_left_alone():
    state = torch.random.get_rng_state()
    grammar("and", count=2)
    assert torch.equal(state, torch.random.get_rng_state())
