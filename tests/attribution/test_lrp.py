"""Laws of relevance propagation: the ledger, the gradient, batches, twins."""

from functools import partial

import pytest
import torch
from torch import nn

from architectures import ARCHITECTURES
from cases import CASES
from naive import lrp as naive
from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.attribution.lrp import lrp
from seqinterp.attribution.notes import heard
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.lrp.composites import epsilon_gamma_box
from seqinterp.attribution.rules.lrp.terms import Epsilon, ZBox
from seqinterp.attribution.run import explain, scores
from seqinterp.attribution.targets import as_target, output
from seqinterp.errors import InputError, ModelError
from twins import TWINS, RcTwin

BOX = epsilon_gamma_box(-6.0, 6.0)
RULES = ["zero", "epsilon", "epsilon_plus", BOX]
# every architecture under two of the rules: one on sequences and one on images
LAWFUL = [
    pytest.param(case, rule, id=f"{case.name}-{'box' if rule is BOX else rule}")
    for cases in ([c for c in ARCHITECTURES if c.dna], [c for c in ARCHITECTURES if not c.dna])
    for number, case in enumerate(cases)
    for rule in [RULES[(number + 2 * case.dna) % 4]]
]
every_architecture = pytest.mark.parametrize("case", ARCHITECTURES, ids=lambda case: case.name)


def with_ledger(case, rule, *, dtype=torch.float64, **options):
    """Relevance, the sinks and the scores of a case."""
    score, inputs = Score(case.model().to(dtype), as_target(case.target)), case.inputs().to(dtype)
    with heard() as notes:
        relevance = explain(partial(lrp, rule=rule), score, inputs, device="cpu", **options)
    sinks = {sink: torch.cat(parts) for sink, parts in notes.ledger.items()}
    return relevance, sinks, scores(score, inputs, device="cpu").double()


def error(relevance, sinks, score):
    """What the ledger misses of every score, relative to the size of the scores."""
    total = relevance.double().flatten(1).sum(dim=1) + sum(sinks.values())
    return float((total - score).abs().max() / score.abs().mean())


class TestLedger:
    @pytest.mark.parametrize(("case", "rule"), LAWFUL)
    def test_relevance_and_sinks_are_the_score(self, case, rule):
        relevance, sinks, score = with_ledger(case, rule)
        assert relevance.shape == case.inputs().shape
        assert set(sinks) == {"bias", "epsilon", "remainder"}
        assert error(relevance, sinks, score) < 1e-10

    @every_architecture
    def test_in_single_precision(self, case):
        assert error(*with_ledger(case, "epsilon", dtype=torch.float32)) < 2e-5

    @pytest.mark.parametrize("rule", ["gamma", "alpha2beta1", "epsilon_plus_flat"])
    @pytest.mark.parametrize("case", ARCHITECTURES[::7], ids=lambda case: case.name)
    def test_under_other_rules(self, case, rule):
        assert error(*with_ledger(case, rule)) < 1e-9

    @pytest.mark.parametrize("case", [c for c in ARCHITECTURES if c.relu_without_bias], ids=lambda case: case.name)
    def test_without_biases_nothing_leaves(self, case):
        relevance, sinks, score = with_ledger(case, "zero")
        assert all(bool((left.abs() < 1e-14).all()) for left in sinks.values())
        torch.testing.assert_close(relevance.flatten(1).sum(dim=1), score)

    def test_a_large_epsilon_keeps_relevance(self):
        case = ARCHITECTURES[0]
        relevance, sinks, score = with_ledger(case, Epsilon(0.5))
        assert float(sinks["epsilon"].abs().min()) > 1e-3
        assert error(relevance, sinks, score) < 1e-10

    def test_by_hand(self):
        model = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1)).double()
        with torch.no_grad():
            for parameter, values in zip(model.parameters(), ([[2.0, 1.0]], [1.0], [[3.0]], [-1.0]), strict=True):
                parameter.copy_(torch.tensor(values))
        with heard() as notes:
            found = explain(
                partial(lrp, rule="zero"), Score(model, output(0)), torch.tensor([[1.0, 4.0]]).double(), device="cpu"
            )
        # relu(2 + 4 + 1) = 7, 3 * 7 - 1 = 20: biases take 3 * 1 - 1
        torch.testing.assert_close(found, torch.tensor([[6.0, 12.0]]).double())
        assert float(notes.ledger["bias"][0]) == pytest.approx(2.0)


