"""The fewest substitutions that flip a score."""

import numpy as np
import pytest
import torch
from torch import nn

from naive import flips as naive, motif_questions as questions
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design import flip as module
from seqinterp.design.flip import Effort, fewest_flips
from seqinterp.design.flip_search import Search, consider
from seqinterp.errors import InputError, ModelError
from seqinterp.mutagenesis import effects

LENGTH = 6
TOYS = questions.random_sequences(4, LENGTH, seed=8)


class Toy(nn.Module):
    """A little network over all positions at once, in which edits interact."""

    def __init__(self, seed, length=LENGTH, curve=3.0):
        super().__init__()
        chance = torch.Generator().manual_seed(seed)
        self.one = nn.Parameter(torch.randn(8, 4 * length, generator=chance, dtype=torch.float64))
        self.two = nn.Parameter(torch.randn(1, 8, generator=chance, dtype=torch.float64))
        self.curve = curve

    def forward(self, inputs):
        return torch.sin(self.curve * inputs.flatten(1) @ self.one.T / 4) @ self.two.T


class Together(nn.Module):
    """-1, and 1 where all the bases of a word stand at their places."""

    def __init__(self, word):
        super().__init__()
        self.kernel = nn.Parameter(naive.encoded([word])[0])

    def forward(self, inputs):
        missing = self.kernel.sum() - (inputs * self.kernel).sum(dim=(1, 2))
        return 2 * (missing < 0.5).double()[:, None] - 1


def found(model, sequences, threshold=0.0, dtype=torch.float64, start=0, stop=None, **effort):
    inputs = naive.encoded(sequences, dtype)
    score = Score(model, output(0)).eval()
    return fewest_flips(score, inputs, threshold=threshold, effort=Effort(**effort), start=start, stop=stop)


