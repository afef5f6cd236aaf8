"""`verify`: the table for the user's own model, whatever the other tools do."""

import json
import sys
from types import ModuleType

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import seqinterp as si
from seqinterp.api.peers.tool import OneOutput, Task, as_values
from seqinterp.api.results.verification import HEADER, NO_METHOD, Comparison
from seqinterp.api.shared.baseline import as_baseline
from seqinterp.api.verify import TOOLS, WITH_COUNTERPART
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import margin, output
from seqinterp.errors import InputError, ShapeError

LENGTH = 24


class Functional(nn.Module):
    """Rectifiers that are functions or modules."""

    def __init__(self, rectify):
        super().__init__()
        self.rectify = rectify
        self.stem, self.body, self.head = nn.Conv1d(4, 6, 5), nn.Conv1d(6, 5, 3), nn.Linear(5 * (LENGTH - 6), 2)

    def forward(self, inputs):
        return self.head(F.relu(self.body(self.rectify(self.stem(inputs)))).flatten(1))


def built(make):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return make()


def functional():
    return built(lambda: Functional(F.relu))


def modular():
    return built(
        lambda: nn.Sequential(nn.Conv1d(4, 6, 5), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(6 * (LENGTH - 4), 2))
    )


def dna(count=4):
    bases = torch.randint(4, (count, LENGTH), generator=torch.Generator().manual_seed(1))
    return F.one_hot(bases, 4).transpose(1, 2).float()


def verified(model, inputs=None, **options):
    return si.verify(model, dna() if inputs is None else inputs, device="cpu", **options)


def row(found, method, tool):
    (only,) = (row for row in found.rows if (row.method, row.tool) == (method, tool))
    return only


def without(monkeypatch, *names):
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def only_shap(monkeypatch):
    """A stand-in for shap, whose values a test writes; the rest is not installed."""
    without(monkeypatch, "captum", "tangermeme")

    def stand_in(values):
        class DeepExplainer:
            def __init__(self, model, background):
                self.model, self.background = model, background

            def shap_values(self, inputs, check_additivity):
                assert check_additivity is False
                return values(self.model, inputs, self.background)

        module = ModuleType("shap")
        module.DeepExplainer, module.__version__ = DeepExplainer, "9.9"
        monkeypatch.setitem(sys.modules, "shap", module)

    return stand_in


def ours(model, inputs, background, scale=1.0):
    """Our own DeepLIFT for one example and its references, as a shap that is right would give it."""
    found = si.attribute(model, inputs, "deeplift", baseline=background[None], device="cpu")
    return scale * found.values.unsqueeze(-1).numpy()


@pytest.fixture(scope="module")
def showcase():
    """A model with functional rectifiers against what is installed here."""
    return functional(), verified(functional(), target=1, draws=3)


def test_functional_rectifiers_are_what_captum_misses(showcase):
    _, found = showcase
    assert row(found, "deeplift", "seqinterp").completeness_error < 1e-5
    assert row(found, "integrated_gradients", "seqinterp").completeness_error < 1e-3
    captum = row(found, "deeplift", "captum")
    assert captum.completeness_error > 0.05
    assert captum.difference > 0.05
    assert captum.correlation < 0.999
    assert captum.remark == ""  # it says nothing: the column is what shows it
    tangermeme = row(found, "deeplift", "tangermeme")
    assert tangermeme.completeness_error == pytest.approx(captum.completeness_error, rel=1e-3)
    assert "an operation in the model has no DeepLIFT rule" in tangermeme.remark


@pytest.mark.filterwarnings("ignore")  # captum's own
def test_the_numbers_of_a_row(showcase):
    """captum's own numbers, taken apart by hand."""
    from captum.attr import DeepLift

    model, found = showcase
    inputs = dna()
    mine = si.attribute(model, inputs, "deeplift", target=1, draws=3, device="cpu")
    references = as_baseline("dinucleotide_shuffle", inputs, draws=3)(inputs)
    pairs = inputs.repeat_interleave(3, 0), references.flatten(0, 1)
    theirs = DeepLift(model.eval()).attribute(*pairs, target=1).detach().view(4, 3, 4, LENGTH).mean(1)
    owed = mine.score - mine.reference_score
    captum = row(found, "deeplift", "captum")
    least = 1e-3 * torch.maximum(mine.score.abs(), mine.reference_score.abs())
    gap = ((theirs.sum((1, 2)) - owed).abs() / torch.maximum(owed.abs(), least)).max()
    assert captum.completeness_error == pytest.approx(float(gap), rel=1e-4)
    theirs, values = theirs.sum(1), mine.values.sum(1)
    assert captum.difference == pytest.approx(float((theirs - values).abs().max() / values.abs().max()), rel=1e-4)
    correlation = torch.corrcoef(torch.stack([theirs.flatten(), values.flatten()]))[0, 1]
    assert captum.correlation == pytest.approx(float(correlation), rel=1e-5)


