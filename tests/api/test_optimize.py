"""`optimize`: designs, best first."""

import numpy as np
import pytest
import torch

import seqinterp as si
from cases import DNA_CASES
from naive import design as naive
from seqinterp.api.design_parts.methods import DESIGN_METHODS
from seqinterp.api.design_parts.starts import random_codes
from seqinterp.api.results.designs import Designs
from seqinterp.attribution.targets import contrast
from seqinterp.design.codes import columns_of
from seqinterp.design.goals import minimize, reach
from seqinterp.errors import AlphabetError, FileError, InfeasibleError, InputError, ModelError

CASE = DNA_CASES[0]


def test_random_starts_are_climbed_by_the_published_loop():
    model = CASE.model().eval()
    found = si.optimize(model, length=20, count=3, steps=100, seed=2, device="cpu")
    starts = columns_of(random_codes(3, 20, 2))
    loops = [naive.hill_climb(model, start.double(), 100, 2, i) for i, start in enumerate(starts)]
    expected = sorted(((scores[-1], si.decode(end[None].float())[0]) for end, scores in loops), reverse=True)
    assert [design.sequence for design in found] == [sequence for _, sequence in expected]
    np.testing.assert_allclose([design.score for design in found], [score for score, _ in expected])
    assert all(design.trajectory.shape == (101,) for design in found)


def test_given_starts_are_edited_greedily():
    model = CASE.model().eval()
    start = si.decode(CASE.inputs(1).float())[0]
    found = si.optimize(model, start, method="greedy", steps=4, device="cpu")
    end, scores = naive.greedy(model, CASE.inputs(1)[0], 4)
    assert len(found) == 1
    assert found[0].sequence == si.decode(end[None].float())[0]
    assert found[0].start == start
    np.testing.assert_allclose(found[0].trajectory, scores)


def test_strings_lists_and_tensors_are_starts():
    model = CASE.model()
    text = si.decode(CASE.inputs(2).float())
    one = si.optimize(model, text, steps=20, device="cpu")
    other = si.optimize(model, CASE.inputs(2), steps=20, device="cpu")
    assert [d.sequence for d in one] == [d.sequence for d in other]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({}, InputError, "needs start=sequences or length="),
        ({"length": 20, "method": "luck"}, InputError, "choose one of anneal, beam, evolve, greedy, hill_climb"),
        ({"length": 20, "steps": -1}, InputError, "steps and seed must be 0 or more"),
        ({"length": 0}, InputError, "length and count must be 1 or more"),
        ({"length": 20, "seed": -1}, InputError, "steps and seed must be 0 or more"),
        ({"start": "ACGT" * 5, "length": 20}, InputError, "start= or length=, not both"),
        ({"start": "ACGU" * 5}, AlphabetError, "U"),
    ],
)
def test_refusals(options, kind, message):
    with pytest.raises(kind, match=message):
        si.optimize(CASE.model(), device="cpu", **options)


def test_save_load_table_plot(tmp_path):
    found = si.optimize(CASE.model(), length=20, count=2, steps=30, device="cpu")
    found.save(tmp_path / "d.safetensors")
    again = Designs.load(tmp_path / "d.safetensors")
    assert [d.sequence for d in again] == [d.sequence for d in found]
    np.testing.assert_array_equal(again[0].trajectory, found[0].trajectory)
    frame = found.to_frame()
    assert frame["score"].is_monotonic_decreasing
    assert frame["edits"].iloc[0] == sum(a != b for a, b in zip(found[0].start, found[0].sequence, strict=True))
    assert found.plot().get_axes()
    assert len(found[:1]) == 1


def test_the_model_is_given_back(tmp_path):
    model = CASE.model().train()
    si.optimize(model, length=20, count=1, steps=5, device="cpu")
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.is_grad_enabled()


def conv(seed=0, outputs=1, length=24):
    torch.manual_seed(seed)
    layers = [torch.nn.Conv1d(4, 8, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * (length - 4), outputs)]
    return torch.nn.Sequential(*layers)


EVERY_RULE = si.Constraints(
    protect=[(3, 7)], edits=9, gc=(0.25, 0.75), homopolymer=4, forbid=["EcoRI", "TTTA"], require=["CAGC"]
)


