"""Fooling inputs: sure where they say so, and less and less likely on the way."""

import numpy as np
import pytest
import torch
from torch import nn

from pictures import drawn, finder, words
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.gradients.fooling import (
    climb_until_sure,
    codes_of,
    edit_until_sure,
    random_noise,
    random_sequences,
    shuffled_sequences,
)
from seqinterp.sequence.alphabet import code_block, describe_record
from seqinterp.sequence.markov import GENOME_LIKE
from seqinterp.sequence.markov_fit import fit_background, log_likelihood, substitution_log_likelihoods
from seqinterp.sequence.onehot import decode

NATURAL = GENOME_LIKE.sample(60, count=20, seed=0)
BACKGROUND = fit_background(NATURAL, 1)
WORD = "GATTACAG"
FINDER = Score(finder(WORD, weight=4.0, bias=-24.0), output(0)).eval()  # 8 letters make a logit of 8


def edited(starts, *, steps, threshold=4.6, score=FINDER):
    with torch.no_grad():
        return edit_until_sure(score, words(starts), threshold=threshold, background=BACKGROUND, steps=steps)


def test_sequences_become_sure_and_then_unlikely():
    starts = random_sequences(4, 60, 1)
    found = edited(starts, steps=40)
    with torch.no_grad():
        assert (FINDER(found.inputs) > 4.6).all()
        reached = edited(starts, steps=8)
    assert all(WORD in sequence for sequence in decode(found.inputs))
    before, after = (log_likelihood(BACKGROUND, decode(each.inputs)) for each in (reached, found))
    assert (after < before).all()
    assert (after < log_likelihood(BACKGROUND, NATURAL).min()).all()
    changed = [
        sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(starts, decode(found.inputs), strict=True)
    ]
    assert (np.array(changed) <= found.steps.numpy()).all()
    assert found.steps.max() <= 40


def test_each_edit_of_the_second_part_is_the_least_likely_that_is_allowed():
    start = "ACGT" * 5 + WORD + "ACGT" * 5
    before, after = edited([start], steps=0), edited([start], steps=1)
    assert decode(before.inputs) == [start]
    best = None
    for position in range(len(start)):
        for base in "ACGT":
            one = start[:position] + base + start[position + 1 :]
            if WORD in one:
                likelihood = log_likelihood(BACKGROUND, one)[0]
                best = min(best or (0.0, ""), (likelihood, one))
    assert log_likelihood(BACKGROUND, decode(after.inputs))[0] == pytest.approx(best[0])


def test_what_cannot_be_reached_is_not():
    weak = Score(finder(WORD, weight=1.0, bias=-8.0), output(0)).eval()
    found = edited(random_sequences(2, 40, 0), steps=30, score=weak)
    with torch.no_grad():
        assert weak(found.inputs).max() < 1e-6
    assert all(WORD in sequence for sequence in decode(found.inputs))  # as far as it goes
    assert found.steps.max() <= len(WORD)


@pytest.mark.parametrize("order", range(4))
def test_what_substitutions_do_to_the_likelihood(order):
    background = fit_background(NATURAL, order)
    for sequence in ("ACGTTGCAAC", "NACGNTN", "A"):
        codes = code_block([sequence], describe_record())[0]
        changes = substitution_log_likelihoods(background, codes)
        known = sum(base != "N" for base in sequence)
        before = log_likelihood(background, sequence)[0] * known
        for position in range(len(sequence)):
            for row, base in enumerate("ACGT"):
                other = sequence[:position] + base + sequence[position + 1 :]
                after = log_likelihood(background, other)[0] * (known + (sequence[position] == "N"))
                assert changes[row, position] == pytest.approx(after - before)


LINEAR = Score(drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 1))), output(0)).eval()


def test_features_climb_until_they_are_past_and_stop_there():
    starts = random_noise(4, (3, 2, 2), (0.0, 1.0), 0).double()
    with torch.no_grad():
        highest = float(LINEAR((LINEAR.model[1].weight > 0).double().reshape(1, 3, 2, 2)))
        threshold = 0.7 * highest
        options = {"threshold": threshold, "step_size": 0.01, "bounds": (0.0, 1.0)}
        found = climb_until_sure(LINEAR, starts, steps=500, **options)
        assert (LINEAR(found.inputs) > threshold).all()
        for number, taken in enumerate(found.steps.tolist()):
            assert taken > 0
            short = climb_until_sure(LINEAR, starts[number : number + 1], steps=taken - 1, **options)
            assert float(LINEAR(short.inputs)) < threshold + 1e-3
        never = climb_until_sure(LINEAR, starts, steps=300, **{**options, "threshold": highest + 1})
        assert (LINEAR(never.inputs) < highest + 1e-9).all()
        assert never.steps.tolist() == [300] * 4
        assert never.inputs.min() >= 0
        assert never.inputs.max() <= 1


def test_starts_follow_from_the_seed_and_their_number():
    before = torch.random.get_rng_state()
    assert random_sequences(5, 30, 2)[:2] == random_sequences(2, 30, 2)
    assert random_sequences(1, 30, 2) != random_sequences(1, 30, 3)
    assert torch.equal(random_noise(5, (2, 3), (0.0, 1.0), 2)[:2], random_noise(2, (2, 3), (0.0, 1.0), 2))
    codes = codes_of(words(NATURAL))
    shuffled = shuffled_sequences(25, codes, 0)
    assert shuffled[:3] == shuffled_sequences(3, codes, 0)
    assert sorted(shuffled[21]) == sorted(NATURAL[1])
    assert shuffled[21] not in (NATURAL[1], shuffled[1])
    assert torch.equal(before, torch.random.get_rng_state())