def test_gradients_agree(showcase):
    _, found = showcase
    for tool in ("captum", "tangermeme"):
        for method in ("gradient", "gradient_times_input"):
            theirs = row(found, method, tool)
            assert theirs.difference < 1e-5
            assert theirs.correlation > 0.99999
            assert theirs.completeness_error is None
            assert theirs.batch_deviation < 1e-5
            assert theirs.remark == ""


def test_integrated_gradients_are_near(showcase):
    _, found = showcase
    theirs = row(found, "integrated_gradients", "captum")
    assert theirs.difference < 0.1
    assert 1e-5 < theirs.completeness_error < 0.1


def test_what_tools_cannot_do_is_said(showcase):
    _, found = showcase
    assert row(found, "integrated_gradients", "tangermeme").remark == NO_METHOD
    assert row(found, "lrp", "captum").remark.startswith("TypeError: Module of type <class 'torch.nn.modules.conv")
    assert row(found, "lrp", "seqinterp").completeness_error < 1e-5
    assert found.facts["model_unchanged"]


def test_all_agree_on_a_model_of_modules():
    found = verified(modular(), draws=2)
    for tool in ("seqinterp", "captum", "tangermeme"):
        line = row(found, "deeplift", tool)
        assert line.completeness_error < 1e-5, tool
        assert line.batch_deviation < 1e-5, tool
        assert line.remark == "", tool
        assert line.seconds > 0
        if tool != "seqinterp":
            assert line.difference < 1e-5


def test_images():
    model = built(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2)))
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    found = verified(model, images, against=["captum", "tangermeme"])
    assert found.facts["baseline"] == "zeros"
    assert row(found, "deeplift", "captum").difference < 1e-5
    assert row(found, "deeplift", "tangermeme").remark.startswith("ValueError: X has shape")
    assert row(found, "gradient", "tangermeme").seconds is None


def test_captums_relevance_on_a_model_it_can_read():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.act, self.head = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4 * 36, 2)

        def forward(self, inputs):
            return self.head(self.act(self.stem(inputs)).flatten(1))

    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    theirs = row(verified(built(Flat), images, against="captum"), "lrp", "captum")
    assert theirs.remark in ("", "left on the model (taken off again): attribute activations on 2 modules")  # 0.9 does
    assert theirs.difference < 1e-3
    assert theirs.completeness_error is None


def test_a_single_example_and_a_target_of_the_callers(only_shap):
    only_shap(ours)
    found = verified(functional(), dna(1), target=margin(1, 0), draws=2)
    assert row(found, "deeplift", "shap").difference < 1e-6
    assert row(found, "deeplift", "shap").batch_deviation < 1e-6
    assert found.facts["target"] == "margin(index=1, other=0)"
    assert found.title.startswith(
        "1 example of 4 x 24, target margin(index=1, other=0), baseline dinucleotide_shuffle (2"
    )


def test_everybody_gets_the_same_references(only_shap):
    backgrounds = []

    def values(model, inputs, background):
        backgrounds.append(background)
        return ours(model, inputs, background)

    only_shap(values)
    inputs = dna(3)
    found = verified(functional(), inputs, draws=4)
    theirs = row(found, "deeplift", "shap")
    assert (theirs.tool, theirs.version) == ("shap", "9.9")
    assert theirs.difference < 1e-6
    assert len(backgrounds) == 1 + 3  # the first example alone, then one explainer per example
    assert torch.equal(backgrounds[0], backgrounds[1])
    for example, background in zip(inputs, backgrounds[1:], strict=True):
        assert torch.equal(background.sum(2), example.sum(1).expand(4, 4))  # shuffles of that very example
    backgrounds.clear()
    shared = verified(functional(), inputs, baseline="zeros")
    assert len(backgrounds) == 2  # one explainer for all
    assert shared.facts["draws"] == 1