@pytest.mark.parametrize("method", [name for name in DESIGN_METHODS if name != "screen"])
def test_every_method_keeps_the_rules_and_says_so(method):
    options = {"motifs": ["CACGTG"]} if method == "insert_motifs" else {}
    steps = 40 if method in ("straight_through", "seq_prop", "hill_climb", "anneal") else 5
    start = ["ACGTTGCATGCAGCATCGGATCAA", "CAGCTTGCATGCAGCATCTTTAAA"]
    found = si.optimize(conv(), start, method=method, steps=steps, constraints=EVERY_RULE, device="cpu", **options)
    assert bool(found.rules["kept"].all())
    assert len(found.rules) == 2 * len(EVERY_RULE.rules(24).constraints)
    for design in found:
        assert design.sequence[3:7] == design.start[3:7]
        assert "GAATTC" not in design.sequence and "TTTA" not in design.sequence and "TAAA" not in design.sequence
        assert len(design.edits) <= 9
        assert design.trajectory[-1] == pytest.approx(design.score, rel=1e-5)


def test_rules_that_exclude_one_another_are_named():
    rules = si.Constraints(protect=[(0, 6)], forbid=["GAATTC"], homopolymer=8)
    with pytest.raises(InfeasibleError, match="GAATTC") as error:
        si.optimize(conv(), "GAATTC" + "ACGT" * 4 + "AC", constraints=rules, steps=2, device="cpu")
    assert "homopolymer" not in str(error.value)


def test_an_ensemble_and_its_doubts():
    models = [conv(seed) for seed in range(3)]
    bold = si.optimize(models, length=24, count=2, steps=200, device="cpu")
    careful = si.optimize(models, length=24, count=2, steps=200, penalties=si.Penalties(uncertainty=3.0), device="cpu")
    assert careful[0].uncertainty < bold[0].uncertainty
    with torch.no_grad():
        scores = [float(model(si.one_hot(bold[0].sequence))) for model in models]
    assert bold[0].score == pytest.approx(np.mean(scores), rel=1e-5)
    assert bold[0].uncertainty == pytest.approx(np.std(scores), rel=1e-4)
    assert careful[0].values[0] == pytest.approx(careful[0].score - 3 * careful[0].uncertainty, rel=1e-4)
    with pytest.raises(InputError, match="needs an ensemble"):
        si.optimize(models[0], length=24, penalties=si.Penalties(uncertainty=1.0), device="cpu")


def test_penalties_hold_edits_back_and_keep_designs_likely():
    free = si.optimize(conv(), length=24, count=3, method="greedy", device="cpu")
    dear = si.optimize(conv(), length=24, count=3, method="greedy", penalties=si.Penalties(edits=0.05), device="cpu")
    assert dear.to_frame()["edits"].sum() < free.to_frame()["edits"].sum()
    natural = ["AT" * 30, "TA" * 30]
    likely = si.optimize(
        conv(), length=24, count=3, penalties=si.Penalties(unlikely=5.0, natural=natural, order=1), device="cpu"
    )
    pairs = [design.sequence.count("AT") + design.sequence.count("TA") for design in likely]
    assert min(pairs) > max(design.sequence.count("AT") + design.sequence.count("TA") for design in free)
    with pytest.raises(InputError, match="number of 0 or more"):
        si.Penalties(edits=-1.0)


def test_targets_minimize_reach_and_contrast():
    model = conv(outputs=2)
    low = si.optimize(model, length=24, count=2, target=minimize(0), method="greedy", device="cpu")
    high = si.optimize(model, length=24, count=2, target=0, method="greedy", device="cpu")
    assert -low[0].score < high[0].score
    middle = (high[0].score - low[0].score) / 3
    at = si.optimize(model, length=24, count=2, target=reach(0, middle), steps=400, device="cpu")
    assert at[0].score == pytest.approx(0, abs=0.02)
    both = si.optimize(model, length=24, count=2, target=contrast(0, 1), method="greedy", device="cpu")
    with torch.no_grad():
        outputs = model(si.one_hot(both[0].sequence))[0]
    assert both[0].score == pytest.approx(float(outputs[0] - outputs[1]), rel=1e-5)


def test_several_targets_give_a_front():
    model = conv(outputs=2)
    found = si.optimize(model, length=24, count=2, target=[0, 1], method="evolve", steps=30, device="cpu")
    values = np.array([design.values for design in found])
    assert len(found) > 3
    assert not any(((other >= one).all() and (other > one).any()) for one in values for other in values)
    with torch.no_grad():
        outputs = model.eval()(si.one_hot(found.sequences)).numpy()
    np.testing.assert_allclose(values, outputs, rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError, match="method='evolve'"):
        si.optimize(model, length=24, target=[0, 1], device="cpu")


