"""Which training examples taught the model a motif: influence on what a window contributes."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import nn

import seqinterp as si
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.sequence.markov import UNIFORM

MOTIFS = ("TGACTCAT", "CCGGAAGT")
LENGTH, COUNT, WIDTH, L2 = 60, 240, 8, 10.0


class Detectors(nn.Module):
    """Two motifs and two words that mean nothing, the best match of each, and a layer that weighs them."""

    def __init__(self):
        super().__init__()
        self.bank = nn.Conv1d(4, 4, WIDTH)
        self.bank.weight.data = si.one_hot([*MOTIFS, "AATTAGCA", "GTCATTTC"])
        self.bank.bias.data = torch.zeros(4)
        self.last = nn.Linear(4, 1)

    def forward(self, inputs):
        return self.last(self.bank(inputs).amax(dim=2))


def planted(count, seed):
    """An eighth carries the first motif, an eighth the second, both bound; the others carry none and are not."""
    random = np.random.default_rng(seed)
    carries = np.repeat([0, 1, 2], [count // 8, count // 8, count - 2 * (count // 8)])
    found = []
    for text, motif in zip(UNIFORM.sample(LENGTH, count=count, seed=seed), carries, strict=True):
        place = int(random.integers(0, LENGTH - WIDTH))
        found.append(text if motif == 2 else text[:place] + MOTIFS[motif] + text[place + WIDTH :])
    return si.one_hot(found), carries


def with_both(count, seed):
    """The first motif at 10, the second at 40."""
    return si.one_hot(
        [
            text[:10] + MOTIFS[0] + text[18:40] + MOTIFS[1] + text[48:]
            for text in UNIFORM.sample(LENGTH, count=count, seed=seed)
        ]
    )


TRAINING, CARRIES = planted(COUNT, 1)
LABELS = (CARRIES < 2).astype(int)
ASKED = with_both(3, 2)
WINDOWS = ((10, 18), (40, 48))


def asked(model=None, inputs=ASKED, **options):
    return si.influence(model or Detectors(), inputs, TRAINING, LABELS, device="cpu", **{"l2": L2, **options})


def carriers(found, motif, among=None):
    """AUROC of the influences on the first input for training examples that carry the motif."""
    rows = np.arange(COUNT) if among is None else np.flatnonzero(among)
    return roc_auc_score(CARRIES[rows] == motif, found.on_scores[0].numpy()[rows])


@pytest.mark.parametrize("method", ["last_layer", "representer"])
def test_examples_that_carry_the_motif_lead_the_list(method):
    """Measured 0.96 to 1.00 among all and among the bound, where the score as a whole cannot tell one motif's carriers
    from the other's.
    """
    bound, whole = LABELS == 1, asked(method=method)
    for motif, (start, stop) in enumerate(WINDOWS):
        found = asked(method=method, start=start, stop=stop)
        assert carriers(found, motif) > 0.9 and carriers(found, motif, bound) > 0.9
        assert carriers(whole, motif, bound) < 0.75
        top = found.top(0, count=10)
        assert (CARRIES[top["training"][top["kind"] == "for"]] == motif).all()
        assert found.facts["window"] == {"start": [start] * 3, "stop": [stop] * 3, "steps": 20}
        assert "positions start to stop" in found.facts["units"]
    assert whole.facts["window"] is None


def matches(inputs, start, stop):
    """By hand: how many letters of each detector's best match lie in the window; of equally good matches the mean."""
    found = []
    for example in inputs:
        row = []
        for word in (*MOTIFS, "AATTAGCA", "GTCATTTC"):
            hits = (example.unfold(1, WIDTH, 1).permute(1, 0, 2) * si.one_hot(word)[0]).sum(dim=1).numpy()
            best = np.flatnonzero(hits.sum(axis=1) == hits.sum(axis=1).max())
            inside = [(start <= place + np.arange(WIDTH)) & (place + np.arange(WIDTH) < stop) for place in best]
            row.append(np.mean([hits[place][kept].sum() for place, kept in zip(best, inside, strict=True)]))
        found.append(row)
    return np.array(found)


