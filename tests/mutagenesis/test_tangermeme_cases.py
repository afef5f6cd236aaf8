"""tangermeme's tests of saturation mutagenesis (1.4.0, `tests/test_saturation_mutagenesis.py`, MIT), restated.

Its numbers are quoted. Where it returns predictions of the edited sequences, effects are those less the first one.
Not restated: extra arguments of the model per example (they are not offered), half precision on a GPU, the class of
its raw result, and how many rows go through the model.
"""

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from edited_networks import assert_exact, assert_exact_edits, assert_local
from naive import mutagenesis as naive
from seqinterp.errors import InputError, ModelError, ShapeError


class SumModel(nn.Module):
    def forward(self, x):
        return x.sum(dim=-1)


class FlattenDense(nn.Module):
    def __init__(self, length=100, outputs=3, shift=0.0):
        super().__init__()
        self.dense, self.shift = nn.Linear(4 * length, outputs), shift

    def forward(self, x):
        return self.dense(x.reshape(x.shape[0], -1)) + self.shift


class ConvDense(nn.Module):
    """Two outputs, one of them dense."""

    def __init__(self, outputs=3):
        super().__init__()
        self.dense, self.conv = nn.Linear(400, outputs), nn.Conv1d(4, 12, 3)

    def forward(self, x):
        return self.conv(x), self.dense(x.reshape(x.shape[0], -1))


class SmallDeepSEA(nn.Module):
    def __init__(self, outputs=1):
        super().__init__()
        self.conv1, self.pool1, self.relu1 = nn.Conv1d(4, 32, 3, padding="same"), nn.MaxPool1d(3), nn.ReLU()
        self.conv2, self.pool2, self.relu2 = nn.Conv1d(32, 16, 3, padding="same"), nn.MaxPool1d(3), nn.ReLU()
        self.linear1, self.relu3, self.linear2 = nn.Linear(176, 20), nn.ReLU(), nn.Linear(20, outputs)

    def forward(self, x):
        x = self.relu1(self.pool1(self.conv1(x)))
        x = self.relu2(self.pool2(self.conv2(x)))
        return self.linear2(self.relu3(self.linear1(x.reshape(x.shape[0], -1))))