def test_values_twice_as_large(only_shap):
    only_shap(lambda *given: ours(*given, scale=2.0))
    line = row(verified(functional(), draws=2), "deeplift", "shap")
    assert line.difference == pytest.approx(1, rel=1e-4)
    assert line.correlation == pytest.approx(1, rel=1e-4)
    assert line.completeness_error == pytest.approx(1, rel=1e-4)
    assert line.suspect == (True, False)


def test_a_tool_that_mixes_the_batch(only_shap):
    only_shap(lambda model, inputs, background: inputs * torch.arange(len(inputs)).sum() + inputs)
    line = row(verified(functional(), baseline="zeros"), "deeplift", "shap")
    assert line.batch_deviation == pytest.approx(6 / 7)
    assert "0.86 !" in line.cells("")


def raising(model, inputs, background):
    raise RuntimeError("hooks do not fit\nand a long story")


def leaving(model, inputs, background):
    model.train()
    model.score.model.stem.register_forward_hook(lambda *_: None)
    with torch.no_grad():
        model.score.model.head.bias += 1
    return torch.zeros_like(inputs)


def loud(model, inputs, background):
    import warnings

    sys.stdout.write("hello")
    warnings.warn("odd operation", UserWarning, stacklevel=1)
    return torch.zeros_like(inputs)


ODD = [
    (raising, "RuntimeError: hooks do not fit", False),
    (leaving, "left on the model (taken off again): training mode on", True),
    (loud, "odd operation", True),
    (lambda model, inputs, background: inputs[:, :2], "ValueError: it returned shape (1, 2, 24) for inputs", False),
    (lambda model, inputs, background: None, "RuntimeError: Could not infer", False),
    (lambda model, inputs, background: sys.exit(3), "SystemExit: 3", False),
    (lambda model, inputs, background: inputs * torch.nan, "384 of its values are not finite", True),
    (lambda model, inputs, background: inputs.mul_(0), "", True),
    (lambda model, inputs, background: background.mul_(0)[:1], "", True),
]


