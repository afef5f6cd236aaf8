"""Targets: one number per example, never a silent average."""

import math

import numpy as np
import pytest
import torch

from seqinterp.attribution.targets import as_target, contrast, counts, log_odds, margin, output, position, profile
from seqinterp.errors import InputError, ModelError

OUTPUTS = torch.tensor([[1.0, 2.0, 5.0], [3.0, 4.0, -1.0]])


def test_output_picks_one_column():
    assert output(2)(OUTPUTS).tolist() == [5.0, -1.0]


def test_a_model_with_one_number_per_example_has_output_0():
    assert output(0)(OUTPUTS[:, 1]).tolist() == [2.0, 4.0]


def test_margin_is_a_difference():
    assert margin(2, 0)(OUTPUTS).tolist() == [4.0, -4.0]


@pytest.mark.parametrize("index", [3, -1])
def test_an_output_that_is_not_there_is_refused(index):
    with pytest.raises(InputError, match=r"has 3 output\(s\), numbered 0 to 2"):
        output(index)(OUTPUTS)


def test_profile_outputs_are_never_averaged():
    with pytest.raises(ModelError, match=r"outputs of shape \(2, 1, 3\)"):
        output(0)(OUTPUTS[:, None])


def test_tuples_need_a_callable():
    with pytest.raises(ModelError, match="returns a tuple"):
        output(0)((OUTPUTS, OUTPUTS))


def test_numbers_and_callables_are_targets():
    assert as_target(1) == as_target(np.int64(1)) == output(1)
    total = lambda outputs: outputs.sum(dim=1)  # noqa: E731
    assert as_target(total) is total


@pytest.mark.parametrize("target", ["0", 1.0, None, True])
def test_anything_else_is_refused(target):
    with pytest.raises(InputError, match="target must be the index"):
        as_target(target)


class TestLogOdds:
    def test_is_the_logit_it_was_squashed_from(self):
        logits = torch.linspace(-9, 9, 12, dtype=torch.float64).reshape(4, 3)
        torch.testing.assert_close(log_odds(1)(torch.sigmoid(logits)), logits[:, 1])

    @pytest.mark.parametrize("wrong", [0.0, 1.0, -0.5, 3.0, float("nan")])
    def test_other_numbers_are_refused(self, wrong):
        with pytest.raises(ModelError, match="need probabilities between 0 and 1"):
            log_odds(0)(torch.tensor([[0.5], [wrong]]))


class TestContrast:
    def test_is_a_difference_of_means(self):
        assert contrast(positive=(2, 1), negative=(0,))(OUTPUTS).tolist() == [2.5, -1.5]
        assert contrast([2, 1], 0)(OUTPUTS).tolist() == [2.5, -1.5]
        assert torch.equal(contrast((2,), (0,))(OUTPUTS), margin(2, 0)(OUTPUTS))

    @pytest.mark.parametrize("sides", [((0,), ()), ((), (0,)), ((0, 1), (1, 2)), ((0, 0), (1,)), (1, 1)])
    def test_an_output_stands_on_one_side_once(self, sides):
        with pytest.raises(InputError, match="one or more outputs on each side and none of them twice"):
            contrast(*sides)

    def test_an_output_that_is_not_there(self):
        with pytest.raises(InputError, match=r"target 3 was asked for, but the model has 3 output\(s\)"):
            contrast((0,), (3,))(OUTPUTS)


