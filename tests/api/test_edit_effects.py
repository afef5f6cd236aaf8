"""`edit_effects`: the public call."""

import pytest
import torch
from torch import nn

import seqinterp as si
from cases import DNA_CASES
from naive import edits as naive
from seqinterp.api import edit_effects as module
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import FileError, InputError, ModelError, ShapeError
from seqinterp.mutagenesis.edit_lists import blanked, deletions, insertions, substitutions
from seqinterp.mutagenesis.edits import Edits, joined

CASE = DNA_CASES[0]


def some_edits(inputs):
    parts = [deletions(inputs, width=3), substitutions(inputs, start=2, stop=9), insertions(inputs, sequence="ACC")]
    return joined(parts)  # not by example


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_one_forward_pass_per_edit(case, monkeypatch):
    model, inputs = case.model().eval(), case.inputs(5)
    edits = some_edits(inputs)
    expected = naive.effects(Score(model, output(case.outputs - 1)), inputs, edits)
    found = si.edit_effects(model, inputs, edits, target=case.outputs - 1, device="cpu")
    torch.testing.assert_close(found.effects, expected)
    monkeypatch.setattr(module, "EXAMPLES", 2)
    few = si.edit_effects(model, inputs, edits, target=case.outputs - 1, device="cpu", progress=True)
    torch.testing.assert_close(few.effects, expected)


def test_all_outputs_of_any_shape():
    inputs = CASE.inputs(3)
    edits = some_edits(inputs)
    for model in (CASE.model().eval(), nn.Conv1d(4, 3, 5).double()):
        found = si.edit_effects(model, inputs, edits, target=None, device="cpu")
        torch.testing.assert_close(found.effects, naive.effects(model, inputs, edits))
        with torch.no_grad():
            torch.testing.assert_close(found.predictions, model(naive.applied(inputs, edits)))
            torch.testing.assert_close(found.before, model(inputs))


def test_the_model_comes_back_as_it_was():
    model, inputs = CASE.model().train(), CASE.inputs(2)
    si.edit_effects(model, inputs, substitutions(inputs), device="cpu")
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_table_says_what_was_edited():
    inputs = si.one_hot(["ACGTA", "ARGTA"])
    weights = nn.Conv1d(4, 1, 1, bias=False)
    weights.weight.data = torch.tensor([[[1.0], [2.0], [4.0], [8.0]]])
    model = nn.Sequential(weights, nn.AdaptiveAvgPool1d(1), nn.Flatten())  # the mean of A 1, C 2, G 4, T 8
    soft = Edits(torch.tensor([1]), torch.tensor([0, 1]), torch.tensor([1]), torch.tensor([[0.7, 0.3, 0.0, 0.0]]))
    edits = joined([deletions(inputs[:1], width=2, positions=[1]), blanked(inputs[:1], width=5), soft])
    edits = joined([edits, insertions(inputs[:1], sequence="A", positions=[5])])
    table = si.edit_effects(model, inputs, edits, device="cpu").to_frame()
    assert table[["example", "start", "stop", "reference", "alternative"]].to_numpy().tolist() == [
        [0, 1, 5, "CGTA", "TANN"],
        [0, 0, 5, "ACGTA", "NNNNN"],
        [1, 1, 2, "R", "?"],
        [0, 0, 0, "", ""],
    ]
    assert table["before"].tolist() == pytest.approx([16 / 5, 16 / 5, 16.5 / 5, 16 / 5])
    assert table["effect"].tolist() == pytest.approx([-6 / 5, -16 / 5, (0.7 + 0.6 - 2.5) / 5, 0])
    wide = si.edit_effects(model, inputs, edits, target=None, device="cpu").to_frame()
    assert wide["effect_0"].tolist() == pytest.approx(table["effect"].tolist())


def test_save_and_load(tmp_path):
    inputs = CASE.inputs(2)
    found = si.edit_effects(CASE.model(), inputs, some_edits(inputs), target=None, device="cpu")
    found.save(tmp_path / "e.safetensors")
    again = si.EditEffects.load(tmp_path / "e.safetensors")
    assert torch.equal(again.effects, found.effects)
    assert again.to_frame().equals(found.to_frame())
    assert again.origin == found.origin
    assert found.numpy().shape == (len(found.edits), 2)
    si.attribute(CASE.model(), inputs, device="cpu").save(tmp_path / "a.safetensors")
    with pytest.raises(FileError, match="but 'edit effects' was asked for"):
        si.EditEffects.load(tmp_path / "a.safetensors")


def test_no_edits_at_all():
    inputs = CASE.inputs(2)
    for target in (0, None):
        found = si.edit_effects(
            CASE.model(), inputs, substitutions(inputs).take(slice(0, 0)), target=target, device="cpu"
        )
        assert len(found.effects) == len(found.to_frame()) == 0


def test_a_result_of_other_parts_is_refused():
    inputs = CASE.inputs(2)
    found = si.edit_effects(CASE.model(), inputs, substitutions(inputs), device="cpu")
    with pytest.raises(ShapeError, match="effects has shape"):
        si.EditEffects(inputs, found.edits, found.effects[:-1], found.before, {})
    with pytest.raises(InputError, match="of example 1, but the inputs have 1"):
        si.EditEffects(inputs[:1], found.edits, found.effects, found.before[:1], {})


class Overflowing(nn.Module):
    """Infinite as soon as a base is missing."""

    def forward(self, inputs):
        return 1 / (inputs.sum(dim=(1, 2)) - 19)


def test_refusals():
    inputs = CASE.inputs(2)
    edits = substitutions(inputs)
    with pytest.raises(InputError, match="of example 1, but the inputs have 1"):
        si.edit_effects(CASE.model(), inputs[:1], edits, device="cpu")
    with pytest.raises(InputError, match="target 2 was asked for"):
        si.edit_effects(CASE.model(), inputs, edits, target=2, device="cpu")
    with pytest.raises(ModelError, match="NaN or infinite outputs for some edits"):
        si.edit_effects(Overflowing(), inputs, blanked(inputs, width=1), device="cpu")
