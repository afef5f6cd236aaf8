"""The lists of architectures and twins are sound: what they say of themselves is so, and nothing named is missing."""

import copy
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch.overrides import TorchFunctionMode

from architectures import ARCHITECTURES, BLUEPRINTS, DNA_ARCHITECTURES
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from twins import TWINS, RcTwin

EVERY = pytest.mark.parametrize("case", ARCHITECTURES, ids=lambda case: case.name)
CALLED = """
relu relu_ clamp clamp_ clamp_min clamp_max _threshold leaky_relu prelu relu6 hardtanh hardswish hardsigmoid gelu silu
mish elu celu selu softplus softsign exp sigmoid log_sigmoid tanh abs sqrt square log log1p reciprocal rsqrt pow
max_pool1d max_pool2d max_pool1d_with_indices max_pool2d_with_indices avg_pool1d avg_pool2d
adaptive_max_pool1d adaptive_max_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
amax amin mean sum max min logsumexp median topk sort std var norm
batch_norm layer_norm rms_norm group_norm instance_norm normalize cosine_similarity cdist
cat stack split chunk unbind glu mul mul_ add_ sub_ softmax log_softmax multi_head_attention_forward
scaled_dot_product_attention bmm matmul lstm gru rnn_tanh rnn_relu lstm_cell gru_cell
where maximum minimum fmax masked_fill __setitem__ pad index_select cumsum einsum
interpolate conv_transpose1d conv_transpose2d unfold conv1d conv2d linear embedding dropout dropout1d dropout2d
div neg movedim unflatten squeeze logaddexp hypot addcmul expand permute transpose reshape view flatten roll flip
erf sin cos atan atan2 special_i0e
""".split()  # noqa: SIM905


