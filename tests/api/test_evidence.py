"""Evidence for one prediction: every part, what is not asked, and the reasons to doubt."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from cases_of_evidence import WORD, clean, examples, network
from seqinterp.api.evidence_parts.motifs import shares
from seqinterp.api.evidence_parts.smallest_edit import lead_of
from seqinterp.errors import InputError, ShapeError
from seqinterp.report.evidence_doubts import SURE, DoubtLimits, doubts, not_asked

TRAINING = examples()
BOUND = TRAINING.inputs[1:2]
QUICK = {"device": "cpu", "card": False}


def asked(inputs=BOUND, model=None, **options):
    return si.evidence(model or network(), inputs, **{**QUICK, **options})


def changed(part, **fields):
    """The clean parts with one of them otherwise."""
    parts = clean()
    return replace(parts, **{part: replace(getattr(parts, part), **fields)})


def otherwise(record, **fields):
    return {**record, **fields}


@pytest.fixture(scope="module")
def whole():
    held = examples(count=40, seed=2)
    others = [network(seed=seed) for seed in (1, 2, 3)]
    new = examples(count=4, seed=3).inputs[1:2]
    return asked(new, training=TRAINING, calibration=(held.inputs, held.labels), models=others)


def test_every_part_is_there(whole):
    parts = whole.parts
    said = parts.prediction
    assert (said.called, said.task, said.base_rate) == (1, "binary", 0.5)
    assert said.probability == pytest.approx(torch.tensor(said.score).sigmoid().item())
    assert said.spread.repeats == 4
    assert said.spread.low <= said.spread.mean <= said.spread.high
    assert said.calibrated.examples == 40
    assert [row["method"] for row in parts.explanations.methods] == ["gradient_times_input", "deeplift", "mutagenesis"]
    assert list(whole.maps) == ["gradient_times_input", "deeplift", "mutagenesis"]
    assert len(parts.explanations.pairs) == 3
    assert parts.explanations.band["over"] == "members"
    assert parts.cases.nearest[0]["label"] == 1
    assert parts.cases.helped[0]["influence"] > 0 > parts.cases.hindered[0]["influence"]
    assert [what for what, _ in whole.not_asked] == [
        "whether explanations of this model deserve belief",
        "whether the input is like what the model knows",  # 60 examples are too few to flag anything
    ]


def test_the_planted_word_is_named_and_looked_at(whole):
    found = whole.parts.motifs
    site = min(found.known, key=lambda row: row["p_value"])
    assert shares(site["start"], site["stop"], 20, 20 + len(WORD))
    assert {"JUND", "FOS", "FOSL1", "JUNB"} & {site["label"], *site["also"]}
    assert site["methods"]
    row = whole.maps["deeplift"][0].double().sum(dim=0)[site["start"] : site["stop"]]
    assert site["contributions"]["deeplift"] == pytest.approx(float(row.sum()))
    assert set(whole.parts.explanations.consensus) & set(range(20, 20 + len(WORD)))
    assert found.left_out + found.matrices > found.matrices > 50


def test_the_smallest_edit_changes_the_call(whole):
    edit = whole.parts.edit
    changed_inputs = whole.inputs.clone()
    for row in edit.edits:
        changed_inputs[0, :, row["position"]] = si.one_hot(row["alt"])[0, :, 0]
    after = network()(changed_inputs).item()
    assert edit.before > 0 > after
    assert after == pytest.approx(edit.after, abs=1e-5)


def test_it_says_so_in_words(whole):
    text = str(whole)
    assert text.startswith("The model calls label 1")
    assert "4 models trained from other seeds" in text
    assert "Reasons to doubt this:" in text
    assert SURE in str(replace(whole, parts=clean()))


def test_it_is_json_and_comes_back_from_disk(whole, tmp_path):
    whole.save(tmp_path / "case.safetensors")
    again = si.Evidence.load(tmp_path / "case.safetensors")
    assert json.loads(json.dumps(again.to_dict())) == json.loads(json.dumps(whole.to_dict()))
    assert again.doubts == whole.doubts
    assert list(again.maps) == list(whole.maps)
    assert all(torch.equal(again.maps[name], whole.maps[name]) for name in whole.maps)
    assert again.parts.prediction == whole.parts.prediction


def test_the_same_twice_and_the_model_as_it_was(whole):
    model = network(dropout=0.3).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = (asked(model=model, training=TRAINING) for _ in range(2))
    assert first.to_dict() == second.to_dict()
    assert first.parts.prediction.spread.source == "dropout"
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_what_was_not_given_is_not_asked():
    found = asked()
    why = dict(found.not_asked)
    assert "pass training=" in why["whether the input is like what the model knows"]
    assert "pass training=" in why["the nearest training examples"]
    assert "several models" in why["how sure the model is"]
    assert "pass calibration=" in why["whether that is calibrated"]
    assert "card=False" in why["whether explanations of this model deserve belief"]
    assert found.parts.prediction.base_rate is None
    assert "examples" in dict(asked(card=None).not_asked)["whether explanations of this model deserve belief"]


def test_training_inputs_without_labels_say_what_is_missing():
    found = asked(training=TRAINING.inputs)
    assert found.parts.likeness.seen == ("training example 1",)
    assert dict(found.not_asked)["which training examples taught it"] == "training labels were not given"
    assert found.parts.cases.nearest[0]["label"] is None


def test_unknown_bases_are_no_edits_but_everything_else_is_asked():
    inputs = BOUND.clone()
    inputs[0, :, 3] = 0
    found = asked(inputs)
    assert "is N or a mixture" in found.parts.edit
    assert found.parts.motifs.known


def test_one_method_that_cannot_be_used_does_not_stop_the_others():
    pictures = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1))
    found = asked(pictures, net, methods=("gradient_times_input", "mutagenesis"))
    assert list(found.maps) == ["gradient_times_input"]
    assert "one-hot DNA" in found.parts.explanations.refused["mutagenesis"]
    assert "no DNA" in found.parts.motifs
    assert found.parts.edit.most == 0.1
    assert torch.equal(asked(pictures[0], net).inputs, pictures)


def test_the_smallest_change_of_a_picture():
    generator = torch.Generator().manual_seed(0)
    training = 0.1 + 0.8 * torch.rand(30, 1, 6, 6, generator=generator)
    training[0, 0, 0, 0], training[1, 0, 0, 0] = 0.0, 1.0
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 1)).eval()
    example = 0.3 + 0.4 * torch.rand(1, 1, 6, 6, generator=generator)
    slope = net[1].weight.detach()
    with torch.no_grad():
        net[1].bias += 0.05 * slope.abs().sum() - net(example)[0]  # 5 % of the range of each pixel is what it takes
    found = asked(example, net, training=training)
    assert found.parts.edit.share == pytest.approx(0.05, abs=0.1 / 128 + 1e-6)
    assert found.parts.edit.after <= 0 < found.parts.edit.before
    assert "changes the call when it is done in the worst way" in str(found)
    assert not any("nobody sees" in doubt for doubt in found.doubts)
    assert any("nobody sees" in doubt for doubt in found.judged(DoubtLimits(change=0.06)).doubts)
    far = asked(example, net, training=training, threshold=-100.0).parts.edit
    assert far.share is None
    again = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)).eval()
    assert asked(example, again, task="classes", training=training).parts.edit.threshold == 0


def test_images_bring_the_names_of_their_classes(tmp_path):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(24, 1, 6, 6, generator=generator)
    named = si.ImageSet(pictures, np.arange(24) % 2, ("healthy", "ill"), tuple(f"{i}.png" for i in range(24)))
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 2)).eval()
    found = asked(pictures[:1] * 0.9999, net, task="classes", training=named, calibration=named)
    called = found.parts.prediction.called
    assert f"class {called} ({('healthy', 'ill')[called]})" in str(found)
    assert found.parts.cases.nearest[0]["name"] == "0.png"
    found.save(tmp_path / "e.safetensors")
    again = si.Evidence.load(tmp_path / "e.safetensors")
    assert str(again) == str(found)
    assert again.to_dict() == found.to_dict()
    found.to_html(tmp_path / "e.html")
    assert "healthy" in (tmp_path / "e.html").read_text()


def test_classes_and_regressions():
    classes = nn.Sequential(*network()[:4], nn.Linear(6, 3)).eval()
    labels = np.arange(60) % 3
    found = asked(model=classes, task="classes", training=(TRAINING.inputs, labels), target=1)
    said = found.parts.prediction
    outputs = classes(BOUND)[0].detach().softmax(dim=0)
    assert said.called == int(outputs.argmax())
    assert said.probability == pytest.approx(float(outputs.max()), rel=1e-5)
    assert said.base_rate == pytest.approx(1 / 3)
    assert found.parts.cases.influence == ""
    measured = (TRAINING.inputs, TRAINING.labels * 2.5)
    found = asked(task="regression", training=measured, calibration=measured, models=[network(seed=4), network(seed=5)])
    assert found.parts.prediction.called is None
    assert found.parts.prediction.calibrated.interval[0] < found.parts.prediction.calibrated.interval[1]
    assert "makes no call" in found.parts.edit
    assert asked(task="regression", threshold=1.0).parts.edit.threshold == 1.0


def test_the_lead_of_a_class_is_over_the_best_other_one():
    assert lead_of(1)(torch.tensor([[1.0, 4.0, 3.0], [5.0, 2.0, 0.0]])).tolist() == [1.0, -3.0]


def test_a_trial_is_made_of_the_examples_at_hand():
    torch.manual_seed(1)
    untrained = nn.Sequential(nn.Conv1d(4, 6, 9), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))
    shuffled = np.random.default_rng(0).permutation(TRAINING.labels)
    found = asked(
        model=untrained.eval(), training=(TRAINING.inputs, shuffled), methods=("gradient_times_input",), card=None
    )
    assert found.parts.trial.examples == 24
    assert "training examples" in found.parts.trial.where
    assert any("of the model the trial says" in reason for reason in found.doubts)


def test_a_scorecard_is_believed_of_its_own_model_only():
    card = si.evaluate(network(), TRAINING.inputs[:24], ["gradient_times_input"], device="cpu")
    found = asked(card=card, methods=("gradient_times_input",))
    assert "did not try" in asked(card=card, methods=("gradient",)).parts.trial
    assert found.parts.trial.model["decision"] == card.model.decision
    assert "of another model" in asked(model=network(seed=9), card=card).parts.trial


def test_a_strange_input_and_strange_neighbours_are_doubts():
    strange = asked(si.one_hot("GC" * 30), training=examples(count=200))
    assert any("unlike the training examples" in reason for reason in strange.doubts)
    flipped = asked(training=(TRAINING.inputs, 1 - TRAINING.labels))
    assert any("nearest to it have another label" in reason for reason in flipped.doubts)
    assert any("this very input is among" in reason for reason in flipped.doubts)
    usual = asked(examples(count=4, seed=3).inputs[1:2], training=TRAINING)
    said = "; ".join(usual.doubts)
    assert "unlike" not in said
    assert "another label" not in said
    assert "this very input" not in said


def test_few_examples_flag_nothing_and_the_report_says_so():
    few = asked(si.one_hot("GC" * 30), training=TRAINING)
    assert "p cannot fall below 0.065" in str(few)
    assert "whether the input is like what the model knows" in dict(few.not_asked)
    assert "cannot fall" not in str(asked(training=examples(count=200)))


def test_nothing_speaks_against_the_clean_case():
    assert doubts(clean(), DoubtLimits()) == ()
    assert not_asked(clean(), DoubtLimits()) == ()


RIGHT = clean().prediction.calibrated
SPREAD, BAND = clean().prediction.spread, clean().explanations.band
METHOD, NEAR = clean().explanations.methods[0], clean().cases.nearest


@pytest.mark.parametrize(
    ("part", "fields", "words"),
    [
        ("prediction", {"probability": 0.55}, "near one half"),
        ("prediction", {"saturated": True}, "saturated"),
        ("prediction", {"spread": replace(SPREAD, epistemic=0.15)}, "the model's own"),
        ("prediction", {"spread": replace(SPREAD, low=0.3)}, "disagree about the call"),
        ("prediction", {"calibrated": replace(clean().prediction.calibrated, possible=(0, 1))}, "2 labels remain"),
        ("prediction", {"spread": replace(SPREAD, mean=0.4, low=0.3, high=0.45)}, "calls the other label"),
        ("prediction", {"line": 0.9}, "near 0.9, from where"),
        ("prediction", {"line": 0.98, "called": 0, "probability": 0.8}, "another label"),
        ("prediction", {"calibrated": replace(RIGHT, factor=2.5)}, "far too sure: calibrated on 140 examples"),
        ("prediction", {"calibrated": replace(RIGHT, error=0.2)}, "miss by 0.20 on average"),
        ("likeness", {"p_value": 0.04}, "unlike the training examples"),
        ("likeness", {"seen": ("one 3",)}, "among the training examples"),
        ("explanations", {"agreement": 0.2}, "methods disagree"),
        ("explanations", {"methods": (otherwise(METHOD, verdict="doubtful: why"),)}, "certificate of deeplift"),
        ("explanations", {"band": otherwise(BAND, sign_agreement=0.6)}, "keep their sign in 60%"),
        ("explanations", {"band": otherwise(BAND, called=0)}, "more than chance"),
        ("motifs", {"explained": 0.1}, "no known motif explains"),
        ("edit", {"edits": clean().edit.edits[:1], "singles": 2, "fewest": 1}, "one substitution changes the call"),
        ("cases", {"nearest": tuple(otherwise(row, label=0.0) for row in NEAR)}, "have another label"),
        ("cases", {"usual": 0.1}, "10.0 times as far away"),
        ("trial", {"model": {"subject": "the model", "decision": "do not use", "reasons": ["x"]}}, "do not use: x"),
        (
            "trial",
            {"methods": ({"subject": "lrp", "decision": "use with care", "reasons": ["y"]},)},
            "of lrp the trial says use with care: y",
        ),
    ],
)
def test_each_reason_fires_alone(part, fields, words):
    found = doubts(changed(part, **fields), DoubtLimits())
    assert len(found) == 1
    assert words in found[0]


def test_of_few_examples_a_calibration_error_is_no_doubt():
    parts = changed("prediction", calibrated=replace(RIGHT, error=0.2, examples=60))
    assert doubts(parts, DoubtLimits()) == ()
    assert "factor" not in " ".join(doubts(changed("prediction", calibrated=replace(RIGHT, factor=0.1)), DoubtLimits()))


def test_the_example_does_not_vouch_for_itself():
    held = examples(count=40)
    found = asked(held.inputs[3:4], calibration=held)
    assert found.facts["data"]["calibration examples"] == "39"
    assert "calibration=calibration" in found.facts["call"]
    alone = asked(held.inputs[3:4], calibration=(held.inputs[3:4], held.labels[3:4]))
    assert alone.facts["data"]["calibration examples"] == "none"


def test_the_line_is_where_the_call_changes():
    strict = asked(threshold=50.0).parts.prediction
    assert strict.called == 0
    assert strict.line == pytest.approx(1.0)
    assert asked().parts.prediction.line == 0.5


def test_thresholds_are_the_readers():
    fragile = changed("edit", edits=clean().edit.edits[:2])
    assert doubts(fragile, DoubtLimits()) == ()
    assert doubts(fragile, DoubtLimits(edits=2)) == ("2 substitutions change the call",)


def test_a_motif_is_missed_in_positives_only():
    parts = changed("motifs", explained=0.0)
    assert doubts(replace(parts, prediction=replace(parts.prediction, called=0, probability=0.05,
        calibrated="no", spread="no")), DoubtLimits(neighbours=0.0)) == ()  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "options", "error"),
    [
        (TRAINING.inputs[:2], {}, InputError),
        (BOUND, {"task": "counts"}, InputError),
        (BOUND, {"methods": ("magic",)}, InputError),
        (BOUND, {"training": (TRAINING.inputs[:, :, :50], TRAINING.labels)}, ShapeError),
        (BOUND, {"training": (TRAINING.inputs, TRAINING.labels[:5])}, ShapeError),
        (BOUND, {"training": (TRAINING.inputs, ["a"] * 60)}, InputError),
    ],
)
def test_what_cannot_be_asked_is_refused(inputs, options, error):
    with pytest.raises(error):
        asked(inputs, **options)


def test_the_public_calls_say_the_same():
    found = asked(si.one_hot("ACGT" * 15), training=TRAINING).parts.cases
    alone = si.influence(network(), si.one_hot("ACGT" * 15), TRAINING.inputs, TRAINING.labels, device="cpu")
    assert [row["number"] for row in found.nearest] == alone.nearest[0].tolist()
    assert [row["distance"] for row in found.nearest] == pytest.approx(alone.distances[0].tolist())
    helped = {row["number"]: row["influence"] for row in found.helped}
    expected = alone.on_scores[0]
    best = expected.argsort(descending=True)[: len(helped)].tolist()
    assert helped == pytest.approx({row: float(expected[row]) for row in best if expected[row] > 0})


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv1d(4, 5, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
        self.one, self.other = nn.Linear(5, 1), nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1))

    def forward(self, inputs):
        read = self.body(inputs)
        return torch.cat([self.one(read), self.other(read)], dim=1)


def test_of_two_heads_one_is_named():
    model = TwoHeads().eval()
    found = asked(model=model, training=TRAINING)
    assert "not all that the model answers comes by way of its last layer" in found.parts.cases
    named = asked(model=model, training=TRAINING, layer="one").parts
    assert named.cases.features == 5
    assert named.likeness.examples == 60


def test_a_saturated_picture_is_not_called_robust():
    pictures = torch.rand(30, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 1), nn.Sigmoid()).eval()
    with torch.no_grad():
        net[1].weight.mul_(500)
        net[1].bias.fill_(0)
    best = int(net[:2](pictures).abs().argmax())
    assert "no small change can be looked for" in asked(pictures[best : best + 1], net, training=pictures).parts.edit
    flat = nn.Sequential(nn.Flatten(), nn.Linear(36, 1)).eval()
    assert "every value is 0.5" in asked(torch.full((1, 1, 6, 6), 0.5), flat).parts.edit


def test_classes_have_no_threshold():
    classes = nn.Sequential(*network()[:4], nn.Linear(6, 3)).eval()
    with pytest.raises(InputError, match="there is no threshold"):
        asked(model=classes, task="classes", threshold=0.5)


def test_of_classes_the_trial_knows_whether_it_learned():
    classes = nn.Sequential(*network()[:4], nn.Linear(6, 3)).eval()
    labels = classes(TRAINING.inputs).argmax(dim=1).numpy()
    labels[:3] = [0, 1, 2]
    found = asked(
        model=classes, task="classes", target=int(labels[-1]), calibration=(TRAINING.inputs, labels), card=None
    )
    assert "give labels" not in " ".join(found.parts.trial.model["reasons"])
