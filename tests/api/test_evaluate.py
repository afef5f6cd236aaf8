"""`evaluate`: a known network, its controls, files, and what is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import seqinterp as si
from seqinterp.attribution.chance import generator
from seqinterp.errors import FileError, InputError, ModelError, ShapeError
from seqinterp.evaluation.grammars import grammar
from seqinterp.evaluation.scorecard import trial as trials
from seqinterp.models.ensemble import Ensemble

DRAWN = grammar("single", count=16, length=60)
TRUTH = torch.zeros(16, 60, dtype=torch.bool)
for row, sites in enumerate(DRAWN.sites):
    for site in sites:
        TRUTH[row, list(site.informative)] = True


def noise(score, inputs, /):
    drawn = [torch.rand(example.shape, generator=generator(7, example, "noise")) for example in inputs]
    return (torch.stack(drawn) - 0.5) * inputs


def evaluated(methods, model=DRAWN.model, inputs=DRAWN.inputs, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return si.evaluate(model, inputs, methods, device="cpu", **options)


@pytest.fixture(scope="module")
def card():
    return evaluated(
        {"mutagenesis": {}, "gradient on 3 draws": {"method": "discrete_smoothgrad", "draws": 3}, "noise": noise},
        truth=TRUTH,
        labels=DRAWN.expected.numpy(),
    )


def test_a_right_method_is_told_from_noise(card):
    assert card.model.decision == "use"
    assert card.verdicts["mutagenesis"].decision == "use"
    assert card.verdicts["noise"].decision == "do not use"
    assert card.trials["mutagenesis"].certificate is not None and card.trials["noise"].certificate is None


def test_the_table_is_tidy(card):
    frame = card.to_frame()
    assert list(frame) == ["method", "question", "measure", "of", "example", "value"]
    assert set(frame["method"]) == set(card.trials)
    assert not frame.duplicated(["method", "measure", "of", "example"]).any()
    one = frame[(frame["method"] == "mutagenesis") & (frame["measure"] == "truth_auroc")]
    own = card.trials["mutagenesis"].answers.each["truth_auroc", ""]
    assert np.allclose(one["value"], own[~own.isnan()])
    mean = card.summary().set_index(["method", "measure"]).loc[("mutagenesis", "truth_auroc"), "mean"]
    assert float(mean) == pytest.approx(float(own.nanmean()))


def test_values_are_those_of_attribute(card):
    found = si.attribute(DRAWN.model, DRAWN.inputs, "mutagenesis", device="cpu").values
    torch.testing.assert_close(card.trials["mutagenesis"].values, found)


def test_agreement_and_consensus(card):
    assert card.agreement.names == tuple(card.trials)
    chosen = card.consensus(top=12)
    assert chosen.shape == TRUTH.shape and bool(chosen.any())


def test_another_judge(card):
    strict = card.judged(si.Thresholds(foretells=1.1))
    assert strict.verdicts["mutagenesis"].decision == "use with care"
    assert strict.trials is card.trials


def test_one_method_alone_gives_what_it_gave_in_company(card):
    alone = evaluated(["mutagenesis"], truth=TRUTH, labels=DRAWN.expected.numpy())
    for key, values in card.trials["mutagenesis"].answers.each.items():
        torch.testing.assert_close(alone.trials["mutagenesis"].answers.each[key], values, equal_nan=True)


def test_an_untrained_network_is_not_to_be_trusted():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = nn.Sequential(nn.Conv1d(4, 8, 9), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 1))
    found = evaluated(["gradient_times_input"], model=model)
    assert found.model.decision == "do not use"
    assert found.verdicts["gradient_times_input"].decision == "do not use"


def test_a_marker_outside_the_region():
    marker = nn.Sequential(nn.Flatten(), nn.Linear(240, 1))
    weights = torch.full((4, 60), 1e-3)
    weights[:, 3:6] = torch.tensor([[1.0], [-1], [2], [-2]])
    marker[1].weight.data = weights.reshape(1, 240)
    region = torch.zeros(60, dtype=torch.bool)
    region[20:40] = True
    found = evaluated(["gradient_times_input"], model=marker, region=region)
    assert any("same twentieth" in reason for reason in found.model.reasons)
    assert any("outside the declared region" in reason for reason in found.model.reasons)


def test_a_slow_method_explains_fewer(monkeypatch):
    monkeypatch.setattr(trials, "ONCE_ROWS", 100)
    monkeypatch.setattr(trials, "AGAIN_ROWS", 30)
    monkeypatch.setattr(trials, "LEAST_AGAIN", 2)
    found = evaluated(["occlusion"])
    tried = found.trials["occlusion"]
    assert tried.rows >= 60 and tried.again == 2
    explained = torch.isfinite(tried.values).flatten(1).all(dim=1)
    assert int(explained.sum()) == 8 and set(found.scores[explained].tolist()) == {0.0, 1.0}
    assert int((~tried.answers.each["neighbour_similarity", ""].isnan()).sum()) <= 2


def test_the_model_is_given_back():
    model = nn.Sequential(nn.Conv1d(4, 3, 5), nn.Dropout(0.5), nn.ReLU(), nn.Flatten(), nn.Linear(168, 1)).train()
    before, state = [one.clone() for one in model.state_dict().values()], torch.random.get_rng_state()
    found = evaluated(["gradient"], model=model)
    assert model.training and all(one.requires_grad for one in model.parameters())
    assert all(torch.equal(one, other) for one, other in zip(before, model.state_dict().values(), strict=True))
    assert torch.equal(state, torch.random.get_rng_state())
    assert not model[0]._forward_hooks and found.facts["members"] == "networks thinned by dropout"
    assert ("members", "") in found.trials["gradient"].answers.each


def test_members_of_an_ensemble():
    found = evaluated(["gradient"], model=Ensemble([DRAWN.model, DRAWN.model]))
    likeness = found.trials["gradient"].answers.each["members", ""]
    assert torch.allclose(likeness[~likeness.isnan()], torch.ones((), dtype=torch.float64))


def test_pictures_are_judged_by_the_same_questions():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    pictures = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    found = evaluated(["gradient_times_input", "occlusion"], model=model, inputs=pictures, target=1)
    each = found.trials["occlusion"].answers.each
    assert ("null_similarity", "edges") in each and ("strand_consistency", "") not in each
    assert found.model_facts.order is None and "labels" in found.model_facts.why_no_order


def test_a_card_comes_back_from_its_folder(card, tmp_path):
    card.save(tmp_path / "card")
    again = si.Scorecard.load(tmp_path / "card")
    assert str(again) == str(card)
    pd.testing.assert_frame_equal(again.to_frame(), card.to_frame())
    assert {path.name for path in (tmp_path / "card").iterdir()} >= {"scores.csv", "verdicts.csv", "scorecard.html"}
    with pytest.raises(FileError, match="exists"):
        card.save(tmp_path / "card")


def test_an_interrupted_evaluation_goes_on(tmp_path, monkeypatch):
    whole = evaluated(["gradient_times_input", "gradient"])
    calls = []

    def interrupted(*args, **options):
        calls.append(args[0].name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **options)

    from seqinterp.api import evaluate as module

    real = module.tried
    monkeypatch.setattr(module, "tried", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluated(["gradient_times_input", "gradient"], checkpoint=tmp_path / "kept")
    again = evaluated(["gradient_times_input", "gradient"], checkpoint=tmp_path / "kept")
    assert calls == ["gradient_times_input", "gradient", "gradient"]
    pd.testing.assert_frame_equal(again.to_frame(), whole.to_frame())
    with pytest.raises(FileError, match="another model"):
        evaluated(["gradient_times_input"], checkpoint=tmp_path / "kept", seed=1)


def test_methods_that_do_not_suit_are_told():
    linear = nn.Sequential(nn.Flatten(), nn.Linear(240, 1))
    with pytest.raises((ModelError, InputError), match="layer"):
        evaluated(["gradcam"], model=linear)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"inputs": DRAWN.inputs[:7]}, InputError, "at least 8 examples"),
        ({"inputs": DRAWN.inputs[:7].repeat(3, 1, 1)}, InputError, "but 7 came"),
        ({"inputs": DRAWN.inputs * (torch.arange(16) != 3)[:, None, None]}, InputError, "example 3 is nothing but N"),
        ({"inputs": torch.rand(9, 2, 50)}, ShapeError, r"one-hot DNA .* or images"),
        ({"members": ["x"]}, InputError, "but one is a str"),
        ({"methods": noise}, InputError, "mapping from names to options or explainers"),
        ({"methods": "gradient"}, InputError, "list of names"),
        ({"methods": ["gradients"]}, InputError, "no attribution method 'gradients'"),
        ({"methods": ["gradient", "gradient"]}, InputError, "none of them twice"),
        ({"methods": []}, InputError, "at least one method"),
        ({"methods": {"gradient": 3}}, InputError, "mapping of options or an explainer"),
        ({"methods": {"gradient": {"steps": 3}}}, InputError, "no option 'steps'"),
        ({"labels": [1.0] * 16}, InputError, "not all alike"),
        ({"labels": ["a"] * 16}, InputError, "labels must be numbers"),
        ({"labels": [0, 1]}, ShapeError, r"shape \(16,\)"),
        ({"truth": torch.ones(16, 60)}, InputError, "True and False"),
        ({"truth": torch.ones(15, 60, dtype=torch.bool)}, ShapeError, "truth must have shape"),
        ({"region": torch.ones(60, dtype=torch.bool)}, InputError, "not all of them"),
        ({"motifs": ["TGACTCA"]}, InputError, "must be Motifs"),
    ],
)
def test_refusals(options, kind, words):
    asked = {"methods": ["gradient"], **options}
    with pytest.raises(kind, match=words):
        evaluated(**asked)


def test_one_method_that_breaks_takes_nothing_from_the_others():
    def breaks(score, inputs, /):
        if len(inputs) > 1:
            raise ZeroDivisionError("no luck")
        return inputs

    found = evaluated({"gradient_times_input": {}, "mine": breaks})
    assert "gradient_times_input" in found.trials
    assert found.refused["mine"] == "the explainer 'mine' raised ZeroDivisionError: no luck"
    with pytest.raises(ModelError, match=r"tensor of the inputs' shape .* not NoneType"):
        evaluated({"mine": lambda score, inputs: None})


def test_an_explainer_that_draws_without_a_seed_is_unstable():
    def drawn(score, inputs, /):
        return torch.randn(inputs.shape) * inputs

    with torch.random.fork_rng():
        found = evaluated({"drawn": drawn})
    assert any("unstable" in reason for reason in found.verdicts["drawn"].reasons)


def test_class_numbers_are_read_as_the_class_that_is_explained():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv1d(4, 6, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3))
    classes, chosen = torch.arange(16) % 3, 1
    found = evaluated(["gradient_times_input"], model=model, target=chosen, labels=classes)
    with torch.no_grad():
        score = model(DRAWN.inputs)[:, chosen]
    pairs = [(a > b) + 0.5 * (a == b) for a in score[classes == chosen] for b in score[classes != chosen]]
    assert found.model_facts.labelled == pytest.approx(float(sum(float(pair) for pair in pairs) / len(pairs)))


def test_truth_of_pictures_and_maps_of_zeros():
    class Down(nn.Module):
        def forward(self, inputs):
            return -torch.relu(inputs[:, :, 2:5, 2:5]).sum(dim=(1, 2, 3))[:, None]

    pictures = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    truth = torch.zeros(12, 8, 8, dtype=torch.bool)
    truth[:, 2:5, 2:5] = True
    zeros = lambda score, inputs: torch.zeros_like(inputs)  # noqa: E731 - a method that says nothing
    found = evaluated({"gradient_times_input": {}, "nothing": zeros}, model=Down(), inputs=pictures, truth=truth)
    assert float(found.trials["gradient_times_input"].answers.each["truth_auroc", ""].min()) == 1.0
    assert found.verdicts["nothing"].decision != "use"
    assert any("give labels" in reason for reason in found.model.reasons)


def test_long_sequences_are_not_accused_of_a_marker():
    drawn = grammar("single", count=16, length=300)
    found = evaluated(["gradient_times_input"], model=drawn.model, inputs=drawn.inputs)
    assert not any("same twentieth" in reason for reason in found.model.reasons)


def test_n_at_the_ends_is_no_obstacle():
    padded = torch.nn.functional.pad(DRAWN.inputs, (0, 30))
    padded[3, :, 8:] = 0
    assert "gradient_times_input" in evaluated(["gradient_times_input"], inputs=padded).trials


def test_a_method_that_does_not_suit_is_noted_in_the_folder(monkeypatch, tmp_path):
    from seqinterp.api.shared import candidates

    kept = {name: candidates.METHODS[name] for name in ("gradient_times_input", "gradcam")}
    monkeypatch.setattr(candidates, "METHODS", kept)
    found = evaluated(None, model=nn.Sequential(nn.Flatten(), nn.Linear(240, 1)))
    assert list(found.trials) == ["gradient_times_input"] and "layer" in found.refused["gradcam"]
    found.save(tmp_path / "card")
    assert "gradcam" in (tmp_path / "card" / "verdicts.csv").read_text()