LOGITS = torch.randn(3, 2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
COUNTS = torch.tensor([[1.0], [2.0], [3.0]])


def naive_profile(logits):
    """One example: z is the logits less their mean, the number is sum z e^z / sum e^z."""
    numbers = logits.flatten().tolist()
    z = [number - sum(numbers) / len(numbers) for number in numbers]
    return sum(each * math.exp(each) for each in z) / sum(math.exp(each) for each in z)


class TestProfile:
    @pytest.mark.parametrize("logits", [LOGITS, LOGITS[:, :1], LOGITS[:, 0]])
    def test_equals_its_formula(self, logits):
        expected = torch.tensor([naive_profile(one) for one in logits], dtype=torch.float64)
        for fixed in (False, True):
            torch.testing.assert_close(profile(fixed_weights=fixed)(logits), expected)

    def test_the_level_of_the_logits_does_not_matter(self):
        torch.testing.assert_close(profile()(LOGITS + 5), profile()(LOGITS))

    def test_fixed_weights_stop_the_gradient_through_the_softmax(self):
        logits = LOGITS.clone().requires_grad_()
        (free,) = torch.autograd.grad(profile()(logits).sum(), logits)
        (fixed,) = torch.autograd.grad(profile(fixed_weights=True)(logits).sum(), logits)
        weights = torch.softmax(LOGITS.flatten(1), dim=1)
        torch.testing.assert_close(fixed.flatten(1), weights - 1 / 14)  # the weights less their mean
        through_the_weights = weights * (LOGITS.flatten(1) - _weighted(LOGITS, weights))
        torch.testing.assert_close((free - fixed).flatten(1), through_the_weights)

    def test_strands_share_one_softmax_and_tasks_are_chosen(self):
        tasks = torch.cat([LOGITS, -LOGITS], dim=1)
        torch.testing.assert_close(profile(channels=(0, 1))(tasks), profile()(LOGITS))
        torch.testing.assert_close(profile(channels=(3,))(tasks), profile()(-LOGITS[:, 1]))
        with pytest.raises(ModelError, match="has 4 channels, more than the two strands"):
            profile()(tasks)
        for channels in ((4,), (), (-1,)):
            with pytest.raises(InputError, match="numbered 0 to 3"):
                profile(channels=channels)(tasks)

    @pytest.mark.parametrize("outputs", [COUNTS, COUNTS[:, 0], LOGITS[:, None]])
    def test_other_shapes_are_refused(self, outputs):
        with pytest.raises(ModelError, match="a profile has shape"):
            profile()(outputs)


def _weighted(logits, weights):
    """The mean of the logits under the weights."""
    return (logits.flatten(1) * weights).sum(dim=1, keepdim=True)


class TestCounts:
    def test_the_one_number(self):
        assert counts()(COUNTS).tolist() == counts()(COUNTS[:, 0]).tolist() == [1, 2, 3]
        assert counts(index=1)(OUTPUTS).tolist() == [2, 4]

    @pytest.mark.parametrize("outputs", [OUTPUTS, LOGITS])
    def test_several_numbers_are_never_averaged(self, outputs):
        with pytest.raises(ModelError, match="counts are one number per example"):
            counts()(outputs)


class TestHeads:
    @pytest.mark.parametrize("both", [(LOGITS, COUNTS), [LOGITS, COUNTS]])
    def test_bpnet_order(self, both):
        assert torch.equal(profile()(both), profile()(LOGITS))
        assert torch.equal(counts()(both), COUNTS[:, 0])
        assert torch.equal(counts(head=1)(both), COUNTS[:, 0])
        with pytest.raises(ModelError, match="counts are one number"):
            counts(head=0)(both)
        with pytest.raises(ModelError, match="a profile has shape"):
            profile(head=1)(both)

    def test_other_order_is_refused_not_guessed(self):
        with pytest.raises(ModelError, match="a profile has shape"):
            profile()((COUNTS, LOGITS))
        assert torch.equal(profile(head=1)((COUNTS, LOGITS)), profile()(LOGITS))

    def test_names(self):
        named = {"shape": LOGITS, "total": COUNTS}
        assert torch.equal(profile(head="shape")(named), profile()(LOGITS))
        with pytest.raises(ModelError, match="heads 'shape', 'total', and it was not said which"):
            counts()(named)
        with pytest.raises(ModelError, match="head 'counts' is not a tensor among them"):
            counts(head="counts")(named)

    @pytest.mark.parametrize("head", [3, -1, "shape"])
    def test_places_that_are_not_there(self, head):
        with pytest.raises(ModelError, match="heads 0 to 2, and head"):
            counts(head=head)((LOGITS, COUNTS, COUNTS))

    def test_three_heads_are_not_guessed(self):
        with pytest.raises(ModelError, match="was not said which one"):
            counts()((LOGITS, COUNTS, COUNTS))

    def test_a_single_head(self):
        assert torch.equal(counts()((COUNTS,)), COUNTS[:, 0])
        with pytest.raises(ModelError, match="returns one tensor; leave head out"):
            counts(head=1)(COUNTS)
        with pytest.raises(ModelError, match="returns a int"):
            counts()(3)


class TestPosition:
    def test_picks_one_place(self):
        assert torch.equal(position(1, 4)(LOGITS), LOGITS[:, 1, 4])
        assert torch.equal(position(1, 4, head=0)((LOGITS, COUNTS)), LOGITS[:, 1, 4])

    @pytest.mark.parametrize("place", [(2, 0), (0, 7), (-1, 0), (0, -1)])
    def test_a_place_that_is_not_there(self, place):
        with pytest.raises(InputError, match="have channels 0 to 1 and positions 0 to 6"):
            position(*place)(LOGITS)

    def test_heads_and_shapes(self):
        with pytest.raises(ModelError, match=r"is one of \(batch, channel, position\)"):
            position(0, 0)(COUNTS)
        with pytest.raises(ModelError, match="was not said which one"):
            position(0, 0)((LOGITS, COUNTS))
