"""What numbers become in words: every threshold on both sides."""

import math
from dataclasses import fields

import pytest
import torch

from seqinterp.evaluation.order_of_bases import OrderTest
from seqinterp.evaluation.scorecard.candidate import Answers
from seqinterp.evaluation.scorecard.measures import MEASURES, QUESTIONS
from seqinterp.evaluation.scorecard.model_checks import ModelFacts
from seqinterp.evaluation.scorecard.thresholds import Thresholds
from seqinterp.evaluation.scorecard.verdicts import (
    AVOID,
    CARE,
    USE,
    Doubt,
    better_than_nothing,
    method_doubts,
    model_doubts,
    typical,
    verdict,
)

LIMITS = Thresholds()
GAIN = torch.linspace(0.1, 1, 16, dtype=torch.float64)
FINE = {
    ("deletion_gain", ""): GAIN,
    ("insertion_gain", ""): GAIN,
    ("sensitivity_n", ""): torch.full((16,), 0.8),
    ("reseeding", ""): torch.full((16,), 0.95),
    ("neighbour_similarity", ""): torch.full((16,), 0.9),
    ("strand_consistency", ""): torch.full((16,), 0.9),
    ("members", ""): torch.full((16,), 0.9),
    ("randomised", "spearman"): torch.full((16,), 0.1),
    ("randomised", "signed"): torch.full((16,), 0.1),
    ("null_similarity", "GC"): torch.full((16,), 0.2),
    ("truth_auroc", ""): torch.linspace(0.7, 0.9, 16),
}
WHOLE = {("null_p_value", "GC"): 0.005}
FACTS = ModelFacts(OrderTest(4.0, 0.5, 0.3, 0.01, 99), "", 0.9, 0.8, 0.5, 0.0, 0.1)


def judged(changes, whole=None, strand_change=0.0):
    answers = Answers(
        {**FINE, **{key: torch.as_tensor(value) for key, value in changes.items()}}, {**WHOLE, **(whole or {})}
    )
    return verdict("it", method_doubts(answers, strand_change, LIMITS))


def filled(value):
    return torch.full((16,), value)


def test_nothing_against_it():
    assert judged({}).decision == USE and str(judged({})) == "it: use"


@pytest.mark.parametrize(
    ("changes", "decision", "words"),
    [
        ({("deletion_gain", ""): -GAIN}, CARE, "taking away what it ranks first"),
        ({("insertion_gain", ""): -GAIN}, CARE, "putting back what it ranks first"),
        ({("deletion_gain", ""): -GAIN, ("insertion_gain", ""): filled(0.0)}, AVOID, "neither taking away nor putting"),
        ({("sensitivity_n", ""): filled(0.19)}, CARE, "do not add up"),
        ({("reseeding", ""): filled(0.79)}, CARE, "unstable, 0.79 rank correlation under reseeding (16 examples)"),
        ({("reseeding", ""): filled(0.31)}, AVOID, "unstable, 0.31 rank correlation under reseeding"),
        ({("neighbour_similarity", ""): filled(0.4)}, CARE, "next to it"),
        ({("strand_consistency", ""): filled(0.4)}, CARE, "strands score alike"),
        ({("members", ""): filled(0.4)}, CARE, "members of the ensemble"),
        ({("randomised", "spearman"): filled(0.6)}, CARE, "only its signs do"),
        ({("randomised", name): filled(0.6) for name in ("spearman", "signed")}, AVOID, "all weights are random"),
        ({("null_similarity", "GC"): filled(-0.6)}, CARE, "read off the input: GC"),
        ({("truth_auroc", ""): torch.linspace(0.3, 0.7, 16)}, AVOID, "no higher than others (AUROC 0.50)"),
    ],
)  # fmt: skip
def test_each_doubt(changes, decision, words):
    found = judged(changes)
    assert found.decision == decision
    assert any(words in reason for reason in found.reasons)


def test_what_a_model_excuses():
    turned = {("strand_consistency", ""): filled(0.1)}
    assert judged(turned, strand_change=0.5).decision == USE  # the model itself is not symmetric
    assert judged(turned, strand_change=None).decision == USE
    assert judged({("null_similarity", "GC"): filled(0.6)}, {("null_p_value", "GC"): 0.2}).decision == USE