PIECES = [
    case
    for case in ARCHITECTURES
    # kinks elsewhere than at zero
    if case.piecewise_linear and not case.name.startswith(("clamps", "leaky_rectifiers", "maximum_and_minimum"))
]


@pytest.mark.parametrize("case", PIECES, ids=lambda case: case.name)
def test_lrp_0_of_rectifiers_and_maxima_is_gradient_times_input(case):
    score, inputs = Score(case.model(), as_target(case.target)), case.inputs(unknown=True)
    found = explain(partial(lrp, rule="zero"), score, inputs, device="cpu")
    torch.testing.assert_close(found, explain(gradient_times_input, score, inputs, device="cpu"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_equals_its_formula(case):
    model, inputs, index = case.model().eval(), case.inputs(2), case.outputs - 1
    found = explain(lrp, Score(model, output(index)), inputs, device="cpu")
    torch.testing.assert_close(found, naive.lrp(model, inputs, index), rtol=1e-7, atol=1e-11)


# recurrent networks over many steps take a while when every function checks its types
SHORT = [case for case in ARCHITECTURES[::3] if not case.name.startswith(("lstm", "gru", "recurrent"))]


@pytest.mark.parametrize("case", SHORT, ids=lambda case: case.name)
def test_batch_and_order_change_nothing(case):
    whole, sinks, _ = with_ledger(case, "epsilon_plus")
    for size in (1, 2):
        parts, sinks_of_parts, _ = with_ledger(case, "epsilon_plus", batch_size=size)
        torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-11)
        for sink in sinks:
            torch.testing.assert_close(sinks_of_parts[sink], sinks[sink], rtol=1e-9, atol=1e-11)
    score = Score(case.model(), as_target(case.target))
    back = explain(partial(lrp, rule="epsilon_plus"), score, case.inputs().flip(0), device="cpu").flip(0)
    torch.testing.assert_close(back, whole, rtol=1e-9, atol=1e-11)


class TestTwins:
    def relevance(self, model, inputs, rule):
        return explain(partial(lrp, rule=rule), Score(model, output(1)), inputs, device="cpu")

    @pytest.mark.parametrize("rule", ["epsilon", "gamma", "epsilon_plus_flat"])
    @pytest.mark.parametrize(
        "twin",
        [twin for twin in TWINS if twin.exact_rules or twin.name == "norm after | folded"],
        ids=lambda twin: f"{twin.name}-{len(twin.shape)}",
    )
    def test_agree(self, twin, rule):
        if "unfold" in twin.name and rule == "epsilon_plus_flat":
            pytest.skip("a dense layer sees padding as inputs, and this composite treats it unlike a convolution")
        first, second = (self.relevance(m, twin.inputs(), rule) for m in (twin.build_a(), twin.build_b()))
        torch.testing.assert_close(first, second, rtol=1e-8, atol=1e-10)

    @pytest.mark.parametrize("name", ["nn.LSTM | loop", "attention | by hand", "nn.LayerNorm | by hand"])
    def test_what_is_opened_agrees_with_its_parts(self, name):
        for twin in TWINS:
            if twin.name == name:
                first, second = (self.relevance(m, twin.inputs(), "epsilon") for m in (twin.build_a(), twin.build_b()))
                torch.testing.assert_close(first, second, rtol=1e-8, atol=1e-10)

    @pytest.mark.parametrize(
        "case", [case for case in ARCHITECTURES[::9] if case.dna and isinstance(case.target, int)], ids=lambda c: c.name
    )
    def test_the_other_strand_mirrors(self, case):
        target, inputs = as_target(case.target), case.inputs()
        forth = explain(partial(lrp, rule="epsilon_plus"), Score(case.model(), target), inputs, device="cpu")
        other = Score(RcTwin(case.model()), target)
        back = explain(partial(lrp, rule="epsilon_plus"), other, inputs.flip((1, 2)), device="cpu")
        torch.testing.assert_close(back.flip((1, 2)), forth, rtol=1e-9, atol=1e-12)


class TestRefusals:
    @pytest.mark.parametrize("rule", ["lrp", 3, None])
    def test_of_rules(self, rule):
        case = CASES[0]
        with pytest.raises((InputError, TypeError), match=r"there is no LRP rule|rule must be|type|violates"):
            explain(partial(lrp, rule=rule), Score(case.model(), output(0)), case.inputs(1), device="cpu")

    def test_of_inputs_outside_the_box(self):
        case = CASES[0]
        rule = lambda layer: ZBox(0.2, 0.5)  # noqa: E731
        with pytest.raises(InputError, match="lie between 0 and 1"):
            explain(partial(lrp, rule=rule), Score(case.model(), output(0)), case.inputs(1), device="cpu")

    def test_of_pass_for_a_layer_that_changes_shape(self):
        case = CASES[0]
        with pytest.raises(InputError, match="give that layer another rule"):
            explain(partial(lrp, rule="pass"), Score(case.model(), output(0)), case.inputs(1), device="cpu")

    def test_of_a_score_without_slope(self):
        score = Score(nn.Flatten(), lambda outputs: outputs.detach().sum(dim=1))
        with pytest.raises(ModelError, match="differentiated"):
            explain(lrp, score, torch.ones(2, 4, 3), device="cpu")


def test_operations_without_a_rule_are_named():
    class Model(nn.Module):
        def forward(self, inputs):
            return torch.linalg.matrix_exp(inputs).sum(dim=(1, 2)).unsqueeze(1)

    inputs = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with heard() as notes:
        found = explain(lrp, Score(Model(), output(0)), inputs, device="cpu")
    score = scores(Score(Model(), output(0)), inputs, device="cpu")
    total = found.sum(dim=(1, 2)) + notes.ledger["remainder"][0]
    torch.testing.assert_close(total, score)
    assert notes.without_rule["linalg_matrix_exp"] > 0.01


@pytest.mark.parametrize("name", ["zero", "epsilon"])
def test_multipliers_at_absent_bases_do_not_reach_the_relevance(name):
    case = CASES[0]
    found = explain(partial(lrp, rule=name), Score(case.model(), output(0)), case.inputs(), device="cpu")
    assert bool((found[case.inputs() == 0] == 0).all())


class Crossed(nn.Module):
    """A number that no row owns, beside those that rows own; it changes nothing."""

    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Conv1d(4, 3, 3), nn.Linear(3, 1)

    def forward(self, inputs):
        hidden = torch.relu(self.a(inputs)).mean(dim=2)
        return self.head(hidden + 0 * (hidden.mean(dim=0) + 1))


def test_rows_that_cannot_be_told_apart_are_run_one_by_one():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Crossed().double()
    score, inputs = Score(model, output(0)), CASES[0].inputs(4)
    with heard() as notes:
        found = explain(lrp, score, inputs, device="cpu")
    total = found.sum(dim=(1, 2)) + sum(torch.cat(parts) for parts in notes.ledger.values())
    torch.testing.assert_close(total, scores(score, inputs, device="cpu"))
    torch.testing.assert_close(found, explain(lrp, score, inputs, batch_size=1, device="cpu"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    case = CASES[0]
    score = Score(case.model().to(dtype), output(0))
    found = explain(partial(lrp, rule="epsilon_plus_flat"), score, case.inputs(2).to(dtype), device="cpu")
    exact = explain(
        partial(lrp, rule="epsilon_plus_flat"), Score(case.model(), output(0)), case.inputs(2), device="cpu"
    )
    torch.testing.assert_close(found, exact.float(), rtol=0.05, atol=0.1 * float(exact.abs().max()))
