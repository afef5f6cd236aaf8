"""Words over what is there."""

import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments import insertions as module
from seqinterp.design.experiments.insertions import centred, insertion_effects, insertions
from seqinterp.errors import InputError
from seqinterp.mutagenesis import effects as door
from seqinterp.sequence.onehot import decode

BACKGROUNDS = naive.random_sequences(5, 30, seed=1)
WORDS = ["TGACTCA", "TGNNTCA", BACKGROUNDS[2][9:16], "NNNNNNN"]


def test_every_word_in_every_background():
    edits = insertions(naive.stacked(BACKGROUNDS), naive.stacked(WORDS), 9)
    expected = [naive.put(background, 9, word) for background in BACKGROUNDS for word in WORDS]
    assert decode(edits.apply(naive.stacked(BACKGROUNDS))) == expected
    counts = edits.counts.reshape(5, 4)
    assert counts[2, 2] == 0  # what is there already
    assert (counts[:, 3] == 0).all()
    assert (counts[:, 0] <= 7).all()


@pytest.mark.parametrize("worth_a_plan", [0.0, 1e30])
@pytest.mark.parametrize("columns", [2**24, 1])
def test_effects_are_those_of_forward_passes(worth_a_plan, columns, monkeypatch):
    monkeypatch.setattr(door, "WORTH_A_PLAN", worth_a_plan)
    monkeypatch.setattr(module, "COLUMNS", columns)
    model = naive.Network().eval()
    score = Score(model, output(0)).eval()
    with torch.no_grad():
        found = insertion_effects(score, naive.stacked(BACKGROUNDS), naive.stacked(WORDS), 9)
    expected = [[naive.effect(Reduced(model), each, (9, word)) for word in WORDS] for each in BACKGROUNDS]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-6)
    assert float(found[2, 2]) == 0


class Reduced(torch.nn.Module):
    """The first output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        return self.model(inputs)[:, 0]


def test_the_middle_is_where_tangermeme_puts_it():
    from tangermeme.ersatz import substitute

    for length in (10, 11):
        for word in ("ACG", "ACGT"):
            before = torch.zeros(1, 4, length)
            before[:, 3] = 1
            theirs = substitute(before, word.replace("T", "A"))
            start = centred(length, len(word))
            assert decode(theirs.float())[0] == naive.put("T" * length, start, word.replace("T", "A"))


def test_refusals():
    inputs = naive.stacked(BACKGROUNDS)
    with pytest.raises(InputError, match="start can be 0 to 23"):
        insertions(inputs, naive.stacked(WORDS), 24)
    with pytest.raises(InputError, match="a motif of 31 bases does not fit into backgrounds of 30 bases"):
        insertions(inputs, naive.stacked(["A" * 31]), 0)