def applied(sequence, chosen):
    letters = list(sequence)
    for number in chosen:
        assert letters[number // 4] != "ACGT"[number % 4]
        letters[number // 4] = "ACGT"[number % 4]
    return "".join(letters)


def thresholds(model, sequences):
    """Some at which one edit is enough, and some at which it takes several."""
    every = naive.values(model, questions.random_sequences(2000, LENGTH, seed=1))
    return [float(level) for level in np.quantile(every, [0.01, 0.5, 0.9, 0.99])]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("effort", [{}, {"width": 1, "exhaustive": False}, {"width": 500}], ids=str)
def test_against_all_sequences(seed, effort):
    model = Toy(seed)
    kinds = set()
    for threshold in thresholds(model, TOYS):
        result = found(model, TOYS, threshold, **effort)
        for i, sequence in enumerate(TOYS):
            truth = naive.fewest(model, sequence, threshold)
            assert result.single_flips[i] == naive.single_flips(model, sequence, threshold)
            number, proven = len(result.chosen[i]), int(result.fewest_proven[i])
            assert truth is None or proven <= truth
            assert proven >= (3 if effort.get("exhaustive", True) and (truth or 9) > 2 else min(truth or 9, 2))
            kinds.add((number, proven))
            if not number:
                assert result.after[i] == result.score[i]
                assert truth is None or truth > 2 or not effort.get("exhaustive", True)
                assert (result.closest[i] < threshold) == (result.score[i] < threshold)
                continue
            assert truth <= number <= 5
            assert number == truth or number > proven
            after = naive.values(model, [sequence, applied(sequence, result.chosen[i])])
            np.testing.assert_allclose([result.score[i], result.after[i]], after)
            assert (after[0] < threshold) != (after[1] < threshold)
            edits = [(n // 4, "ACGT"[n % 4]) for n in result.chosen[i]]
            assert number == proven or not naive.smaller_sets_flip(model, sequence, edits, threshold)
    assert {1, 2, 3} <= {number for number, _ in kinds}


def test_a_beam_that_holds_everything_proves_everything():
    model, sequence = Toy(1), TOYS[0]
    reached = naive.values(model, questions.random_sequences(2000, LENGTH, seed=1))
    for threshold in (reached.max() - 0.2, reached.min() + 0.2):
        truth = naive.fewest(model, sequence, threshold)
        result = found(model, [sequence], threshold, width=4**LENGTH, most=LENGTH)
        assert (len(result.chosen[0]), int(result.fewest_proven[0])) == (truth, truth)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_of_a_sum_the_largest_gains_are_taken(dtype):
    length = 24
    model = naive.additive(length).to(dtype)
    weights = model.head.weight.detach().double().numpy().reshape(4, length)
    sequences = questions.random_sequences(4, length, seed=2)
    for i, sequence in enumerate(sequences):
        before = naive.values(model, [sequence], dtype)[0]
        for side in (1, -1):
            for distance in (0.5, 4.0, 13.0):
                number, places = naive.of_a_sum(side * weights, sequence, distance)
                result = found(model, [sequence], before + side * distance, dtype, most=12)
                assert [n // 4 for n in result.chosen[0]] == places, (i, side, distance)
                assert int(result.fewest_proven[0]) == min(number, 3)
                assert side * (result.after[0] - before) > distance


def test_what_cannot_be_reached_is_not_claimed():
    model = naive.additive(12).double()
    sequence = questions.random_sequences(1, 12, seed=2)[0]
    weights = model.head.weight.detach().numpy().reshape(4, 12)
    before = naive.values(model, [sequence])[0]
    number, _ = naive.of_a_sum(weights, sequence, 12.0)
    assert number > 4
    result = found(model, [sequence], before + 12.0, most=4)
    assert result.chosen == ((),)
    assert result.after[0] == result.score[0] == pytest.approx(before)
    gains = np.sort(weights.max(axis=0) - (weights * naive.encoded([sequence])[0].numpy()).sum(axis=0))[::-1]
    assert float(result.closest[0]) == pytest.approx(before + gains[:4].sum())


@pytest.mark.parametrize("exhaustive", [True, False])
def test_two_edits_that_do_nothing_alone_need_all_pairs(exhaustive):
    """No single edit has any effect, so a beam of one is blind."""
    result = found(Together("NNNNNANNNC"), ["TTTTTTTTTT"], width=1, most=2, exhaustive=exhaustive)
    if exhaustive:
        assert result.chosen == ((4 * 5, 4 * 9 + 1),)
        assert (int(result.fewest_proven[0]), int(result.single_flips[0])) == (2, 0)
    else:
        assert result.chosen == ((),)
        assert int(result.fewest_proven[0]) == 2


def test_windows_with_too_many_pairs_are_left_to_the_beam(monkeypatch):
    monkeypatch.setattr(module, "PAIRS", 9 * 45 - 1)
    result = found(Together("NNNNNANNNC"), ["TTTTTTTTTT"], width=1)
    assert (result.chosen, int(result.fewest_proven[0])) == (((),), 2)


def test_pieces_of_pairs_change_nothing(monkeypatch):
    model = Toy(2, length=9)
    sequences = questions.random_sequences(3, 9, seed=5)
    whole = found(model, sequences, -4.0, width=2, most=2)
    monkeypatch.setattr(module, "pair_pieces", lambda singles: original(singles, piece=17))
    pieces = found(model, sequences, -4.0, width=2, most=2)
    assert whole.chosen == pieces.chosen
    torch.testing.assert_close(whole.closest, pieces.closest)


original = module.pair_pieces


def test_only_the_window_is_edited():
    model = Toy(0)
    for threshold in thresholds(model, TOYS):
        result = found(model, TOYS, threshold, start=2, stop=5)
        for i, sequence in enumerate(TOYS):
            truth = naive.fewest(model, sequence, threshold, (2, 5))
            assert all(2 <= n // 4 < 5 for n in result.chosen[i])
            assert truth is None or int(result.fewest_proven[i]) <= truth
            assert bool(result.chosen[i]) <= (truth is not None)
            if truth is not None and truth <= 2:
                assert len(result.chosen[i]) == truth


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batch_and_order_change_nothing(dtype):
    model = questions.Network().to(dtype)
    sequences = questions.random_sequences(5, 40, seed=6)
    threshold = float(np.median(naive.values(model, sequences, dtype))) + 1e-3
    every = found(model, sequences, threshold, dtype, width=4)
    turned = found(model, sequences[::-1], threshold, dtype, width=4)
    assert turned.chosen[::-1] == every.chosen
    for name in ("score", "after", "closest", "fewest_proven", "single_flips"):
        torch.testing.assert_close(getattr(turned, name).flip(0), getattr(every, name))
    for i, sequence in enumerate(sequences):
        alone = found(model, [sequence], threshold, dtype, width=4)
        assert alone.chosen[0] == every.chosen[i]
        assert alone.fewest_proven[0] == every.fewest_proven[i]


def test_what_is_recomputed_and_forward_passes_agree(monkeypatch):
    """The exact engine and a forward pass for every edit find the same, and the scores are those of the sequences."""
    model = questions.Network()
    sequences = questions.random_sequences(4, 40, seed=6)
    threshold = float(np.median(naive.values(model, sequences, torch.float32))) + 0.01
    results = []
    for worth in (0, 1e18):
        monkeypatch.setattr(effects, "WORTH_A_PLAN", worth)
        results.append(found(model, sequences, threshold, torch.float32, width=4))
    one, other = results
    assert one.chosen == other.chosen
    assert torch.equal(one.fewest_proven, other.fewest_proven)
    assert torch.equal(one.single_flips, other.single_flips)
    edited = [applied(*pair) for pair in zip(sequences, one.chosen, strict=True)]
    np.testing.assert_allclose(one.after, naive.values(model, edited, torch.float32), atol=1e-6)


@pytest.mark.parametrize("error", [-5e-5, 5e-5])
def test_near_the_threshold_forward_passes_decide(error):
    """Computed scores that lie on the wrong side by their own error, of a single edit beyond the beam."""
    sequence = TOYS[0]
    model = naive.additive(LENGTH).double()
    sets = np.array([[4 * i + b] for i in range(LENGTH) for b in range(4) if "ACGT"[b] != sequence[i]])
    exact = naive.values(model, [applied(sequence, one) for one in sets.tolist()])
    before = naive.values(model, [sequence])[0]
    largest = float(np.abs(exact - before).max())
    best, second = np.sort(exact)[::-1][:2]
    for threshold, flips in ((best - 1e-6 * largest, 1), (best + 1e-6 * largest, 0)):
        search = Search(naive.encoded([sequence]), float(before), threshold, 1e-16, largest)
        assert second < threshold
        computed = exact + error * largest
        computed[exact.argmin()] = computed.max() + 1e-5 * largest  # takes the one place in the beam
        consider(Score(model, output(0)).eval(), search, sets, computed, width=1, complete=True)
        assert (search.single_flips, search.proven, search.found is not None) == (flips, 2 - flips, flips == 1)


def test_rounding_does_not_cross():
    """All edits lie at the threshold or by rounding beside it."""

    class Level(nn.Module):
        def __init__(self):
            super().__init__()
            self.noise = nn.Parameter(1e-7 * torch.arange(4.0))

        def forward(self, inputs):
            return (1 - inputs[:, 0, 0]) * (1 + (inputs * self.noise[:, None]).sum(dim=(1, 2)))[:, None]

    assert len(found(Level(), ["AAAA"], 1.0, torch.float32, most=2).chosen[0]) == 0
    assert len(found(Level(), ["AAAA"], 0.9, torch.float32, most=2).chosen[0]) == 1


def test_what_is_found_is_pruned():
    """The beam is led astray: the base that helps most at first is not needed in the end."""

    class Astray(nn.Module):
        def forward(self, inputs):
            a, others = inputs[:, 0, 0], inputs[:, 1, 1:5].sum(dim=1)
            return (a * (others < 2.5) * 0.5 + 0.1 * others + 10 * (others > 2.5) - 1)[:, None]

    result = found(Astray(), ["TTTTTT"], width=1, exhaustive=False, most=6)
    edits = [(n // 4, "ACGT"[n % 4]) for n in result.chosen[0]]
    assert len(edits) == 3
    assert {base for _, base in edits} == {"C"}
    assert not naive.smaller_sets_flip(Astray(), "TTTTTT", edits, 0.0)
    assert float(result.after[0]) == pytest.approx(9.3)


def test_refusals():
    with pytest.raises(InputError, match="most must be 1 or more, not 0"):
        Effort(most=0)
    with pytest.raises(InputError, match="width must be 1 or more, not 0"):
        Effort(width=0)
    with pytest.raises(InputError, match="leaves the sequence"):
        found(Toy(0), TOYS, start=3, stop=9)

    class Odd(nn.Module):
        def forward(self, inputs):
            return 1 / (inputs[:, 2].sum(dim=1, keepdim=True))

    with pytest.raises(ModelError, match="NaN or infinite"):
        found(Odd(), ["AAGAAA"])
