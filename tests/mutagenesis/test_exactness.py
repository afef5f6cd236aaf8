"""Effects of edits are exact: every network of the list, against one forward pass per edit in double precision."""

from functools import cache

import pytest
import torch

import seqinterp as si
from edited_networks import NETWORKS, assert_exact, assert_exact_edits, assert_local, shared_model
from naive import mutagenesis as naive

EVERY = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
LOCAL = pytest.mark.parametrize("network", [n for n in NETWORKS if n.local], ids=lambda network: network.name)
NAMED = {network.name: network for network in NETWORKS}
COUNT = 2


@cache
def truth(network, *, unknown=False):
    """All effects for two sequences, in double precision."""
    return naive.effects(shared_model(network), network.inputs(COUNT, unknown=unknown), network.target)


def mutated(network, model, inputs, **options):
    return si.mutate(model, inputs, target=network.target, device="cpu", **options)


def mutate(network, model, inputs, **options):
    return mutated(network, model, inputs, **options).effects


def assert_zero_elsewhere(effects, start, stop):
    """Exactly zero, not nearly, at all positions but `[start, stop)`."""
    outside = torch.ones(effects.shape[2], dtype=torch.bool)
    outside[start:stop] = False
    assert not effects[:, :, outside].any()


def odd_edits(inputs, example):
    """Ten edits, the last of which changes nothing."""
    rows, generator = inputs[example].clone(), torch.Generator().manual_seed(2)
    length = inputs.shape[2]
    drawn = torch.eye(4)[torch.randint(4, rows[:, 0].shape, generator=generator)].transpose(1, 2)
    rows[0, :, : length // 4] = 0
    rows[1, :, length // 3 : length // 3 + 10] = 0
    rows[2, :, -7:] = drawn[2, :, -7:]
    rows[3, :, ::11] = drawn[3, :, ::11]
    rows[4, :, [2, length - 3]] = drawn[4, :, [2, length - 3]]
    rows[5, :, length // 2] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    rows[6] = drawn[6]
    rows[7, :, 5:-1] = rows[7, :, 6:].clone()  # a deletion, the rest moved up
    rows[8, :, length // 2 :] = rows[8, :, length // 2 - 2 : -2].clone()  # an insertion, the rest moved on
    return rows


def test_the_oracle_on_a_model_that_is_known():
    """A linear model: the effect is the difference of two weights, and of four from N."""
    model, inputs = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2)), torch.zeros(1, 4, 3)
    inputs[0, 1, 0] = inputs[0, 3, 2] = 1
    weights = model[1].weight.detach().double().view(2, 4, 3)
    expected = weights - (weights * inputs.double()).sum(dim=1, keepdim=True)
    found = naive.effects(model, inputs)
    torch.testing.assert_close(found[0].permute(2, 0, 1), expected, rtol=1e-14, atol=1e-15)
    assert torch.equal(naive.effects(model, inputs, 1), found[..., 1])
    part = naive.effects(model, inputs, 1, positions=[2])
    assert torch.equal(part[..., 2], found[..., 2, 1])
    assert not part[..., :2].any()
    rows = torch.stack([inputs[0], torch.zeros(4, 3)])
    blank = naive.edited_effects(model, inputs, rows, index=0)
    torch.testing.assert_close(
        blank, torch.stack([blank[1] * 0, -(weights[0] * inputs[0].double()).sum()]), atol=1e-15, rtol=0
    )
    assert 0 < naive.float32_error(model, inputs) < 1e-6


def test_there_are_enough():
    assert len(NETWORKS) == len(NAMED) >= 200
    assert sum(network.local is not None for network in NETWORKS) >= 25


@EVERY
class TestEveryNetwork:
    def test_every_effect(self, network):
        model, inputs = shared_model(network), network.inputs(COUNT)
        result = mutated(network, model, inputs)
        found = result.effects
        assert found.dtype == torch.float32
        assert_exact(found, truth(network), model, inputs, network.target)
        assert_local(found, result.score, network.local)
        assert not found[inputs == 1].any()

    def test_a_region(self, network):
        model, inputs = shared_model(network), network.inputs(COUNT)
        start, stop = network.length // 3, network.length // 3 + 9
        found = mutate(network, model, inputs, start=start, stop=stop)
        assert_zero_elsewhere(found, start, stop)
        found[:, :, :start], found[:, :, stop:] = (
            truth(network)[:, :, part] for part in (slice(start), slice(stop, None))
        )
        assert_exact(found, truth(network), model, inputs, network.target)

    def test_sequences_with_n(self, network):
        model, inputs = shared_model(network), network.inputs(COUNT, unknown=True)
        result = mutated(network, model, inputs)
        found = result.effects
        assert_exact(found, truth(network, unknown=True), model, inputs, network.target)
        assert_local(found, result.score, network.local)
        assert not found[inputs == 1].any()

    def test_one_sequence_alone(self, network):
        """The same as among others."""
        model, inputs = shared_model(network), network.inputs(COUNT)[1:]
        found = mutate(network, model, inputs)
        assert_exact(found, truth(network)[1:], model, inputs, network.target)

    def test_edits_of_several_columns(self, network):
        """Blocks that are blanked or drawn anew, columns far apart, a blend, and nothing at all."""
        model, inputs = shared_model(network), network.inputs(COUNT)
        example = torch.arange(10) % COUNT
        found = assert_exact_edits(model, network.target, inputs, odd_edits(inputs, example), example)
        assert found[-1] == 0

    def test_double_precision(self, network):
        model, inputs = naive.doubled(shared_model(network)), network.inputs(COUNT).double()
        found = mutate(network, model, inputs)
        assert found.dtype == torch.float64
        assert (found - truth(network)).abs().max() <= 1e-11 * (1 + truth(network).abs().max())


@LOCAL
def test_what_the_score_cannot_see_is_told_truly(network):
    """The flags of the list: nothing outside `local`, and something at both of its ends."""
    first, last = network.local
    model, inputs = shared_model(network), network.inputs(8)
    effects = naive.effects(model, inputs, network.target)
    noise = 1e-12 * effects.abs().max()
    assert (effects[:, :, :first].abs() <= noise).all()
    assert (effects[:, :, last:].abs() <= noise).all()
    if first < last:
        assert (effects[:, :, first].abs() > noise).any()
        assert (effects[:, :, last - 1].abs() > noise).any()


@EVERY
def test_edits_matter(network):
    """A network whose effects are all nothing would test nothing."""
    if network.local != (0, 0):
        effects = truth(network)
        seen = network.local or (0, network.length)
        assert (effects.abs() > 1e-3 * effects.abs().max()).float().mean() > 0.15 * (seen[1] - seen[0]) / network.length
        assert effects.abs().max() > 1e-3


def test_positions_between_the_windows_do_nothing():
    network = NAMED["stride_three_with_gaps"]
    result = mutated(network, shared_model(network), network.inputs())
    assert_local(result.effects, result.score, [p for p in range(network.length) if p % 3 < 2])
    assert result.effects[:, :, ::3].any()


SOME = ["valid_then_dense", "Basset", "DeepBind", "bpnet_both_heads_counts", "global_mean", "transformer_encoder"]
FEW = pytest.mark.parametrize("network", [NAMED[name] for name in SOME], ids=SOME)


@FEW
@pytest.mark.parametrize("batch_size", [1, 3, 200])
def test_batch_size_changes_nothing(network, batch_size):
    model, inputs = shared_model(network), network.inputs(COUNT)
    found = mutate(network, model, inputs, batch_size=batch_size)
    assert_exact(found, truth(network), model, inputs, network.target)


@FEW
class TestWhatIsKeptBetweenCalls:
    def test_the_same_call_twice_is_the_same(self, network):
        model, inputs = network.model(), network.inputs()
        assert torch.equal(mutate(network, model, inputs), mutate(network, model, inputs))

    def test_weights_changed_in_place(self, network):
        model, inputs = network.model(), network.inputs()
        before = mutate(network, model, inputs)
        with torch.no_grad():
            for weights in model.parameters():
                weights.mul_(0.8).add_(0.02)
        after = mutate(network, model, inputs)
        assert not torch.allclose(before, after, rtol=0.01)
        assert_exact(after, naive.effects(model, inputs, network.target), model, inputs, network.target)

    def test_statistics_changed_in_place(self, network):
        model, inputs = network.model(), network.inputs()
        mutate(network, model, inputs)
        for module in model.modules():
            if getattr(module, "running_var", None) is not None:
                module.running_var *= 2
                module.running_mean -= 0.3
        found = mutate(network, model, inputs)
        assert_exact(found, naive.effects(model, inputs, network.target), model, inputs, network.target)

    def test_another_model_of_the_same_shape(self, network):
        inputs = network.inputs()
        for factor in (1, -1.1):
            model = network.model()
            with torch.no_grad():
                for weights in model.parameters():
                    weights.mul_(factor)
            found = mutate(network, model, inputs)
            assert_exact(found, naive.effects(model, inputs, network.target), model, inputs, network.target)

    def test_a_model_left_in_training(self, network):
        """Dropout and batch statistics play no part, and the model is still in training afterwards."""
        model, inputs = network.model().train(), network.inputs()
        found = mutate(network, model, inputs)
        assert all(module.training for module in model.modules())
        assert_exact(found, truth(network), model, inputs, network.target)


@pytest.mark.parametrize("name", ["DeepBind", "global_mean", "BPNet", "running_sum"])
def test_sequences_of_other_lengths(name):
    """A model that takes any length is asked for several, one after the other."""
    network = NAMED.get(name) or NAMED["bpnet_both_heads_counts"]
    model = network.model()
    for length in (network.length, 47, 64, network.length):
        inputs = torch.cat([network.inputs(), network.inputs()], dim=2)[:, :, 5 : 5 + length]
        exact = naive.effects(model, inputs, network.target)
        assert_exact(mutate(network, model, inputs), exact, model, inputs, network.target)


@pytest.mark.parametrize("name", ["Basset", "Malinois", "deep_starr"])
def test_every_output(name):
    network = NAMED[name]
    model, inputs = network.model(), network.inputs(1)
    table = naive.effects(model, inputs)
    for index in range(table.shape[-1]):
        found = si.mutate(model, inputs, target=index, device="cpu").effects
        assert_exact(found, table[..., index], model, inputs, index)


@pytest.mark.parametrize("name", ["Basset", "DeepBind", "same_odd_then_dense", "LegNet", "softmax_over_channels"])
def test_soft_columns(name):
    """Columns that are mixtures of bases; an edit replaces the whole column."""
    network = NAMED[name]
    model = network.model()
    inputs = torch.rand(COUNT, 4, network.length, generator=torch.Generator().manual_seed(3))
    inputs = inputs / inputs.sum(dim=1, keepdim=True)
    found = mutate(network, model, inputs)
    assert_exact(found, naive.effects(model, inputs, network.target), model, inputs, network.target)
    assert (found != 0).float().mean() > 0.5
