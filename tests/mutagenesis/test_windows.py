"""Edits in batched windows of torch have the effects of forward passes, on any plan, in either precision."""

import gc
import weakref
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from edited_networks import EXACT, LUCK, NETWORKS, shared_model
from edited_zoo import fastism_joined, fastism_plain
from edited_zoo.fastism_kit import Case
from naive import mutagenesis as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.kernels.deltas import maps
from seqinterp.mutagenesis import windows
from seqinterp.mutagenesis.edits import Edits, between, offsets
from seqinterp.mutagenesis.plan import make_plan
from seqinterp.mutagenesis.steps import Curve, Step
from seqinterp.mutagenesis.trace import trace
from seqinterp.mutagenesis.windowed import part, products
from seqinterp.mutagenesis.windowed.chunk import Chunk, Sequencewise, Tables
from seqinterp.mutagenesis.windowed.curves import evaluate
from seqinterp.mutagenesis.windowed.frames import Frames, frames_of
from seqinterp.mutagenesis.windowed.rules import apply
from seqinterp.mutagenesis.windows import windowed_effects

NAMED = {network.name: network for network in NETWORKS}
# what the model's code computes from its weights is a constant of the plan, in the precision it was traced in
COMPUTED_CONSTANTS = ("weight_norm", "positions_weighted")
# the code of these cannot be followed, or takes another way for other sequences
NO_PLAN = ("inputs_changed_in_place", "through_numpy", "one_example_at_a_time", "inputs_ignored")
LONG = 200


@cache
def planned(network, target):
    """The plan of one output of a network."""
    return make_plan(trace(Score(shared_model(network), as_target(target)), network.inputs(2)))


def cases():
    """Every fourth network, and those of fastISM with their first output."""
    for network in (network for network in NETWORKS[::4] if network.name not in NO_PLAN):
        yield network.name, network, network.target
    for module in (fastism_plain, fastism_joined):
        for value in vars(module).values():
            for case in value if isinstance(value, list) else [value]:
                if isinstance(case, Case):
                    yield f"fastism-{case.name}", case.network, case.heads[0]


CASES = [pytest.param(network, target, id=name) for name, network, target in cases()]
EVERY = pytest.mark.parametrize(("network", "target"), CASES)
SOME = [
    "valid_then_dense",
    "Basset",
    "DeepBind",
    "bpnet_both_heads_counts",
    "UNetTransposed",
    "LegNet",
    "transformer_encoder",
]
FEW = pytest.mark.parametrize("network", [NAMED[name] for name in SOME], ids=SOME)


def one_base(inputs, most=200):
    """Rows with one base changed, at most so many of all, and the sequences they were made from."""
    generator = torch.Generator().manual_seed(0)
    positions = torch.randperm(inputs.shape[2], generator=generator)[: 6 if inputs.shape[2] > LONG else None]
    rows, example, *_ = naive.every_edit(inputs, positions.tolist())
    chosen = torch.randperm(len(rows), generator=generator)[:most]
    return rows[chosen], example[chosen]