class Names(TorchFunctionMode):
    """Collects the names of all functions of torch that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen.add(getattr(func, "__name__", ""))
        return func(*args, **kwargs or {})


def score_of(case):
    return Score(case.model(), as_target(case.target))


def drift(score, start, end, steps):
    """The largest change of the score from one to the next of `steps` points between two inputs."""
    along = torch.linspace(0, 1, steps + 1, dtype=start.dtype).view(-1, *[1] * start.ndim)
    return score(start + along * (end - start)).diff().abs().max()


def test_there_are_enough():
    assert len(DNA_ARCHITECTURES) == len(BLUEPRINTS) >= 40
    assert len(ARCHITECTURES) == 2 * len(BLUEPRINTS)
    assert len({case.name for case in ARCHITECTURES}) == len(ARCHITECTURES)
    assert sum(plan.linear for plan in BLUEPRINTS) >= 2
    assert sum(plan.relu_without_bias for plan in BLUEPRINTS) >= 2
    assert sum(plan.outputs == 1 for plan in BLUEPRINTS) >= 3
    with pytest.raises(FrozenInstanceError):
        ARCHITECTURES[0].name = "other"


def test_every_construct_is_called():
    pairs = [(case.model(), case.inputs(2)) for case in ARCHITECTURES]
    with torch.no_grad(), Names() as names:
        for model, inputs in pairs:
            model(inputs)
    assert not set(CALLED) - names.seen


def test_inputs_are_one_hot_or_signed():
    dna, image = ARCHITECTURES[0], ARCHITECTURES[-1]
    assert torch.equal(dna.inputs().sum(dim=1), torch.ones(5, 12, dtype=torch.float64))
    assert (dna.inputs(unknown=True).sum(dim=1) == 0).any(dim=1).tolist() == [True, False, True, False, True]
    assert torch.equal(dna.inputs(unknown=True)[1], dna.inputs()[1])
    assert image.inputs().min() < -1 < 1 < image.inputs().max()
    assert (image.inputs(unknown=True)[0] == 0).all(dim=0).any()
    assert torch.equal(image.inputs(), image.inputs())


@EVERY
class TestArchitecture:
    def test_one_number_per_example(self, case):
        score = score_of(case)
        for inputs in (case.inputs(), case.inputs(unknown=True)):
            with torch.no_grad():
                found, at_zeros = score(inputs), score(case.zeros())
            assert found.shape == (5,)
            assert found.dtype == torch.float64
            assert torch.isfinite(found).all()
            assert ((found - at_zeros).abs() > 0.02 * torch.maximum(found.abs(), at_zeros.abs())).all()

    def test_outputs_are_as_many_as_it_says(self, case):
        with torch.no_grad():
            outputs = case.model()(case.inputs(3))
        if isinstance(case.target, int):
            assert outputs.shape == ((3, case.outputs) if case.outputs > 1 else (3,))
            assert not case.probability or (outputs.min() >= 0 and outputs.max() <= 1)

    def test_the_score_depends_on_the_inputs(self, case):
        inputs = case.inputs().requires_grad_()
        found = score_of(case)(inputs)
        (slopes,) = torch.autograd.grad(found.sum(), inputs)
        assert found.std() > 0.02
        assert torch.isfinite(slopes).all()
        assert ((slopes.abs().amax(dim=1) > 1e-6).flatten(1).double().mean(dim=1) > 0.25).all()

    def test_an_example_knows_nothing_of_its_batch(self, case):
        score, inputs = score_of(case), case.inputs(unknown=True)
        with torch.no_grad():
            alone = torch.cat([score(row) for row in inputs.split(1)])
            torch.testing.assert_close(score(inputs), alone, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(score(inputs.flip(0)).flip(0), alone, rtol=1e-10, atol=1e-12)

    def test_it_is_built_the_same_twice_and_leaves_inputs_alone(self, case):
        inputs = case.inputs(2)
        before, state = inputs.clone(), torch.random.get_rng_state()
        with torch.no_grad():
            assert torch.equal(score_of(case)(inputs), score_of(case)(inputs))
        assert torch.equal(inputs, before)
        assert torch.equal(torch.random.get_rng_state(), state)

    def test_single_precision_is_the_same_function(self, case):
        inputs, score = case.inputs(), score_of(case)
        single = Score(case.model().float(), as_target(case.target))
        with torch.no_grad():
            torch.testing.assert_close(single(inputs.float()).double(), score(inputs), rtol=1e-4, atol=1e-5)

    @torch.no_grad()
    def test_the_flags_are_true(self, case):
        score, inputs = score_of(case), case.inputs()
        at_zeros = score(case.zeros())
        sums = score(inputs + inputs.flip(0)) + at_zeros
        assert torch.allclose(sums, score(inputs) + score(inputs.flip(0)), atol=1e-9) == case.linear
        scaled = torch.allclose(score(2 * inputs), 2 * score(inputs), atol=1e-9) and abs(at_zeros) < 1e-12
        assert scaled == case.relu_without_bias
        aside, step = 0.05 * torch.randn(2, *inputs.shape, generator=torch.Generator().manual_seed(2)).double()
        aside, step = inputs + aside, 1e-3 * step  # equal words in a sequence tie in every pool: the pieces meet there
        bends = (score(aside + step) - 2 * score(aside) + score(aside - step)).abs()
        assert (bends.median() < 1e-12) == case.piecewise_linear
        coarse, fine = (drift(score, inputs[0], inputs[1], steps) for steps in (64, 1024))
        assert (fine < 0.5 * coarse) == case.continuous

    def test_it_can_be_copied_and_knows_no_hooks(self, case):
        model, inputs = case.model(), case.inputs(2)
        twin = copy.deepcopy(model)
        with torch.no_grad():
            before = as_target(case.target)(model(inputs))
            for weights in model.parameters():
                weights.zero_()
            assert torch.equal(as_target(case.target)(twin(inputs)), before)
        assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.modules())
        assert not any(m.training for m in model.modules())


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{twin.name} | {len(twin.shape) - 1}d")
class TestTwin:
    def test_outputs_agree(self, twin):
        a, b, inputs = twin.build_a(), twin.build_b(), twin.inputs()
        assert inputs.shape[1:] == twin.shape
        with torch.no_grad():
            found = a(inputs)
            torch.testing.assert_close(b(inputs), found, rtol=1e-12, atol=1e-12)
        assert found.std(dim=0).max() > 0.02
        assert twin.exact_rules or twin.why

    def test_slopes_agree(self, twin):
        inputs = twin.inputs().requires_grad_()
        slopes = [
            torch.autograd.grad(model(inputs)[:, 1].sum(), inputs)[0] for model in (twin.build_a(), twin.build_b())
        ]
        torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-12)


def test_twins_differ_in_name():
    assert len({(twin.name, twin.shape) for twin in TWINS}) == len(TWINS) > 50


def test_the_reverse_complement_twin_reads_the_other_strand():
    case = DNA_ARCHITECTURES[0]
    model, inputs = case.model(), case.inputs()
    with torch.no_grad():
        assert torch.equal(RcTwin(model)(inputs.flip((1, 2))), model(inputs))
        assert not torch.allclose(RcTwin(model)(inputs), model(inputs))