def test_edits_of_all_kinds_are_listed():
    found = si.optimize(
        conv(), length=24, count=2, steps=300, kinds=["substitution", "insertion", "deletion"], device="cpu"
    )
    table = found.edits
    assert list(table.columns) == ["design", "kind", "position_in_start", "position_in_design", "before", "after"]
    assert {"insertion", "deletion"} & set(table["kind"])
    assert found.to_frame()["edits"].tolist() == table.groupby("design").size().tolist()


def test_a_library_is_screened():
    library = si.decode(columns_of(random_codes(50, 24, 0)))
    model = conv()
    with torch.no_grad():
        scores = model(si.one_hot(library))[:, 0].numpy()
    found = si.optimize(model, library, method="screen", count=3, device="cpu")
    assert found.sequences == [library[i] for i in np.argsort(-scores)[:3]]
    ruled = si.optimize(model, library, method="screen", count=3, constraints=si.Constraints(forbid="AA"), device="cpu")
    assert not any("AA" in one or "TT" in one for one in ruled.sequences)
    with pytest.raises(InputError, match="none of the 50 sequences"):
        si.optimize(model, library, method="screen", constraints=si.Constraints(require=["A" * 12]), device="cpu")


@pytest.mark.parametrize("method", ["hill_climb", "evolve", "straight_through"])
def test_what_was_interrupted_goes_on_to_the_same_end(method, tmp_path, monkeypatch):
    from seqinterp.api.design_parts import run as design_run

    monkeypatch.setattr(design_run, "SAVED_EVERY", 0.0)
    options = {"length": 24, "count": 3, "steps": 60, "seed": 3, "method": method, "device": "cpu"}
    whole = si.optimize(conv(), **options)
    place, rounds = tmp_path / "walk.safetensors", 0
    save = design_run.save_walk

    def stop_at_the_fourth(*args):
        nonlocal rounds
        save(*args)
        rounds += 1
        if rounds == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(design_run, "save_walk", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        si.optimize(conv(), checkpoint=place, **options)
    with pytest.raises(FileError, match="belongs to a search for something else"):
        si.optimize(conv(), checkpoint=place, **options | {"seed": 4})
    monkeypatch.setattr(design_run, "save_walk", save)
    again = si.optimize(conv(), checkpoint=place, **options)
    assert again.sequences == whole.sequences
    for one, other in zip(again, whole, strict=True):
        np.testing.assert_array_equal(one.trajectory, other.trajectory)
    assert not place.exists()


def test_pruning_undoes_what_is_not_needed():
    options = {"length": 24, "count": 3, "method": "evolve", "steps": 30, "device": "cpu"}
    whole, pruned = si.optimize(conv(), **options), si.optimize(conv(), prune=0.2, **options)
    assert pruned.to_frame()["edits"].sum() < whole.to_frame()["edits"].sum()
    best = {design.start: design for design in whole}
    for design in pruned:
        floor = best[design.start].score - 0.2 * (best[design.start].score - design.start_score)
        assert design.score >= floor - 1e-5


def test_steps_below_zero_do_not_mean_for_ever():
    with pytest.raises(InputError, match="steps and seed must be 0 or more"):
        si.optimize(conv(), length=24, steps=-1, method="greedy", device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 3}, "has no option 'width'"),
        ({"kinds": "deletion"}, "kinds must be a list"),
        ({"kinds": ["inversion"]}, "kinds must be a list out of"),
        ({"method": "seq_prop", "kinds": ["deletion"]}, "makes substitutions only"),
        ({"prune": 2.0}, "from 0 to 1"),
        ({"method": "insert_motifs"}, "needs motifs="),
        ({"target": []}, "empty list"),
        ({"start": "ACGTR" * 4, "length": None}, "stands for several bases"),
    ],
)
def test_refusals_of_options(options, message):
    with pytest.raises(InputError, match=message):
        si.optimize(conv(), device="cpu", **{"length": 24} | options)


def test_n_in_a_start_is_any_base():
    found = si.optimize(conv(), "N" * 24, method="greedy", device="cpu", steps=40)
    assert found[0].score > found[0].start_score
    assert found[0].start == "N" * 24


