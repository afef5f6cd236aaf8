"""`attribute`: the public call, its certificate and its refusals."""

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from cases import CASES, DNA_CASES
from naive.methods import ORACLES, expected, pairs
from seqinterp.api.catalogue import METHODS
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.tables import same_shape
from seqinterp.api.shared.score import refuse_odd_scores
from seqinterp.attribution.targets import margin
from seqinterp.errors import InputError, ModelError, ShapeError

CASE = DNA_CASES[0]
IMAGE = next(case for case in CASES if not case.dna)
PAIRS = pairs(METHODS, CASES)


@pytest.mark.parametrize(("name", "case"), PAIRS)
def test_equals_the_formula_and_says_so(name, case):
    model, inputs = case.model().eval(), case.inputs(3)
    zeros = {"baseline": "zeros"} if METHODS[name].dna_baseline != "zeros" else {}
    found = si.attribute(model, inputs, name, target=case.outputs - 1, device="cpu", **ORACLES[name].options, **zeros)
    wanted = expected(name, model, inputs, case.outputs - 1)
    if wanted is not None:
        torch.testing.assert_close(found.values, wanted, rtol=ORACLES[name].rtol, atol=ORACLES[name].atol)
    assert found.score.shape == (3,)
    assert found.certificate.batch_deviation < 1e-11
    assert found.certificate.output_kind == "logit" or case.name == "recurrent"  # an LSTM's outputs are squashed
    assert found.certificate.method == name
    assert (found.hypothetical is not None) == (case.dna and METHODS[name].hypothetical is not None)


def test_hypothetical_is_what_each_base_would_contribute():
    model, inputs = CASE.model(), CASE.inputs()
    found = si.attribute(model, inputs, "gradient_times_input", device="cpu")
    torch.testing.assert_close(found.hypothetical * inputs, found.values)
    gradient = si.attribute(model, inputs, "gradient", device="cpu").values
    torch.testing.assert_close(found.hypothetical, gradient)


def test_completeness_is_exact_where_the_theory_says_so():
    bias_free = nn.Sequential(nn.Conv1d(4, 3, 5, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2, bias=False))
    found = si.attribute(bias_free.double(), CASE.inputs(), device="cpu")
    assert found.certificate.completeness_error < 1e-12
    assert found.reference_score.tolist() == [0.0] * 5


def test_incompleteness_is_reported():
    model, inputs = CASE.model().eval(), CASE.inputs()
    found = si.attribute(model, inputs, device="cpu")
    owed = found.score - found.reference_score
    gap = (found.values.sum(dim=(1, 2)) - owed).abs()
    assert found.certificate.completeness_error == pytest.approx(float(gap.max()))
    assert found.certificate.completeness_error > 1e-3
    relative = float((gap / owed.abs()).max())
    assert found.certificate.relative_completeness_error == pytest.approx(relative)


def test_a_batch_dependent_model_is_found_out():
    class Mixing(nn.Module):
        def forward(self, inputs):
            return (inputs - inputs.mean(dim=0)).pow(2).sum(dim=(1, 2))

    found = si.attribute(Mixing(), CASE.inputs().float(), "gradient", device="cpu")
    assert found.certificate.batch_deviation > 0.1


def test_a_probability_is_recognised():
    model = nn.Sequential(CASE.model(), nn.Sigmoid())
    assert si.attribute(model, CASE.inputs(), device="cpu").certificate.output_kind == "probability"


def test_targets():
    model, inputs = CASE.model().eval(), CASE.inputs()
    both = si.attribute(model, inputs, "gradient", target=margin(1, 0), device="cpu").values
    one, zero = (si.attribute(model, inputs, "gradient", target=i, device="cpu").values for i in (1, 0))
    torch.testing.assert_close(both, one - zero)
    total = si.attribute(model, inputs, "gradient", target=lambda outputs: outputs.sum(dim=1), device="cpu").values
    torch.testing.assert_close(total, one + zero)


def test_arrays_and_other_number_types_are_accepted():
    model, inputs = CASE.model(), CASE.inputs()
    expected = si.attribute(model, inputs, device="cpu").values
    for same in (inputs.numpy(), inputs.float(), inputs.to(torch.int8), inputs.numpy().astype(np.float16)):
        torch.testing.assert_close(si.attribute(model, same, device="cpu").values, expected)


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "message"),
    [
        (["ACGT"], {}, InputError, "seqinterp.one_hot"),
        (torch.zeros(4), {}, ShapeError, "must have shape"),
        (torch.zeros(0, 4, 20), {}, InputError, "no example"),
        (torch.full((1, 4, 20), torch.nan), {}, InputError, "NaN"),
        (torch.zeros(2, 4, 20), {"method": "magic"}, InputError, "choose one of corrected_gradient,"),
        (torch.zeros(2, 4, 20), {"steps": 3}, InputError, "has no option 'steps'; it takes no options"),
        (torch.zeros(2, 4, 20), {"target": 7}, InputError, r"the model has 2 output\(s\)"),
        (torch.zeros(2, 20, 4), {"method": "mutagenesis"}, ShapeError, r"use inputs.transpose\(1, 2\)"),
        (torch.zeros(2, 3, 8, 8), {"method": "mutagenesis"}, ShapeError, "needs one-hot DNA"),
        (torch.ones(2, 4, 20), {"method": "mutagenesis"}, ShapeError, "add up to 1 or less"),
    ],
)
def test_bad_input_gets_one_clear_sentence(inputs, options, kind, message):
    from seqinterp.api.attribute import attribute

    with pytest.raises(kind, match=message) as caught:
        unchecked(attribute)(CASE.model(), inputs, device="cpu", **options)
    assert "\n" not in str(caught.value)


