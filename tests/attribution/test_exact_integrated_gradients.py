"""Exact integrated gradients: the closed form, the sum over breakpoints, brute force, and what is refused."""

from dataclasses import dataclass
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import Tensor, nn

from architectures import ARCHITECTURES
from naive import integrated as naive
from seqinterp.attribution import notes
from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.exact_integrated_gradients import (
    exact_integrated_gradients,
    hypothetical_exact_integrated_gradients,
)
from seqinterp.attribution.integrated_gradients import integrated_gradients
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.pieces.cuts import linear_pieces
from seqinterp.attribution.run import explain, scores
from seqinterp.attribution.targets import as_target, output
from seqinterp.errors import InputError, ModelError
from twins import ANY_RELU, LOOSE_RELU, Call
from zoo.kit import Net

# what torch says of itself when its forward derivatives are first used
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
PIECEWISE = [case for case in ARCHITECTURES if case.piecewise_linear and case.continuous][::2]


@dataclass(frozen=True)
class drawn:
    """Normal numbers, the same for every example."""

    draws: int = 2

    def __call__(self, inputs):
        generator = torch.Generator().manual_seed(4)
        one = torch.randn(self.draws, *inputs.shape[1:], generator=generator, dtype=torch.float64).to(inputs)
        return one.expand(len(inputs), *one.shape)


def exact(model, inputs, *, target=0, batch_size=None, **options):
    score = Score(model, as_target(target))
    method = partial(exact_integrated_gradients, **options)
    return explain(method, score, inputs, device="cpu", batch_size=batch_size)