def test_what_was_not_asked_is_no_doubt():
    asked = (("deletion_gain", ""), ("insertion_gain", ""), ("randomised", "spearman"))
    assert verdict("it", method_doubts(Answers({key: FINE[key] for key in asked}, {}), None, LIMITS)).decision == USE
    without = verdict("it", method_doubts(Answers({key: FINE[key] for key in asked[:2]}, {}), None, LIMITS))
    assert without.decision == CARE and "random weights" in without.reasons[0]


def test_few_examples_forbid_nothing():
    few = {("deletion_gain", ""): torch.tensor([0.5, 0.9, -0.2]), ("insertion_gain", ""): torch.tensor([1.0, 0.4, 0.2])}
    assert judged(few).decision == CARE and "not shown that taking away" in judged(few).reasons[0]
    assert judged({("reseeding", ""): torch.full((4,), 0.1)}).decision == CARE


def test_examples_count_by_the_size_of_their_explanation():
    half = torch.cat([torch.full((8,), 0.95), torch.full((8,), 0.1)])
    assert judged({("reseeding", ""): half}).decision == CARE
    assert judged({("reseeding", ""): half, ("size", ""): (half > 0.5).double() + 1e-3}).decision == USE


def test_the_worst_reason_comes_first():
    found = verdict("it", [Doubt("a"), Doubt("b", fails=True), Doubt("c")])
    assert found.reasons == ("b", "a", "c") and found.decision == AVOID


def of_model(answers=None, *, region=False, **changes):
    facts = ModelFacts(**{**vars(FACTS), **changes})
    return verdict("the model", model_doubts(facts, {"a": answers or Answers()}, LIMITS, region=region))


def test_the_model():
    assert of_model().decision == USE
    nothing_asked = of_model(order=None, labelled=None, labelled_low=None, chance=None)
    assert nothing_asked.decision == CARE and "give labels" in nothing_asked.reasons[0]
    alike = OrderTest(0.1, 0.1, 0.3, 0.4, 99)
    unknown = of_model(order=alike, labelled=None, labelled_low=None, chance=None)
    assert unknown.decision == AVOID and "as an untrained network would" in unknown.reasons[0]
    assert of_model(order=alike).decision == CARE and "follow the labels" in of_model(order=alike).reasons[0]
    assert of_model(order=alike, labelled_low=0.4).decision == AVOID
    assert of_model(labelled_low=0.5).decision == AVOID
    assert of_model(order=OrderTest(4.0, 0.5, 0.9, 0.01, 99)).decision == CARE
    by_chance = {("fixed_places_chance", ""): 0.06, ("fixed_places_p_value", ""): 0.005}
    fixed = {("fixed_places", ""): filled(0.3)}
    assert "30% of its score" in of_model(Answers(fixed, by_chance)).reasons[0]
    assert of_model(Answers(fixed, {**by_chance, ("fixed_places_chance", ""): 0.25})).decision == USE
    assert of_model(Answers(fixed, {**by_chance, ("fixed_places_p_value", ""): 0.3})).decision == USE
    outside = Answers({("outside", ""): filled(0.9)}, {("outside_p_value", ""): 0.005})
    assert of_model(outside, region=True).decision == CARE and of_model(outside).decision == USE


def test_the_p_value_is_that_of_signed_ranks():
    # all 8 gains above 0: the one sign pattern of 2^8 that is as extreme
    values = torch.tensor([1.0, 2, 3, 4, 5, 6, 7, 8, math.nan])
    assert better_than_nothing(Answers({("x", ""): values}), ("x", "")) == pytest.approx(1 / 256)
    assert better_than_nothing(Answers({("x", ""): torch.zeros(8)}), ("x", "")) == 1.0
    assert math.isnan(typical(Answers(), ("x", "")))


def test_every_measure_belongs_to_a_question_and_every_threshold_is_explained():
    assert {measure.question for measure in MEASURES.values()} == set(QUESTIONS)
    assert all(f"{field.name}" in Thresholds.__doc__ for field in fields(Thresholds))