def seeded(build, *args, **options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(*args, **options)


def sequences(count, length):
    """tangermeme's `random_one_hot((count, 4, length), random_state=0)`."""
    draw = np.random.RandomState(0)
    codes = torch.from_numpy(np.stack([draw.choice(4, size=length) for _ in range(count)]))
    return nn.functional.one_hot(codes, 4).transpose(1, 2).float()


def mean_of_all(outputs):
    return outputs.mean(dim=1)


def mutate(model, inputs, target=0, **options):
    return si.mutate(model, inputs, target=target, device="cpu", **options)


@pytest.fixture
def inputs():
    return sequences(2, 100)


@pytest.fixture
def model():
    return seeded(SmallDeepSEA, 5)


HYPOTHETICAL = [
    [
        [-2.3096e-04, -9.0017e-04, 6.5279e-04],
        [-5.7105e-06, -4.0302e-04, -5.1829e-04],
        [3.5853e-04, 7.6692e-04, -1.9838e-04],
        [-1.2187e-04, 5.3627e-04, 6.3876e-05],
    ],
    [
        [1.7478e-04, -2.4382e-04, 1.1217e-03],
        [-1.9051e-06, -7.1724e-04, -1.0386e-03],
        [4.5186e-05, 6.1264e-04, -5.9943e-04],
        [-2.1806e-04, 3.4841e-04, 5.1635e-04],
    ],
]
HYPOTHETICAL_FROM_50 = [
    [
        [6.7323e-04, 4.7941e-04, 7.2884e-04],
        [1.3862e-05, 2.4718e-04, 7.1416e-04],
        [-3.4264e-04, -2.4547e-04, -9.5634e-04],
        [-3.4445e-04, -4.8112e-04, -4.8665e-04],
    ],
    [
        [-1.6091e-03, 2.2756e-04, 1.2385e-03],
        [1.9696e-04, 6.4452e-04, 6.1850e-04],
        [5.6783e-04, -7.1807e-04, -1.4681e-03],
        [8.4433e-04, -1.5401e-04, -3.8887e-04],
    ],
]
PREDICTIONS_AT_0 = [  # example 0, position 0: base, output
    [0.1239, -0.1040, -0.2276, -0.0924, -0.0526],
    [0.1240, -0.1025, -0.2279, -0.0924, -0.0528],
    [0.1258, -0.1025, -0.2281, -0.0933, -0.0516],
    [0.1250, -0.1041, -0.2280, -0.0918, -0.0532],
]
COUNTS = [[2, 2, 0, 6], [4, 2, 3, 1]]
COUNTS_AFTER = [  # example, base, position, output
    [
        [[2, 2, 0, 6], [3, 2, 0, 5], [3, 1, 0, 6]],
        [[1, 3, 0, 6], [2, 3, 0, 5], [2, 2, 0, 6]],
        [[1, 2, 1, 6], [2, 2, 1, 5], [2, 1, 1, 6]],
        [[1, 2, 0, 7], [2, 2, 0, 6], [2, 1, 0, 7]],
    ],
    [
        [[5, 1, 3, 1], [5, 2, 2, 1], [4, 2, 3, 1]],
        [[4, 2, 3, 1], [4, 3, 2, 1], [3, 3, 3, 1]],
        [[4, 1, 4, 1], [4, 2, 3, 1], [3, 2, 4, 1]],
        [[4, 1, 3, 2], [4, 2, 2, 2], [3, 2, 3, 2]],
    ],
]


class TestNumbers:
    """The numbers that its tests quote, held to the digits that they have."""

    def test_hypothetical(self, model, inputs):
        effects = mutate(model, inputs, mean_of_all).effects
        hypothetical = effects - effects.mean(dim=1, keepdim=True)
        torch.testing.assert_close(hypothetical[:, :, :3], torch.tensor(HYPOTHETICAL), atol=1e-7, rtol=2e-4)

    def test_attributions(self, model, inputs):
        found = mutate(model, inputs, mean_of_all).attributions
        expected = torch.tensor(HYPOTHETICAL) * inputs[:, :, :3]
        torch.testing.assert_close(found[:, :, :3], expected, atol=1e-7, rtol=2e-4)
        assert not found[inputs == 0].any()

    def test_a_window(self, model, inputs):
        effects = mutate(model, inputs, mean_of_all, start=50, stop=60).effects[:, :, 50:60]
        hypothetical = effects - effects.mean(dim=1, keepdim=True)
        torch.testing.assert_close(hypothetical[:, :, :3], torch.tensor(HYPOTHETICAL_FROM_50), atol=1e-7, rtol=2e-4)

    def test_predictions(self, model, inputs):
        first = torch.tensor(
            [[0.1239, -0.1040, -0.2276, -0.0924, -0.0526], [0.1235, -0.1021, -0.2280, -0.1119, -0.0869]]
        )
        for index in range(5):
            result = mutate(model, inputs, index)
            torch.testing.assert_close(result.score, first[:, index], atol=6e-5, rtol=0)
            after = result.score[0] + result.effects[0, :, 0]
            torch.testing.assert_close(after, torch.tensor(PREDICTIONS_AT_0)[:, index], atol=6e-5, rtol=0)

    def test_counts_are_whole_numbers(self):
        inputs = sequences(2, 10)
        before, after = torch.tensor(COUNTS).float(), torch.tensor(COUNTS_AFTER).float()
        for index in range(4):
            result = mutate(SumModel(), inputs, index)
            assert torch.equal(result.score, before[:, index])
            assert torch.equal(result.effects[:, :, :3], after[..., index] - before[:, index, None, None])
            base = torch.arange(4)[None, :, None] == index
            assert torch.equal(result.effects, base.float() - inputs[:, index : index + 1])


class TestTargets:
    def test_the_mean_of_all_outputs_is_the_mean_of_each(self, model, inputs):
        each = torch.stack([mutate(model, inputs, index).effects for index in range(5)])
        torch.testing.assert_close(mutate(model, inputs, mean_of_all).effects, each.mean(dim=0), atol=1e-7, rtol=1e-5)
        assert not torch.allclose(each[0], each[1], rtol=0.1)
        some = mutate(model, inputs, lambda outputs: outputs[:, :2].mean(dim=1)).effects
        torch.testing.assert_close(some, each[:2].mean(dim=0), atol=1e-7, rtol=1e-5)

    def test_a_callable_that_picks_is_the_index(self, inputs):
        model = seeded(FlattenDense)
        found = mutate(model, inputs, lambda outputs: outputs[:, 1]).effects
        torch.testing.assert_close(found, mutate(model, inputs, 1).effects)

    def test_several_outputs_need_a_callable(self, inputs):
        with pytest.raises(ModelError, match="pass target=a callable"):
            mutate(ConvDense(), inputs)

    @pytest.mark.parametrize("window", [{}, {"start": 50, "stop": 60}])
    def test_one_head_of_several_is_that_head_alone(self, inputs, window):
        model = seeded(ConvDense)
        alone = nn.Sequential(nn.Flatten(), model.dense)
        for index in range(3):
            found = mutate(model, inputs, lambda outputs, index=index: outputs[1][:, index], **window).effects
            torch.testing.assert_close(found, mutate(alone, inputs, index, **window).effects, atol=1e-6, rtol=1e-5)

    def test_the_other_head(self, inputs):
        model = seeded(ConvDense)
        found = mutate(model, inputs, lambda outputs: outputs[0][:, 7, 40])
        exact = naive.effects(model, inputs, lambda outputs: outputs[0][:, 7, 40])
        assert_exact(found.effects, exact, model, inputs, lambda outputs: outputs[0][:, 7, 40])
        assert_local(found.effects, found.score, (40, 43))
        assert found.effects[:, :, 40:43].abs().sum(dim=1).all()

    def test_all_outputs_at_once(self, inputs, model):
        rows, example, _, _ = naive.every_edit(inputs)
        assert assert_exact_edits(model, None, inputs, rows, example).shape == (600, 5)

    def test_a_constant_added_changes_nothing(self, inputs):
        plain, shifted = seeded(FlattenDense), seeded(FlattenDense, shift=0.75)
        first, second = mutate(plain, inputs), mutate(shifted, inputs)
        torch.testing.assert_close(second.score, first.score + 0.75)
        torch.testing.assert_close(second.effects, first.effects, atol=1e-6, rtol=0)


class TestColumns:
    def test_every_slot_is_one_prediction(self):
        model, inputs = seeded(FlattenDense, 12, 1), sequences(1, 12)
        found = mutate(model, inputs)
        with torch.no_grad():
            for base in range(4):
                for position in range(12):
                    changed = inputs.clone()
                    changed[0, :, position] = torch.eye(4)[base]
                    after = model(changed)[0, 0]
                    torch.testing.assert_close(
                        found.score[0] + found.effects[0, base, position], after, atol=1e-6, rtol=0
                    )

    @pytest.mark.parametrize("window", [{}, {"start": 30, "stop": 70}])
    def test_exactly_nothing_at_the_base_that_is_there(self, model, inputs, window):
        found = mutate(model, inputs, **window).effects
        assert not found[inputs == 1].any()

    def test_an_n_has_four_effects(self, model):
        inputs = sequences(1, 100)
        inputs[0, :, 50] = 0
        found = mutate(model, inputs)
        assert_exact(found.effects, naive.effects(model, inputs, 0), model, inputs)
        assert (found.effects[0, :, 50] != 0).all()

    def test_an_n_in_a_window(self):
        model, inputs = seeded(FlattenDense, 20, 1), sequences(1, 20)
        inputs[0, :, 8] = 0
        found = mutate(model, inputs, start=5, stop=12).effects
        exact = naive.effects(model, inputs, 0, positions=range(5, 12))
        assert_exact(found, exact, model, inputs, 0, range(5, 12))

    def test_two_bases_at_once_are_refused_and_a_blend_is_not(self, model):
        inputs = sequences(1, 100)
        inputs[0, :, 30] = torch.tensor([0.0, 1.0, 1.0, 0.0])
        with pytest.raises(ShapeError, match="columns that add up to 1 or less"):
            mutate(model, inputs)
        inputs[0, :, 30] /= 2
        found = mutate(model, inputs)
        assert_exact(found.effects, naive.effects(model, inputs, 0), model, inputs)
        assert (found.effects[0, :, 30] != 0).all()

    def test_one_position(self):
        model, inputs = seeded(FlattenDense, 1, 1), sequences(2, 1)
        found = mutate(model, inputs).effects
        assert found.shape == (2, 4, 1)
        assert_exact(found, naive.effects(model, inputs, 0), model, inputs)


class TestWindowsAndBatches:
    @pytest.mark.parametrize(
        "window", [{"start": 50, "stop": 60}, {"start": 50}, {"stop": 7}, {"start": 99, "stop": 100}]
    )
    def test_a_window_is_that_part_of_the_whole(self, model, inputs, window):
        whole, part = mutate(model, inputs), mutate(model, inputs, **window)
        begin, end = window.get("start", 0), window.get("stop", 100)
        torch.testing.assert_close(part.effects[:, :, begin:end], whole.effects[:, :, begin:end], atol=1e-6, rtol=1e-4)
        assert part.effects[:, :, begin:end].any()
        assert not part.effects[:, :, :begin].any()
        assert not part.effects[:, :, end:].any()

    @pytest.mark.parametrize("window", [(0, 0), (0, 105), (-3, 8), (8, 3)])
    def test_impossible_windows_are_refused(self, model, inputs, window):
        with pytest.raises(InputError, match="is empty or leaves the sequence"):
            mutate(model, inputs, start=window[0], stop=window[1])

    def test_no_sequence_is_refused(self):
        with pytest.raises(InputError, match="at least one"):
            mutate(FlattenDense(), torch.zeros(0, 4, 100))

    def test_a_sequence_does_not_know_the_others(self, model, inputs):
        whole = mutate(model, inputs).effects
        torch.testing.assert_close(mutate(model, inputs[1:]).effects, whole[1:], atol=1e-7, rtol=1e-4)

    def test_batch_size_changes_nothing(self, model, inputs):
        found = [mutate(model, inputs, batch_size=size).effects for size in (1, 32, 10000)]
        torch.testing.assert_close(found[1], found[0], atol=1e-7, rtol=1e-4)
        torch.testing.assert_close(found[2], found[0], atol=1e-7, rtol=1e-4)

    @pytest.mark.parametrize("kind", [torch.int8, torch.int32, torch.bool, torch.float64, torch.float16])
    def test_the_type_of_the_inputs_changes_nothing(self, model, inputs, kind):
        found = mutate(model, inputs.to(kind)).effects
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, mutate(model, inputs).effects, atol=1e-7, rtol=1e-4)

    def test_a_progress_bar_changes_nothing(self, model, inputs):
        found = mutate(model, inputs, progress=True).effects
        torch.testing.assert_close(found, mutate(model, inputs).effects, atol=1e-7, rtol=1e-4)