def signed(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def around(middle, *, bias=True):
    """Two dense layers around something over six numbers, twice."""
    torch.manual_seed(2)
    last = nn.LazyLinear(1, bias=bias)
    model = nn.Sequential(nn.Linear(5, 6, bias=bias), Call(middle), nn.LazyLinear(6, bias=bias), Call(middle), last)
    model = model.double()
    model(torch.zeros(1, 5, dtype=torch.float64))
    return model


def _in_place(hidden):
    hidden = hidden * 1
    hidden -= 0.1
    hidden[:, 2] = hidden[:, 1] - hidden[:, 3]
    hidden.relu_()
    return F.leaky_relu(hidden - 0.05, 0.5, inplace=True)


def _folded(hidden):
    return hidden.reshape(-1, 3).relu().amax(dim=1).reshape(len(hidden), 2)


def _apart(hidden):
    return torch.cat(hidden.chunk(2, dim=1)).relu().view(2, len(hidden), 3).sum(0)


def _rows_last(hidden):
    return hidden.T.maximum(0.3 * hidden.T.flip(0)).T


BOUNDS = torch.tensor([-0.5, -0.2, 0.0, 0.1, 0.2, 0.3], dtype=torch.float64)
SLOPES = torch.tensor([0.25], dtype=torch.float64)
MIDDLES = {
    "relu": F.relu,
    "leaky relu": lambda h: F.leaky_relu(h, 0.3),
    "prelu": lambda h: F.prelu(h, SLOPES),
    "relu6, hardsigmoid": lambda h: F.hardsigmoid(F.relu6(8 * h)),
    "clamp": lambda h: h.clamp(-0.3, 0.4),
    "clamp by tensors": lambda h: torch.clamp(h, min=BOUNDS, max=BOUNDS + 0.4),
    "clamp by live bounds": lambda h: torch.clamp(h, max=h.flip(1)),
    "hardtanh": lambda h: F.hardtanh(h, max_val=0.1, min_val=-0.4),
    "softshrink": lambda h: F.softshrink(h, 0.1),
    "abs": torch.abs,
    "minus the larger": lambda h: h - torch.maximum(h, h.roll(1, 1)),
    "minimum with numbers": lambda h: torch.minimum(BOUNDS, h),
    "fmin": lambda h: torch.fmin(h, 2 * h.flip(1)),
    "where": lambda h: torch.where(h > 0.1, h, 0.7 * h + 0.03),
    "where of two": lambda h: torch.where(h.flip(1) <= h, h, h.flip(1)),
    "masks": lambda h: h * (h > 0) - 0.5 * h * (h <= 0).double(),
    "max pool": lambda h: F.max_pool1d(h.unsqueeze(1), 3, 1, padding=1).squeeze(1),
    "adaptive max pool": lambda h: F.adaptive_max_pool1d(h.unsqueeze(1), 4).squeeze(1),
    "max and amin": lambda h: torch.cat([h.max(dim=1, keepdim=True)[0], h.view(-1, 2, 3).amin(dim=2)], 1),
    "masked by infinities": lambda h: h.masked_fill(BOUNDS == 0.1, -torch.inf).unflatten(1, (2, 3)).amax(dim=1),
    "sort": lambda h: h.sort(dim=1, descending=True)[0],
    "topk and kthvalue": lambda h: torch.cat([h.topk(3, dim=1)[0], h.kthvalue(2, dim=1, keepdim=True)[0]], 1),
    "median": lambda h: h.unflatten(1, (2, 3)).median(dim=2).values,
    "in place": _in_place,
    "folded": _folded,
    "folded apart": _apart,
    "rows last": _rows_last,
}
ALL = pytest.mark.parametrize("middle", MIDDLES.values(), ids=MIDDLES)


@ALL
class TestTinyNets:
    def test_the_sum_over_breakpoints(self, middle):
        model, inputs = around(middle), 2 * signed(2, 5)
        expected = naive.exact_integrated_gradients(model, inputs, references=drawn()(inputs))
        found = exact(model, inputs, baseline=drawn())
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9 * float(expected.abs().max()))

    def test_brute_force(self, middle):
        model, inputs = around(middle), 2 * signed(1, 5, seed=1)
        expected = naive.integrated_gradients(model, inputs, references=drawn(1)(inputs), steps=200_000)
        found = exact(model, inputs, baseline=drawn(1))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))

    def test_the_score_is_linear_on_every_piece(self, middle):
        model, inputs = around(middle), 3 * signed(3, 5, seed=2)
        score, starts = Score(model, output(0)), -inputs.flip(0)
        found = linear_pieces(score, starts, inputs, 4096)
        a, b, c = (
            score(found.points(starts, inputs, found.start + part * (found.stop - found.start)))
            for part in (0.0, 0.3, 1.0)
        )
        torch.testing.assert_close(b, 0.7 * a + 0.3 * c, rtol=1e-11, atol=1e-13)
        covered = torch.zeros(3, dtype=torch.float64).index_add_(0, found.path, found.stop - found.start)
        torch.testing.assert_close(covered, torch.ones(3, dtype=torch.float64), rtol=1e-12, atol=0)
        assert len(found) > 3


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 12))
def test_one_hidden_layer_in_closed_form(seed, width):
    """Unit j is on for the part of the way that lies beyond (or before) its kink at -b_j / (w_j . x)."""
    w, b, a, inputs = (signed(*shape, seed=seed) for shape in ((width, 4), (width,), (1, width), (3, 4)))
    model = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 1)).double()
    model[0].weight.data, model[0].bias.data, model[2].weight.data = w, b, a
    rise = inputs @ w.T
    kink = -b / rise
    inside = (kink > 0) & (kink < 1)
    on = torch.where(inside, torch.where(rise > 0, 1 - kink, kink), (b + rise / 2 > 0).double())
    torch.testing.assert_close(exact(model, inputs), (on * a) @ w * inputs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", PIECEWISE, ids=lambda case: case.name)
class TestArchitectures:
    def test_many_pieces_tend_to_it_and_the_adaptive_method_keeps_its_word(self, case):
        inputs, score = case.inputs(1), Score(case.model(), as_target(case.target))
        found = exact(case.model(), inputs, target=case.target)
        largest = found.flatten(1).abs().amax(1)
        fine = explain(partial(integrated_gradients, steps=2048), score, inputs, device="cpu")
        assert ((fine - found).flatten(1).abs().amax(1) <= 1e-4 * largest).all()
        with notes.heard() as heard:
            adaptive = explain(integrated_gradients, score, inputs, device="cpu")
        stated = torch.cat(heard.stated_error)
        assert ((adaptive - found).flatten(1).abs().amax(1) <= stated).all()

    def test_it_is_complete_and_batch_and_order_change_nothing(self, case):
        inputs, score = case.inputs(2, unknown=case.dna), Score(case.model(), as_target(case.target))
        with notes.heard() as heard:
            found = exact(case.model(), inputs, target=case.target, baseline=drawn())
        ends = scores(score, drawn()(inputs).flatten(0, 1), device="cpu").view(2, 2).mean(1)
        torch.testing.assert_close(
            found.flatten(1).sum(1), scores(score, inputs, device="cpu") - ends, rtol=1e-11, atol=1e-12
        )
        assert not heard.warnings
        parts = exact(case.model(), inputs.flip(0), target=case.target, baseline=drawn(), batch_size=64).flip(0)
        torch.testing.assert_close(parts, found, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("relu", [*ANY_RELU.values(), *LOOSE_RELU.values()], ids=[*ANY_RELU, *LOOSE_RELU])
def test_every_way_to_write_a_rectifier(relu):
    inputs = signed(3, 5)
    torch.testing.assert_close(exact(around(relu), inputs), exact(around(F.relu), inputs), rtol=1e-11, atol=1e-13)


def test_several_references_are_a_mean():
    model, inputs = around(F.relu), signed(3, 5)

    def one(draw):
        return lambda inputs: drawn(3)(inputs)[:, draw : draw + 1]

    each = torch.stack([exact(model, inputs, baseline=one(draw)) for draw in range(3)])
    torch.testing.assert_close(exact(model, inputs, baseline=drawn(3)), each.mean(0))


def test_hypothetical_contributions():
    torch.manual_seed(0)
    layers = [nn.Conv1d(4, 5, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(25, 1)]
    score = Score(nn.Sequential(*layers).double(), output(0))
    inputs = F.one_hot(torch.randint(4, (3, 12)), 4).transpose(1, 2).double()
    found = explain(hypothetical_exact_integrated_gradients, score, inputs, device="cpu")
    torch.testing.assert_close(found * inputs, explain(exact_integrated_gradients, score, inputs, device="cpu"))


class TestHardPlaces:
    def count(self, model, inputs, starts=None):
        starts = torch.zeros_like(inputs) if starts is None else starts
        return len(linear_pieces(Score(model, output(0)), starts, inputs, 4096))

    def test_without_biases_a_ray_from_zero_is_one_piece(self):
        model, inputs = around(F.relu, bias=False), signed(4, 5)
        assert self.count(model, inputs) == 4
        with torch.enable_grad():
            leaf = inputs.clone().requires_grad_()
            (slope,) = torch.autograd.grad(model(leaf).sum(), leaf)
        torch.testing.assert_close(exact(model, inputs), slope * inputs, rtol=1e-12, atol=1e-14)

    def test_from_a_reference_that_is_the_input(self):
        model, inputs = around(F.relu), signed(2, 5)
        assert self.count(model, inputs, inputs) == 2
        assert not exact(model, inputs, baseline=lambda inputs: inputs.unsqueeze(1)).any()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_zeros_up_to_rounding_make_no_pieces(self, dtype):
        """The sums cancel in exact arithmetic; what is left of them changes its sign at random."""
        torch.manual_seed(0)
        weight = torch.randn(40, 30, dtype=dtype)

        def forward(self, inputs):
            forth = inputs @ weight.T
            back = (inputs.flip(1) @ weight.flip(1).T) * (1 / 3) * 3
            return F.relu(torch.stack([forth - back, forth], 2)).amax(dim=1).sum(dim=1, keepdim=True)

        inputs = torch.randn(3, 30, dtype=dtype)
        count = self.count(Net(forward), inputs, -inputs.flip(0))
        assert count < 3 * 40

    def test_ties_of_repeated_sequences(self):
        """Equal windows hold equal numbers: the winner of a tie makes no difference to where the path bends."""
        torch.manual_seed(1)
        layers = [nn.Conv1d(4, 6, 3), nn.MaxPool1d(4), nn.ReLU(), nn.Conv1d(6, 4, 3), nn.ReLU(), nn.Flatten()]
        model = nn.Sequential(*layers, nn.Linear(4 * 7, 1)).double()
        inputs = F.one_hot(torch.arange(38)[None] % 4, 4).transpose(1, 2).double()
        found = exact(model, inputs)
        change = scores(Score(model, output(0)), torch.cat([inputs, 0 * inputs]), device="cpu")
        torch.testing.assert_close(found.sum(), change[0] - change[1], rtol=1e-12, atol=0)
        expected = naive.exact_integrated_gradients(model, inputs)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)

    def test_all_kinks_at_one_place(self):
        model = nn.Sequential(nn.Linear(3, 50), nn.ReLU(), nn.Linear(50, 1)).double()
        with torch.no_grad():
            model[0].bias.copy_(-0.25 * model[0].weight.sum(1))
        assert self.count(model, torch.ones(1, 3, dtype=torch.float64)) == 2

    def test_single_precision(self):
        model, inputs = around(F.relu), signed(4, 5)
        expected = exact(model, inputs, baseline=drawn())
        found = exact(model.float(), inputs.float(), baseline=drawn())
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-6 * float(expected.abs().max()))

    def test_a_jump_is_spoken_of(self):
        with notes.heard() as heard:
            exact(around(lambda h: torch.where(h > 0, h + 2, h)), 2 * signed(3, 5))
        assert any("the score jumps along" in warning for warning in heard.warnings)


REFUSED = {
    "gelu": F.gelu,
    "sigmoid": torch.sigmoid,
    "softmax": lambda h: h.softmax(dim=1),
    "mul": lambda h: h * h.flip(1),
    "div": lambda h: h / h.sum(dim=1, keepdim=True),
    "layer_norm": lambda h: F.layer_norm(h, (6,)),
    "hardswish": F.hardswish,
    "round": torch.round,
    "argmax": lambda h: h * F.one_hot(h.argmax(dim=1), 6),
    "item": lambda h: h * h[0, 0].item(),
    "detach": lambda h: h * h.detach(),
    "to": lambda h: h * h.to(torch.long),
}


@pytest.mark.parametrize("word", list(REFUSED))
def test_operations_that_are_not_linear_in_pieces_are_refused_by_name(word):
    with pytest.raises(ModelError, match=f"runs '{word}', which is not known to be linear in pieces.*use 'integrated"):
        exact(around(REFUSED[word]), signed(2, 5))


@pytest.mark.parametrize("mixed", [torch.amax, torch.median, torch.amin], ids=lambda function: function.__name__)
def test_examples_that_are_mixed_are_refused(mixed):
    with pytest.raises(ModelError, match=r"cannot be seen which numbers at '(amax|median|amin)'"):
        exact(around(lambda h: h + mixed(h)), signed(2, 5))


def test_a_scripted_model_is_refused():
    with pytest.warns(DeprecationWarning):
        scripted = torch.jit.script(nn.Sequential(nn.Linear(5, 1)).double())
    with pytest.raises(ModelError, match="TorchScript"):
        exact(scripted, signed(2, 5))


def test_too_many_pieces():
    with pytest.raises(InputError, match=r"more than 3 linear pieces.*raise `pieces`, or use 'integrated_gradients'"):
        exact(around(F.relu), 3 * signed(2, 5), pieces=3, baseline=drawn(1))


def test_bad_options():
    def never(inputs: Tensor):
        raise AssertionError("the model was called")

    with pytest.raises(InputError, match="pieces must be 1 or more, not 0"):
        exact(Call(never), signed(2, 5), pieces=0)
    with pytest.raises(InputError, match=r"need single or double precision, not torch\.float16"):
        exact(Call(never), signed(2, 5).half())


def test_zeros_are_the_baseline():
    model, inputs = around(F.relu), signed(2, 5)
    assert torch.equal(exact(model, inputs), exact(model, inputs, baseline=zeros))