def unchecked(function):
    """The call as it is outside the tests, where types are not checked at run time."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def test_a_model_that_gives_nan_is_refused():
    model = nn.Sequential(nn.Flatten(), nn.Linear(80, 1)).double()
    with torch.no_grad():
        model[1].bias[0] = torch.nan
    with pytest.raises(ModelError, match="the score of example 0 is nan"):
        si.attribute(model, CASE.inputs(), device="cpu")


def test_a_target_that_gives_a_table_is_refused():
    with pytest.raises(ModelError, match=r"one number per example, shape \(3,\); it gave shape \(3, 2\)"):
        refuse_odd_scores(torch.zeros(3, 2), 3)


@pytest.mark.parametrize("name", METHODS)
def test_save_and_load(name, tmp_path):
    found = si.attribute(CASE.model(), CASE.inputs(), name, device="cpu", **ORACLES[name].options)
    found.save(tmp_path / "a.safetensors")
    again = Attribution.load(tmp_path / "a.safetensors")
    assert torch.equal(again.values, found.values)
    assert (again.hypothetical is None) == (found.hypothetical is None)
    assert found.hypothetical is None or torch.equal(again.hypothetical, found.hypothetical)
    assert again.certificate == found.certificate


def test_tables_and_plots():
    found = si.attribute(CASE.model(), CASE.inputs(), device="cpu")
    frame = found.to_frame()
    assert len(frame) == found.values.numel()
    row = frame[(frame["example"] == 2) & (frame["base"] == "G") & (frame["position"] == 7)]
    assert row["value"].item() == found.values[2, 2, 7].item()
    assert found.numpy().shape == found.values.shape
    assert found.plot(1).get_axes()


def test_parts_that_do_not_belong_together_are_refused():
    same_shape("values", None, torch.Size([5, 4, 20]))
    with pytest.raises(ShapeError, match=r"values has shape \(2, 4, 20\), but \(5, 4, 20\) belongs"):
        same_shape("values", torch.zeros(2, 4, 20), torch.Size([5, 4, 20]))


def test_results_do_not_change_with_the_callers_tensor():
    inputs = CASE.inputs()
    found = si.attribute(CASE.model(), inputs, device="cpu")
    kept = found.inputs.clone()
    inputs.zero_()
    assert torch.equal(found.inputs, kept)


def test_flipped_arrays_and_bfloat16_models_are_accepted():
    flipped = CASE.inputs().numpy()[:, ::-1, ::-1]
    expected = si.attribute(CASE.model(), flipped.copy(), device="cpu").values
    torch.testing.assert_close(si.attribute(CASE.model(), flipped, device="cpu").values, expected)
    found = si.attribute(CASE.model().to(torch.bfloat16), CASE.inputs(), device="cpu")
    assert found.numpy().dtype == np.float32


def test_models_that_return_tuples_are_explained_through_a_callable():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = CASE.model()

        def forward(self, inputs):
            return self.inner(inputs), inputs

    found = si.attribute(Pair(), CASE.inputs(), target=lambda outputs: outputs[0][:, 1], device="cpu")
    torch.testing.assert_close(found.values, si.attribute(CASE.model(), CASE.inputs(), target=1, device="cpu").values)
    assert found.certificate.output_kind == "logit"
    with pytest.raises(ModelError, match="returns a tuple"):
        si.attribute(Pair(), CASE.inputs(), device="cpu")


def test_n_columns_keep_what_their_references_had_there():
    model = CASE.model().eval()
    inputs = CASE.inputs(2)
    inputs[:, :, 5:8] = 0
    found = si.attribute(model, inputs, "deeplift", baseline=lambda x: torch.full_like(x, 0.25)[:, None], device="cpu")
    torch.testing.assert_close(found.values.sum((1, 2)), found.score - found.reference_score)
    assert found.certificate.verdict == "ok"


def test_a_score_that_depends_on_the_batch_is_found_out():
    class Normalising(nn.Module):
        def forward(self, inputs):
            hidden = inputs.flatten(1)
            return ((hidden - hidden.mean(0)) / (hidden.std(0, correction=0) + 1)).tanh() @ torch.arange(80.0)

    found = si.attribute(Normalising(), CASE.inputs(1).float(), "occlusion", device="cpu")
    assert "the first example's score changes" in found.certificate.verdict


def test_relevance_that_ends_nowhere_is_a_doubt():
    model = nn.Sequential(nn.Flatten(), nn.Linear(80, 5), nn.Softmax(dim=1)).double()
    assert (
        "ended in operations that do not hand it on"
        in si.attribute(model, CASE.inputs(), "lrp", device="cpu").certificate.verdict
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "integrated_gradients", "steps": 2.5}, "steps must be a whole number, not 2.5"),
        ({"method": "smoothgrad", "draws": "many"}, "draws must be a whole number, not 'many'"),
    ],
)
def test_options_of_a_wrong_kind_get_one_sentence(options, message):
    from seqinterp.api.attribute import attribute

    with pytest.raises(InputError, match=message):
        unchecked(attribute)(CASE.model(), CASE.inputs(), device="cpu", **options)