def wide(inputs):
    """Rows with several columns changed; the last one is the sequence itself."""
    rows, length = inputs[torch.arange(6) % 2].clone(), inputs.shape[2]
    rows[0, :, : length // 4] = 0
    rows[1, :, length // 3 : length // 3 + 10] = 0
    rows[2, :, [2, length - 3]] = rows[2, :, [length - 3, 2]].flip(1)
    rows[3, :, length // 2] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    rows[4] = rows[4].roll(1, dims=-1)
    return rows, torch.arange(6) % 2


def all_kinds(inputs):
    """Both, one after the other."""
    return (torch.cat(pair) for pair in zip(one_base(inputs), wide(inputs), strict=True))


def found(network, inputs, edits, **options):
    function = Score(shared_model(network), as_target(network.target))
    return windowed_effects(function, planned(network, network.target), inputs, edits, **options)


@EVERY
def test_forward_passes_in_double_precision(network, target):
    """In single precision within EXACT of the largest effect; in double precision as good as the same numbers."""
    model, inputs = shared_model(network), network.inputs(2)
    rows, example = all_kinds(inputs)
    function = Score(model, as_target(target))
    plan = planned(network, target)
    truth = naive.edited_effects(model, inputs, rows, example, index=target)
    edits = between(inputs, rows, example)
    effects = windowed_effects(function, plan, inputs, edits)
    assert effects.dtype == torch.float32
    error = float((effects - truth).abs().max())
    if not error <= EXACT * float(truth.abs().max()):
        assert error <= LUCK * naive.float32_edited_error(model, inputs, rows, example, truth, index=target)
    assert effects[-1] == 0
    if network.name not in COMPUTED_CONSTANTS:
        doubled = Score(naive.doubled(model), as_target(target))
        exact = windowed_effects(doubled, plan, inputs.double(), edits, dtype=torch.float64)
        assert exact.dtype == torch.float64
        assert (exact - truth).abs().max() <= 1e-10 * truth.abs().max()


@EVERY
@pytest.mark.parametrize("span", [5])
def test_windows_hold_all_that_an_edit_reaches(network, target, span):
    plan = planned(network, target)
    low = np.arange(plan.length)
    frames = frames_of(plan, span)
    for layer, (first, stop) in plan.windows(low, np.minimum(low + span, plan.length)).items():
        frame, some = frames.layers[layer], first < stop
        assert frame.width <= frame.length == plan.layers[layer].length
        assert (frame.first[some] <= first[some]).all()
        assert (frame.first[some] + frame.width >= stop[some]).all()


@EVERY
def test_steps_stay_on_the_device_and_read_nothing_back(network, target):
    """On a device without numbers any reading of one, and any tensor made elsewhere, is an error."""
    plan, device = planned(network, target), torch.device("meta")
    low = np.arange(0, plan.length, 7)
    example = torch.zeros(len(low), dtype=torch.int64, device=device)
    layers = {
        number: torch.empty(2, layer.length, layer.channels, device=device) for number, layer in enumerate(plan.layers)
    }
    frames = frames_of(plan, 3)
    chunk = Chunk(frames, Tables(device), torch.float32, low, example, example, Sequencewise(layers))
    chunk.changes[0] = torch.empty(len(low), frames.layers[0].width, plan.layers[0].channels, device=device)
    for step in plan.steps:
        chunk.changes[step.target] = apply(step, chunk)
        frame, channels = frames.layers[step.target], plan.layers[step.target].channels
        assert chunk.changes[step.target].shape == (len(low), frame.width, channels)
        assert chunk.changes[step.target].device == device


@pytest.mark.parametrize(
    "network", [n for n in NETWORKS if n.local and n.name not in NO_PLAN], ids=lambda network: network.name
)
def test_nothing_where_the_score_does_not_see(network):
    """Exactly zero, where no part of the model is computed by its own code."""
    if planned(network, network.target).in_full:
        pytest.skip("a part of it is computed by its own code")
    inputs = network.inputs(2)
    rows, example = one_base(inputs)
    edits = between(inputs, rows, example)
    first, stop = network.local
    outside = (edits.position < first) | (edits.position >= stop)
    assert not found(network, inputs, edits)[outside].any()


@FEW
class TestHowTheWorkIsCut:
    @pytest.mark.parametrize("most", [16])
    def test_edits_at_once(self, network, most, monkeypatch):
        inputs = network.inputs(3)
        edits = between(inputs, *all_kinds(inputs))
        expected = found(network, inputs, edits)
        monkeypatch.setattr(part, "MOST_EDITS", most)
        assert_same(found(network, inputs, edits), expected)

    def test_sequences_at_once(self, network, monkeypatch):
        inputs = network.inputs(5)
        edits = between(inputs, *one_base(inputs, 60))
        expected = found(network, inputs, edits)
        for numbers in (1, 2 * sum(layer.length * layer.channels for layer in planned(network, network.target).layers)):
            monkeypatch.setitem(windows.SEQUENCES, "cpu", numbers)
            assert_same(found(network, inputs, edits), expected)

    def test_the_order_of_edits_is_kept(self, network):
        inputs = network.inputs(2)
        edits = between(inputs, *all_kinds(inputs))
        order = torch.randperm(len(edits), generator=torch.Generator().manual_seed(4))
        assert_same(found(network, inputs, edits.take(order)), found(network, inputs, edits)[order])

    def test_half_as_many_when_memory_runs_out(self, network, monkeypatch):
        inputs = network.inputs(2)
        edits = between(inputs, *one_base(inputs, 60))
        expected = found(network, inputs, edits)
        tried = []

        def scarce(step: Step, chunk):
            if chunk.before is not None:
                tried.append(len(chunk.example))
                if tried[-1] > 16:
                    raise torch.OutOfMemoryError("the device is full")
            return apply(step, chunk)

        monkeypatch.setattr(part, "apply", scarce)
        assert_same(found(network, inputs, edits), expected)
        assert max(tried) == 60 and min(tried) <= 15


@pytest.mark.parametrize("name", ["crop_of_the_inputs", "causal", "valid_then_dense", "Basset"])
def test_dense_layers_of_the_window_or_of_all_rows(name, monkeypatch):
    """The same, whichever is less work; windows may lie wholly beside a layer that was cut."""
    network = NAMED[name]
    inputs = network.inputs(2)
    rows, example = all_kinds(inputs)
    truth = naive.edited_effects(shared_model(network), inputs, rows, example, index=network.target)
    for few in (0, 2**40):
        monkeypatch.setattr(products, "FEW_RUNS", few)
        effects = found(network, inputs, between(inputs, rows, example))
        assert (effects - truth).abs().max() <= EXACT * truth.abs().max()


def assert_same(effects, expected):
    """Up to rounding."""
    assert (effects - expected).abs().max() <= 5e-6 * expected.abs().max()


def test_models_without_a_score():
    """All outputs at once, in the shape the model gives them."""
    model = nn.Sequential(nn.Conv1d(4, 5, 3, padding=1), nn.ReLU(), nn.Conv1d(5, 2, 5)).eval()
    inputs = NAMED["DeepBind"].inputs(2)
    rows, example = all_kinds(inputs)
    plan = make_plan(trace(model, inputs))
    effects = windowed_effects(model, plan, inputs, between(inputs, rows, example))
    truth = naive.edited_effects(model, inputs, rows, example)
    assert effects.shape == truth.shape == (len(rows), 2, inputs.shape[2] - 4)
    assert (effects - truth).abs().max() <= EXACT * truth.abs().max()


def test_no_edits():
    network = NAMED["DeepBind"]
    nothing = Edits(torch.zeros(0).long(), torch.zeros(1).long(), torch.zeros(0).long(), torch.zeros(0, 4))
    assert found(network, network.inputs(2), nothing).shape == (0,)
    idle = Edits(torch.tensor([1, 0]), offsets(torch.zeros(2).long()), nothing.position, nothing.columns)
    assert found(network, network.inputs(2), idle).tolist() == [0, 0]


def test_changed_weights_are_a_new_plan():
    """Constants are kept with the plan, not with the shape of the model."""
    network = NAMED["valid_then_dense"]
    inputs = network.inputs(2)
    rows, example = one_base(inputs, 50)
    for factor in (1.0, -0.7):
        model = network.model()
        with torch.no_grad():
            for weights in model.parameters():
                weights.mul_(factor)
        function = Score(model, as_target(network.target))
        effects = windowed_effects(function, make_plan(trace(function, inputs)), inputs, between(inputs, rows, example))
        truth = naive.edited_effects(model, inputs, rows, example, index=network.target)
        assert (effects - truth).abs().max() <= EXACT * truth.abs().max()


def test_plans_are_let_go():
    network = NAMED["DeepBind"]
    inputs, function = network.inputs(2), Score(network.model(), as_target(network.target))
    plan = make_plan(trace(function, inputs))
    windowed_effects(function, plan, inputs, between(inputs, *one_base(inputs, 5)))
    gone = weakref.ref(plan)
    del plan
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("curve", maps.NAMES)
def test_curves_are_those_of_the_kernels(curve):
    first, second = {"leaky_relu": (0.1, 0.0), "clamp": (-0.5, 0.7), "elu": (1.3, 0.8), "power": (-1.5, 0.0)}.get(
        curve, (0.0, 0.0)
    )
    start = 0.05 if curve in ("sqrt", "log", "log1p", "reciprocal", "power") else -6
    numbers = torch.linspace(start, 6, 97)
    kernel = [
        maps.evaluate(maps.NAMES.index(curve), np.float32(x), np.float32(first), np.float32(second))
        for x in numbers.tolist()
    ]
    ours = evaluate(Curve("", (0,), 1, curve, first, second), numbers.double())
    expected = torch.tensor(kernel, dtype=torch.float64)
    assert ((ours - expected).abs() <= 1e-6 * (1 + expected.abs())).all()


EMPTY = Chunk(
    Frames({}, {}),
    Tables(torch.device("cpu")),
    torch.float32,
    np.zeros(0, np.int64),
    torch.zeros(0).long(),
    torch.zeros(0).long(),
    None,
)


def test_what_has_no_rule_says_so():
    with pytest.raises(ValueError, match="no curve is called 'staircase'"):
        evaluate(Curve("", (0,), 1, "staircase"), torch.zeros(1))
    with pytest.raises(TypeError, match="no rule for Step"):
        apply(Step("", (0,), 1), EMPTY)