def interrupted(monkeypatch, place, **options):
    """A search that ends after its third round."""
    from seqinterp.api.design_parts import run as design_run

    save, rounds = design_run.save_walk, []

    def stop(*args):
        save(*args)
        rounds.append(1)
        if len(rounds) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(design_run, "SAVED_EVERY", 0.0)
        patch.setattr(design_run, "save_walk", stop)
        with pytest.raises(KeyboardInterrupt):
            si.optimize(conv(), length=24, count=2, checkpoint=place, device="cpu", **options)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"constraints": si.Constraints(also=lambda s: [True] * len(s))},
            {"constraints": si.Constraints(also=lambda s: ["TATA" not in one for one in s])},
        ),
        (
            {"constraints": si.Constraints(keep_protein=[(0, 9)], code=1)},
            {"constraints": si.Constraints(keep_protein=[(0, 9)], code=2)},
        ),
        ({"target": lambda out: out[:, 0]}, {"target": lambda out: -out[:, 0]}),
        (
            {"penalties": si.Penalties(unlikely=1.0, natural=["ACGTAC"])},
            {"penalties": si.Penalties(unlikely=1.0, natural=["ACGTAG"])},
        ),
    ],
)
def test_a_checkpoint_is_of_one_search(monkeypatch, tmp_path, before, after):
    place = tmp_path / "walk"
    interrupted(monkeypatch, place, **before)
    with pytest.raises(FileError, match="belongs to a search for something else"):
        si.optimize(conv(), length=24, count=2, checkpoint=place, device="cpu", **after)
    again = si.optimize(conv(), length=24, count=2, checkpoint=place, device="cpu", **before)
    assert again.sequences == si.optimize(conv(), length=24, count=2, device="cpu", **before).sequences


def test_a_function_written_again_is_the_same(monkeypatch, tmp_path):
    def goal():
        return lambda out: out[:, 0] * 2

    interrupted(monkeypatch, tmp_path / "walk", target=goal())
    found = si.optimize(conv(), length=24, count=2, checkpoint=tmp_path / "walk", target=goal(), device="cpu")
    assert len(found) == 2


def test_what_has_no_identity_takes_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match="a checkpoint cannot tell one"):
        si.optimize(conv(), length=24, checkpoint=tmp_path / "walk", target=Opaque(), device="cpu")


class Opaque:
    """A callable that nothing can be known of."""

    def __call__(self, outputs):
        return outputs[:, 0]


@pytest.mark.parametrize("method", ["hill_climb", "greedy", "evolve", "straight_through"])
def test_nan_is_never_passed_over(method):
    def nothing(sequences):
        return sequences.sum(dim=(1, 2)) * float("nan")

    with pytest.raises(ModelError, match="NaN or an infinite number"):
        si.optimize(conv(), length=24, method=method, steps=3, penalties=si.Penalties(also=nothing), device="cpu")


def test_gradients_are_followed_inside_inference_mode_and_missed_where_there_are_none():
    model = conv()
    with torch.inference_mode():
        found = si.optimize(model, length=24, count=1, method="seq_prop", steps=20, device="cpu")
    assert found[0].score > found[0].start_score

    class Cut(torch.nn.Module):
        def forward(self, inputs):
            return inputs.detach().sum(dim=2)

    with pytest.raises(ModelError, match="has no gradient"):
        si.optimize(Cut(), length=24, method="straight_through", steps=3, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "evolve", "population": 10.5}, "must be a whole number"),
        ({"method": "straight_through", "rate": float("nan")}, "must be a number"),
        ({"target": [0, 0], "method": "evolve", "prune": 0.1}, "prune needs one goal"),
        ({"method": "insert_motifs", "motifs": ["NNNN"]}, "all N"),
        ({"penalties": si.Penalties(also=lambda s: s.sum()), "steps": 2}, "one number per sequence"),
    ],
)
def test_settings_that_cannot_be_meant(options, message):
    with pytest.raises(InputError, match=message):
        si.optimize(conv(), device="cpu", **{"length": 24} | options)


def test_a_library_takes_no_options_and_gives_different_sequences():
    with pytest.raises(InputError, match="prune means nothing"):
        si.optimize(conv(), ["ACGT" * 6], method="screen", prune=0.1, device="cpu")
    found = si.optimize(conv(), ["ACGT" * 6] * 3, method="screen", count=3, device="cpu")
    assert found.sequences == ["ACGT" * 6]


def test_models_of_different_number_types_are_no_ensemble():
    with pytest.raises(InputError, match="different number types"):
        si.optimize([conv(), conv().double()], length=24, device="cpu")


def test_steps_may_be_numpy_integers():
    assert len(si.optimize(conv(), length=24, count=1, steps=np.int64(3), device="cpu")[0].trajectory) == 4