@pytest.mark.parametrize(("values", "remark", "answered"), ODD)
def test_odd_tools_do_not_break_the_table(only_shap, capfd, values, remark, answered):
    only_shap(values)
    model = functional()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    inputs = dna()
    found = verified(model, inputs, draws=2)
    line = row(found, "deeplift", "shap")
    assert line.remark.startswith(remark)
    assert (line.remark == "") == (remark == "")
    assert (line.seconds is not None) == answered
    assert "deeplift" in str(found)
    assert capfd.readouterr().out == ""
    assert torch.equal(inputs, dna())
    assert found.facts["model_unchanged"]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(child.training and not child._forward_hooks for child in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert row(found, "gradient", "seqinterp").completeness_error is None
    for method in WITH_COUNTERPART[:2]:
        assert row(found, method, "seqinterp").completeness_error < 1e-4


def test_what_was_left_is_named(only_shap):
    only_shap(leaving)
    remark = row(verified(functional(), draws=2), "deeplift", "shap").remark
    assert "hooks on 1 module, " in remark
    assert remark.endswith("changed weights")


def test_tools_that_are_not_installed(monkeypatch):
    without(monkeypatch, *TOOLS)
    found = verified(functional(), draws=2)
    assert [(line.tool, line.remark) for line in found.rows if not line.method] == [
        (tool, "not installed") for tool in TOOLS
    ]
    assert {line.tool for line in found.rows if line.method} == {"seqinterp"}
    assert "captum: not installed" in str(found).splitlines()


def test_a_tool_whose_import_fails(monkeypatch, tmp_path):
    (tmp_path / "shap").mkdir()
    (tmp_path / "shap" / "__init__.py").write_text("print('loading')\nimport a_missing_part_of_it\n")
    monkeypatch.delitem(sys.modules, "shap", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (line,) = (line for line in verified(functional(), against=["shap"], draws=2).rows if line.tool == "shap")
    assert line.remark == "cannot be imported: ModuleNotFoundError: No module named 'a_missing_part_of_it'"


def test_a_method_of_ours_that_refuses_is_a_line_too(monkeypatch):
    """A score that cannot be differentiated."""

    class Rounded(nn.Module):
        def forward(self, inputs):
            return inputs.flatten(1).detach() @ torch.ones(4 * LENGTH, 2)

    without(monkeypatch, "captum", "shap")
    found = verified(Rounded(), draws=2)
    for method in ("deeplift", "gradient"):
        mine, theirs = row(found, method, "seqinterp"), row(found, method, "tangermeme")
        assert mine.remark.startswith("ModelError: ")
        assert theirs.remark.startswith("RuntimeError: ")
        assert mine.seconds is None and theirs.correlation is None


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"against": ["captum", "lime"]}, InputError, "no adapter for a tool 'lime'; choose among captum, shap"),
        ({"against": []}, InputError, "no tool was named"),
        ({"target": 5}, InputError, "numbered 0 to 1"),
        ({"baseline": "noise"}, InputError, "there is no baseline 'noise'"),
        ({"baseline": "zeros", "draws": 3}, InputError, "draws=3 means nothing"),
        ({"inputs": torch.rand(4)}, ShapeError, "must have shape"),
    ],
)
def test_bad_questions_are_refused(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        verified(functional(), **options)


def test_names_may_be_one_string(monkeypatch):
    without(monkeypatch, "captum", "shap")
    found = verified(functional(), against="captum, shap,captum", draws=2)
    assert [line.tool for line in found.rows if line.tool != "seqinterp"] == ["captum", "shap"]


def test_the_same_question_gives_the_same_numbers(monkeypatch):
    without(monkeypatch, "captum", "shap", "tangermeme")
    one, two, other = (verified(functional(), draws=2, seed=seed).to_frame() for seed in (1, 1, 2))
    numbers = ["completeness_error", "batch_deviation"]
    pd.testing.assert_frame_equal(one[numbers], two[numbers])
    assert not one[numbers].equals(other[numbers])


def test_saved_tables(showcase, tmp_path):
    _, found = showcase
    frame = found.to_frame()
    for name, separator in (("v.tsv", "\t"), ("v.csv", ",")):
        found.save(tmp_path / name)
        again = pd.read_csv(tmp_path / name, sep=separator, keep_default_na=False)
        assert again["remark"].tolist() == frame["remark"].tolist()
        assert again["method"].tolist() == frame["method"].tolist()
    found.save(tmp_path / "v.json")
    content = json.loads((tmp_path / "v.json").read_text())
    assert [Comparison(**line) for line in content["rows"]] == list(found.rows)
    assert content["facts"]["examples"] == 4
    assert content["facts"]["model_hash"]
    with pytest.raises(InputError, match=r"none of the endings \.tsv, \.csv, \.json"):
        found.save(tmp_path / "v.xlsx")


def test_numbers_that_json_cannot_hold(only_shap, tmp_path):
    only_shap(lambda model, inputs, background: inputs * torch.nan)
    found = verified(functional(), draws=2)
    assert row(found, "deeplift", "shap").suspect == (True, True)
    found.save(tmp_path / "v.json")
    assert '"completeness_error": "nan"' in (tmp_path / "v.json").read_text()
    assert json.loads((tmp_path / "v.json").read_text(), parse_constant=pytest.fail)


def test_the_printed_table(showcase):
    _, found = showcase
    lines = str(found).splitlines()
    assert (
        lines[0]
        == found.title
        == "4 examples of 4 x 24, target 1, baseline dinucleotide_shuffle (3 references each), cpu"
    )
    assert lines[2].split("  ")[0] == "method" and all(name in lines[2] for name in HEADER)
    assert [line.split()[0] for line in lines[3:6]] == ["deeplift", "captum", "tangermeme"]
    assert lines[4].count("!") == 1 and lines[3].count("!") == 0
    table = lines[2 : lines.index("", 7)]
    assert max(map(len, table)) < 100
    assert lines[5].endswith("see 1")
    assert any(line.startswith(" 1. RuntimeWarning: ") for line in lines)
    assert any(line.startswith("tangermeme 1") and "has no integrated_gradients" in line for line in lines)
    assert lines[-1].startswith("!  ")


def test_parts_are_two_examples_or_more():
    task = Task(OneOutput(Score(functional(), output(0))), dna(5), torch.zeros(5, 40000, 4, LENGTH))
    assert [len(part.inputs) for part in task.parts()] == [2, 2, 1]
    assert as_values([task.inputs.numpy()], task.inputs).equal(task.inputs)


@pytest.mark.slow
def test_shap_itself():
    """Where shap is installed: it agrees on a model of modules, and misses functional rectifiers without a word."""
    pytest.importorskip("shap")
    plain = row(verified(modular(), against="shap", draws=2), "deeplift", "shap")
    assert plain.remark == ""
    assert plain.completeness_error < 1e-4
    assert plain.difference < 1e-4
    missing = row(verified(functional(), against="shap", draws=2), "deeplift", "shap")
    assert missing.completeness_error > 0.05
