"""Exact values of planted sites, and the distance of a map from them."""

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from naive.trust_truth import grammar_score, shapley
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.grammar_truth import (
    exact_site_values,
    exact_truth,
    position_error,
    sign_correctness,
    signal_share,
    truth_auprc,
    truth_auroc,
)
from seqinterp.evaluation.grammars import GAP, GRAMMARS, WORDS, grammar
from seqinterp.sequence.examples import Site
from seqinterp.sequence.onehot import decode

METRICS = (truth_auroc, truth_auprc, signal_share, position_error, sign_correctness)
VALUES = {  # of the first example, which holds every motif, in the order alpha, other
    "single": [1],
    "and": [0.5, 0.5],
    "or": [0.5, 0.5],
    "xor": [0, 0],
    "repression": [0.5, -0.5],
    "spacing": [0.5, 0.5],
    "cooperative": [2, 2],
    "decoys": [1, 0],
}


def values_of(made):
    return exact_site_values(made.score, made.inputs, background=made.background, sites=made.sites)


def truth_of(made):
    return exact_truth(made.score, made.inputs, background=made.background, sites=made.sites)


@pytest.mark.parametrize("name", GRAMMARS)
def test_values_equal_the_mean_over_orders(name):
    made = grammar(name, count=4, length=80, seed=2)
    found = values_of(made)
    for number, sites in enumerate(made.sites):
        planted, empty = decode(made.inputs)[number], decode(made.background)[number]

        def worth(present, planted=planted, empty=empty, sites=sites):
            kept = {p for player in present for p in range(sites[player].start, sites[player].stop)}
            text = "".join(a if i in kept else b for i, (a, b) in enumerate(zip(planted, empty, strict=True)))
            return grammar_score(name, text, WORDS, GAP)

        expected = shapley(worth, range(len(sites)))
        np.testing.assert_allclose(found[number, : len(sites)], expected, atol=1e-6)


@pytest.mark.parametrize("name", GRAMMARS)
def test_values_by_hand(name):
    made = grammar(name, count=1, seed=4)
    by_motif = {site.motif: float(value) for site, value in zip(made.sites[0], values_of(made)[0], strict=True)}
    assert [by_motif[motif] for motif in sorted(by_motif)] == pytest.approx(VALUES[name], abs=1e-6)


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_truth_adds_up_and_stays_on_the_bases_that_matter(name):
    made = grammar(name, count=4, seed=6)
    truth = truth_of(made)
    torch.testing.assert_close(truth.flatten(1).sum(1), made.expected)
    assert not (truth * (1 - made.inputs)).any()
    outside = torch.ones(truth.shape[0], truth.shape[2], dtype=torch.bool)
    for row, sites in zip(outside, made.sites, strict=True):
        row[[position for site in sites for position in site.informative]] = False
    assert truth.abs().amax(dim=1)[outside].max() < 1e-6


def test_a_site_shares_its_value_evenly():
    made = grammar("single", count=1, seed=6)
    held = truth_of(made)[0].sum(dim=0)[list(made.sites[0][0].informative)]
    torch.testing.assert_close(held, torch.full((12,), 1 / 12))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", GRAMMARS)
def test_the_truth_is_perfect_and_beats_random_maps(name, metric):
    made = grammar(name, count=8, seed=1)
    truth = truth_of(made)
    known = truth.abs().amax(dim=(1, 2)) > 1e-4
    best = metric(made.score, made.inputs, truth, truth=truth)
    random = metric(made.score, made.inputs, torch.randn(truth.shape, generator=torch.manual_seed(0)), truth=truth)
    assert torch.equal(~torch.isnan(best), known)
    expected = 0.0 if metric is position_error else 1.0
    torch.testing.assert_close(best[known], torch.full_like(best[known], expected))
    assert (random[known] > 0).all() if metric is position_error else (random[known] < 1).all()


@pytest.mark.parametrize("metric", METRICS)
def test_a_reversed_map_is_worst(metric):
    made = grammar("cooperative", count=3, seed=1)
    truth = truth_of(made)
    size = truth.abs().sum(dim=1, keepdim=True)
    turned = -truth if metric is sign_correctness else ((size.max() - size) / 4).expand_as(truth)
    best = metric(made.score, made.inputs, truth, truth=truth)
    worst = metric(made.score, made.inputs, turned, truth=truth)
    if metric is position_error:
        assert (worst > 5).all()
    else:
        assert (worst < 0.3 * best).all()


