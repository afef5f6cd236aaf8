"""`flip_prediction`: the public call and its result."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from naive import flips as naive, motif_questions as questions
from seqinterp.api.flip_prediction import flip_prediction
from seqinterp.api.results.flips import Flips
from seqinterp.api.shared import experiment
from seqinterp.errors import FileError, InputError, ModelError, ShapeError

MODEL = naive.additive(20)
WEIGHTS = MODEL.head.weight.detach().double().numpy().reshape(4, 20)
SEQUENCES = questions.random_sequences(6, 20, seed=2)
INPUTS = questions.stacked(SEQUENCES)
BEFORE = naive.values(MODEL, SEQUENCES, torch.float32)
THRESHOLD = 10.0


@pytest.fixture(scope="module")
def found():
    return flip_prediction(MODEL, INPUTS, threshold=THRESHOLD, most=4, device="cpu")


def test_the_table_is_that_of_a_sum(found):
    table = found.to_frame()
    assert table.columns.tolist() == [
        "example", "flipped", "number", "fewest_proven", "fewest", "single_flips", "score", "after", "closest",
        "edits", "sequence",
    ]  # fmt: skip
    kinds = set()
    for i, row in enumerate(table.itertuples()):
        side = 1 if BEFORE[i] < THRESHOLD else -1
        number, places = naive.of_a_sum(side * WEIGHTS, SEQUENCES[i], side * (THRESHOLD - BEFORE[i])) or (99, [])
        kinds.add(number)
        assert row.score == pytest.approx(BEFORE[i], abs=1e-5)
        assert row.fewest_proven == min(number, 3)
        assert row.single_flips == naive.single_flips(MODEL.double(), SEQUENCES[i], THRESHOLD)
        MODEL.float()
        assert row.flipped == (number <= 4)
        if not row.flipped:
            assert pd.isna(row.number)
            assert (row.edits, row.sequence, row.after) == ("", SEQUENCES[i], row.score)
            assert (row.closest - THRESHOLD) * side <= 0
            continue
        assert (row.number, row.fewest) == (number, number <= 3)
        assert [int(word[:-3]) for word in row.edits.split()] == places
        assert sum(a != b for a, b in zip(row.sequence, SEQUENCES[i], strict=True)) == number
        assert row.after == pytest.approx(naive.values(MODEL, [row.sequence], torch.float32)[0], abs=1e-5)
        assert (row.after - THRESHOLD) * side > 0
    assert len(kinds) > 2


def test_edits_lead_from_the_inputs_to_the_sequences(found):
    letters = [list(sequence) for sequence in SEQUENCES]
    for row in found.edits.itertuples():
        assert letters[row.example][row.position] == row.ref != row.alt
        letters[row.example][row.position] = row.alt
    assert ["".join(each) for each in letters] == found.sequences
    assert torch.equal(found.edited, questions.stacked(found.sequences))
    assert torch.equal(torch.bincount(torch.tensor(found.edits["example"].to_numpy()), minlength=6), found.number)


def test_some_examples_at_a_time_and_another_order_change_nothing(found, monkeypatch):
    turned = flip_prediction(MODEL, INPUTS.flip(0), threshold=THRESHOLD, most=4, device="cpu")
    pd.testing.assert_frame_equal(
        turned.to_frame().iloc[::-1].drop(columns="example").reset_index(drop=True),
        found.to_frame().drop(columns="example"),
    )
    monkeypatch.setattr(experiment.stretches, "__defaults__", (4,))
    few = flip_prediction(MODEL, INPUTS, threshold=THRESHOLD, most=4, device="cpu", progress=True)
    pd.testing.assert_frame_equal(few.to_frame(), found.to_frame())


def test_nothing_flips_at_all():
    result = flip_prediction(MODEL, INPUTS, threshold=1e6, most=2, width=2, exhaustive=False, device="cpu")
    assert not result.flipped.any()
    assert not result.fewest.any()
    assert result.to_frame()["number"].isna().all()
    assert len(result.edits) == 0
    assert result.sequences == SEQUENCES
    assert result.plot().axes


def test_the_model_is_given_back(found):
    model = naive.additive(20).train()
    flip_prediction(model, INPUTS, threshold=THRESHOLD, most=1, device="cpu")
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_thresholds_that_probabilities_never_cross_are_said():
    model = nn.Sequential(naive.additive(20), nn.Sigmoid())
    result = flip_prediction(model, INPUTS, threshold=0.0, most=1, device="cpu")
    assert "pass threshold=0.5" in result.origin["warnings"][0]
    assert flip_prediction(model, INPUTS, threshold=0.5, most=1, device="cpu").origin["warnings"] == []


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "f.safetensors")
    again = Flips.load(tmp_path / "f.safetensors")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    pd.testing.assert_frame_equal(again.edits, found.edits)
    assert (again.threshold, again.start, again.stop, again.origin) == (THRESHOLD, 0, 20, found.origin)
    assert len(again) == 6
    found.plot(2).savefig(tmp_path / "f.png")
    (tmp_path / "other").write_text("no")
    with pytest.raises(FileError):
        Flips.load(tmp_path / "other")


def test_parts_that_do_not_belong_together_are_refused(found):
    parts = {name: getattr(found, name) for name in Flips.__dataclass_fields__}
    with pytest.raises(ShapeError, match="position has shape"):
        Flips(**{**parts, "position": found.position[:1]})
    with pytest.raises(InputError, match="fewer substitutions than are proven"):
        Flips(**{**parts, "fewest_proven": found.fewest_proven + 5})
    with pytest.raises(InputError, match="there is no example 6; examples are 0 to 5"):
        found.plot(6)


def test_refusals():
    level = float(BEFORE[3])
    with pytest.raises(InputError, match=r"the score of example 3 \(counting from 0\) is .* no side to leave"):
        flip_prediction(MODEL, INPUTS, threshold=level, device="cpu")
    unknown = INPUTS.clone()
    unknown[2, :, 7] = 0
    with pytest.raises(InputError, match=r"position 7 of example 2 \(counting from 0\) is N or a mixture"):
        flip_prediction(MODEL, unknown, device="cpu")
    unknown[2, :, 7] = 0.25
    with pytest.raises(InputError, match="position 7 of example 2"):
        flip_prediction(MODEL, unknown, device="cpu")
    for option, message in (
        ({"most": 0}, "most must be 1 or more, not 0"),
        ({"width": 0}, "width must be 1 or more"),
        ({"threshold": np.nan}, "threshold must be a finite number"),
        ({"start": 5, "stop": 5}, "is empty or leaves the sequence"),
    ):
        with pytest.raises(InputError, match=message):
            flip_prediction(MODEL, INPUTS, device="cpu", **option)

    class Odd(nn.Module):
        def forward(self, inputs):
            return 1 / inputs[:, 2].sum(dim=1, keepdim=True)

    with pytest.raises(ModelError, match="NaN or infinite"):
        flip_prediction(Odd(), questions.stacked(["AAGAA"]), device="cpu")