@pytest.mark.parametrize("steps", [None, 3])
def test_equals_leaving_out_and_retraining(steps):
    """The detectors have no bias and no bend, so a window contributes its matching letters, in each way of asking."""
    start, stop = 8, 15
    found = asked(start=start, stop=stop, steps=steps).on_scores.numpy()
    learned = matches(TRAINING, 0, LENGTH)
    centre, scale = learned.mean(axis=0), learned.std(axis=0, ddof=1)
    learned, part = (learned - centre) / scale, matches(ASKED, start, stop) / scale

    def contributions(rows):
        fitted = LogisticRegression(C=1 / L2, tol=1e-10, max_iter=2000).fit(learned[rows], LABELS[rows])
        return part @ fitted.coef_[0]

    everyone = np.arange(COUNT)
    left_out = np.stack([contributions(everyone) - contributions(np.delete(everyone, row)) for row in everyone], axis=1)
    for own, true in zip(found, left_out, strict=True):
        assert pearsonr(own, true).statistic > 0.99
        assert np.abs(own - true).max() < 0.1 * np.abs(true).max()


def test_a_window_for_each_input_is_as_one_by_one():
    starts, stops = np.array([10, 40, 0]), np.array([18, 48, 60])
    found = asked(start=starts, stop=stops)
    for row in range(3):
        one = asked(inputs=ASKED[row : row + 1], start=int(starts[row]), stop=int(stops[row]))
        torch.testing.assert_close(found.on_scores[row], one.on_scores[0])
    # all positions together contribute the score less that of an empty input, whose features are zero
    whole, empty = asked(inputs=ASKED[2:3]), asked(inputs=torch.zeros(1, 4, LENGTH))
    torch.testing.assert_close(found.on_scores[2], whole.on_scores[0] - empty.on_scores[0])


def test_more_numbers_than_examples():
    """The fit is done along the examples' directions; ridge regression in full says the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv1d(4, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(5 * 58, 1))
    known, values = TRAINING[:40], np.random.default_rng(0).normal(size=40)
    found = si.influence(model, ASKED, known, values, task="regression", l2=3.0, start=10, stop=18, steps=None)
    below = model[:3].double().eval()
    learned = below(known.double()).detach().numpy()
    centre, scale = learned.mean(axis=0), learned.std(axis=0, ddof=1)
    learned = (learned - centre) / scale
    shown = ASKED.double().requires_grad_()
    jacobian = torch.stack([torch.autograd.grad(below(shown)[:, k].sum(), shown)[0] for k in range(5 * 58)], dim=1)
    part = (jacobian * ASKED.double()[:, None])[..., 10:18].sum(dim=(2, 3)).numpy() / scale

    def contributions(rows):
        inner = learned[rows] - learned[rows].mean(axis=0)
        kernel = inner @ inner.T + 3.0 * np.eye(len(rows))
        return part @ inner.T @ np.linalg.solve(kernel, values[rows] - values[rows].mean())

    everyone = np.arange(40)
    left_out = [contributions(everyone) - contributions(np.delete(everyone, row)) for row in everyone]
    np.testing.assert_allclose(found.on_scores.numpy(), np.stack(left_out, axis=1), rtol=1e-3, atol=1e-6)
    assert found.facts["features"] == 40


class Attention(nn.Module):
    """What the fused kernel cannot be differentiated twice through."""

    def __init__(self, bend):
        super().__init__()
        self.bank, self.last, self.bend = nn.Conv1d(4, 8, 5), nn.Linear(8, 1), bend

    def forward(self, inputs):
        seen = self.bank(inputs).transpose(1, 2)
        return self.last(self.bend(nn.functional.scaled_dot_product_attention(seen, seen, seen).mean(dim=1)))


def test_attention_and_what_cannot_be_differentiated_twice():
    assert asked(Attention(nn.Tanh()), start=10, stop=18, steps=2).on_scores.isfinite().all()
    with pytest.raises(ModelError, match="cannot be differentiated by the inputs and again"):
        asked(Attention(nn.Hardsigmoid()), start=10, stop=18)


def test_refusals():
    for options, kind, words in (
        ({"start": 3}, InputError, "give both or neither"),
        ({"start": 5, "stop": 5}, InputError, r"window \[5, 5\) is empty"),
        ({"start": 5, "stop": 61}, InputError, "60 positions"),
        ({"start": [1, 2], "stop": 9}, ShapeError, "one for each of the 3 inputs"),
        ({"start": 0.5, "stop": 9}, InputError, "whole numbers"),
        ({"start": 1, "stop": 9, "steps": 0}, InputError, "steps must be 1 or more"),
        ({"start": 1, "stop": 9, "method": "tracin"}, InputError, "'tracin' has no option"),
    ):
        with pytest.raises(kind, match=words):
            asked(**options)
    pictures = torch.rand(30, 3, 8, 8)
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 1))
    with pytest.raises(ShapeError, match="positions of"):
        si.influence(model, pictures[:2], pictures, [0, 1] * 15, start=1, stop=3, device="cpu")