def test_areas_equal_those_of_scikit_learn():
    made = grammar("repression", count=2, seed=1)
    truth = truth_of(made)
    map_ = torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    matters = (truth.sum(1).abs() > 1e-4).numpy()
    size = map_.sum(1).abs().numpy()
    for metric, oracle in [(truth_auroc, roc_auc_score), (truth_auprc, average_precision_score)]:
        found = metric(made.score, made.inputs, map_, truth=truth)
        np.testing.assert_allclose(found, [oracle(m, s) for m, s in zip(matters, size, strict=True)])


def by_position(values):
    """A map of one number per position, as attributions of one example."""
    map_ = torch.zeros(1, 4, len(values))
    map_[0, 2] = torch.tensor(values)
    return map_


TRUTH = by_position([0.0, 0, 2, -1, 0, 0, 0])


@pytest.mark.parametrize(
    ("metric", "map_", "options", "expected"),
    [
        (signal_share, [1.0, 0, -3, 1, 0, 0, 0], {}, 4 / 5),
        (signal_share, [0.0] * 7, {}, 0),
        (position_error, [9.0, 0, 8, 0, 0, 0, 0], {}, (2 + 0) / 2),
        (position_error, [0.0, 0, 0, 0, 0, 0, -1], {}, (3 + (2 + 1 + 0 + 0 + 1 + 2) / 6) / 2),
        (sign_correctness, [0.0, 0, 1, 1, 0, 0, 0], {}, 2 / 3),
        (sign_correctness, [0.0, 0, 1, 1, 0, 0, 0], {"repressors": True}, 0),
        (sign_correctness, [0.0, 0, -1, -1, 0, 0, 0], {"repressors": True}, 1),
        (sign_correctness, [0.0] * 7, {}, 0),
        (truth_auroc, [0.0] * 7, {}, 0.5),
        (truth_auprc, [0.0] * 7, {}, 2 / 7),
    ],
)
def test_metrics_by_hand(metric, map_, options, expected):
    made = grammar("single", count=1, seed=0)
    found = metric(made.score, made.inputs[:, :, :7], by_position(map_), truth=TRUTH, **options)
    assert float(found) == pytest.approx(expected)


def test_examples_do_not_depend_on_one_another():
    made = grammar("cooperative", count=6, seed=3)
    truth = truth_of(made)
    turned = exact_truth(made.score, made.inputs.flip(0), background=made.background.flip(0), sites=made.sites[::-1])
    torch.testing.assert_close(turned.flip(0), truth)


def test_a_decoy_of_a_model_that_uses_it_has_a_value():
    made = grammar("decoys", count=1, seed=0)
    decoys = tuple(Site(s.motif, s.start, s.stop, s.strand, "decoy", ()) for s in made.sites[0])
    truth = exact_truth(made.score, made.inputs, background=made.background, sites=(decoys,))
    assert truth.sum().item() == pytest.approx(1)
    assert int((truth.sum(1).abs() > 1e-4).sum()) == 14


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(0, 10), (9, 20)], "overlaps another"),
        ([(90, 101)], "reaches past its 100 bases"),
        ([(i, i + 1) for i in range(12)], "at most 11 sites"),
        ([(0, 100)], "no base of background"),
    ],
)
def test_sites_that_cannot_be_players_are_refused(spans, message):
    made = grammar("single", count=1, seed=0)
    sites = tuple(Site("a", start, stop, "+", "site", (start,)) for start, stop in spans)
    with pytest.raises(InputError, match=message):
        exact_site_values(made.score, made.inputs, background=made.background, sites=[sites])


def test_sites_are_needed_for_every_example():
    made = grammar("single", count=2, seed=0)
    with pytest.raises(InputError, match="one entry of sites per example"):
        exact_truth(made.score, made.inputs, background=made.background, sites=made.sites[:1])


@pytest.mark.parametrize("metric", METRICS)
def test_shapes_must_agree(metric):
    made = grammar("single", count=1, seed=0)
    with pytest.raises(ShapeError, match="truth must have shape"):
        metric(made.score, made.inputs, made.inputs, truth=torch.zeros(1, 4, 5))


def test_the_background_must_fit():
    made = grammar("single", count=1, seed=0)
    with pytest.raises(ShapeError, match="shape of the inputs"):
        exact_truth(made.score, made.inputs, background=made.background[:, :, 1:], sites=made.sites)
