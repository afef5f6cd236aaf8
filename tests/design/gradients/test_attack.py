"""Attacks: never out of the ball or the bounds, the closed form on linear models, and many steps better than one."""

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from naive import activation as naive
from pictures import drawn, shapes, trained
from seqinterp.design.gradients.attack import Aim, Ball, cross_entropy, fgsm, pgd
from seqinterp.design.gradients.confidence import Readout
from seqinterp.errors import InputError, ModelError

LINEAR = drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 3)))
INPUTS = torch.rand(5, 3, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 0, 1])
AWAY = Aim(Readout("softmax", 3))
TO = Aim(Readout("softmax", 3), targeted=True)


def with_norm(method, norm, model=LINEAR, inputs=INPUTS, labels=LABELS, *, epsilon=0.1, aim=AWAY, **options):
    with torch.no_grad():
        return method(model, inputs, labels, ball=Ball(epsilon, norm), aim=aim, **options)


def one_output():
    return drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 1)))


def test_fgsm_on_a_linear_model_is_the_closed_form():
    """x + epsilon times the sign of the weights, exactly; with two labels, away from each."""
    model = one_output()
    signs = model[1].weight.detach().sign().reshape(1, 3, 2, 2)
    labels = torch.tensor([1, 0, 1, 0, 1])
    away = torch.where(labels == 1, -1.0, 1.0)[:, None, None, None].double()
    found = with_norm(fgsm, "inf", model, labels=labels, aim=Aim(Readout("sigmoid", 1)))
    assert torch.equal(found, (INPUTS + 0.1 * away * signs).clamp(0, 1))
    weights = model[1].weight.detach().reshape(1, 3, 2, 2)
    with torch.no_grad():
        far = fgsm(model, INPUTS, labels, ball=Ball(0.1, "2", None), aim=Aim(Readout("sigmoid", 1)))
    torch.testing.assert_close(far, INPUTS + 0.1 * away * weights / weights.norm())


@pytest.mark.parametrize("outputs", [1, 3])
def test_fgsm_is_that_of_cross_entropy(outputs):
    model, (pictures, kinds) = trained(outputs), shapes(6, seed=4)
    labels = (kinds == 0).long() if outputs == 1 else kinds
    aim = Aim(Readout("sigmoid" if outputs == 1 else "softmax", outputs))
    found = with_norm(fgsm, "inf", model, pictures, labels, epsilon=0.05, aim=aim)
    for one, start, label in zip(found, pictures, labels.tolist(), strict=True):
        torch.testing.assert_close(one, naive.fgsm(model, start, label, 0.05, 0.0, 1.0))


@settings(deadline=None, max_examples=15)
@given(
    epsilon=st.floats(1e-3, 2.0),
    norm=st.sampled_from(["inf", "2"]),
    method=st.sampled_from([fgsm, pgd]),
    seed=st.integers(0, 100),
    targeted=st.booleans(),
)
def test_nothing_leaves_the_ball_or_the_bounds(epsilon, norm, method, seed, targeted):
    inputs = INPUTS.float()
    options = {"steps": 4, "step_size": 3 * epsilon, "seed": seed} if method is pgd else {}
    aim = TO if targeted else AWAY
    found = with_norm(method, norm, LINEAR_SINGLE, inputs, epsilon=epsilon, aim=aim, **options)
    change = (found - inputs).flatten(1).double()
    size = change.abs().amax(1) if norm == "inf" else change.norm(dim=1)
    assert size.max() <= epsilon + 1e-6
    assert found.min() >= 0
    assert found.max() <= 1


LINEAR_SINGLE = drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 3))).float()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_random_places_fill_the_ball(norm):
    ball = Ball(0.2, norm, None)
    centre = torch.zeros(400, 1, 2)
    found = ball.random(centre, 0, torch.arange(400))
    size = ball.distance(found, centre)
    assert size.max() <= 0.2 + 1e-6
    assert float((size > 0.1).double().mean()) == pytest.approx(0.75, abs=0.08)  # the outer half of a flat ball
    assert found.flatten(1).mean(0).abs().max() < 0.03
    torch.testing.assert_close(ball.random(centre[5:6], 0, torch.tensor([5])), found[5:6])


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("norm", ["inf", "2"])
def test_many_steps_find_a_loss_as_large_as_one_step_or_larger(norm, outputs):
    model, (pictures, kinds) = trained(outputs), shapes(12, seed=5)
    labels = (kinds == 0).long() if outputs == 1 else kinds
    read = Readout("sigmoid" if outputs == 1 else "softmax", outputs)
    epsilon = 0.08 if norm == "inf" else 0.5
    one = with_norm(fgsm, norm, model, pictures, labels, epsilon=epsilon, aim=Aim(read))
    many = with_norm(pgd, norm, model, pictures, labels, epsilon=epsilon, aim=Aim(read), steps=20)
    losses = [naive.cross_entropy(model, each, labels.tolist()) for each in (pictures, one, many)]
    for before, single, several in zip(*losses, strict=True):
        assert before < single
        assert several >= single - 1e-9
    assert sum(losses[2]) > sum(losses[1]) + 1e-6 or outputs == 1
    with torch.no_grad():
        torch.testing.assert_close(cross_entropy(read, model(many), labels).tolist(), losses[2])


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_a_target_is_reached_on_a_linear_model(norm):
    wanted = (LINEAR(INPUTS).argmax(1) + 1) % 3
    found = with_norm(pgd, norm, labels=wanted, aim=TO, epsilon=3.0 if norm == "2" else 1.0, steps=30)
    assert torch.equal(LINEAR(found).argmax(1), wanted)


def test_a_place_that_reaches_the_aim_is_kept():
    """Of the places that a targeted attack meets, one that is right is not given up for another of larger gain."""
    wanted = LINEAR(INPUTS).argmax(1)
    found = with_norm(pgd, "inf", labels=wanted, aim=TO, epsilon=0.01, steps=3)
    assert torch.equal(LINEAR(found).argmax(1), wanted)


def test_examples_do_not_depend_on_their_batch_and_chance_on_the_seed_alone():
    before = torch.random.get_rng_state()
    together = with_norm(pgd, "inf", trained(), *shapes(4, seed=6), steps=5, seed=3)
    assert torch.equal(before, torch.random.get_rng_state())
    pictures, labels = shapes(4, seed=6)
    alone = with_norm(pgd, "inf", trained(), pictures[2:3], labels[2:3], steps=5, seed=3, numbers=torch.tensor([2]))
    torch.testing.assert_close(together[2:3], alone)
    assert not torch.allclose(together, with_norm(pgd, "inf", trained(), pictures, labels, steps=5, seed=4))


def test_small_and_large_gradients_have_a_direction():
    slopes = torch.tensor([[3e-30, 4e-30], [3e30, 4e30], [0.0, 0.0]])
    expected = torch.tensor([[0.6, 0.8], [0.6, 0.8], [0.0, 0.0]])
    torch.testing.assert_close(Ball(1.0, "2").direction(slopes), expected)
    assert Ball(1.0).direction(slopes).tolist() == [[1, 1], [1, 1], [0, 0]]


class Root(nn.Module):
    """Its gradient at zero is infinite."""

    def forward(self, inputs):
        return inputs.flatten(1).sqrt()[:, :3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0.0}, "epsilon .* must be above 0"),
        ({"epsilon": float("nan")}, "epsilon .* must be above 0"),
        ({"epsilon": 0.1, "norm": "1"}, "norm must be one of inf, 2"),
        ({"epsilon": 0.1, "bounds": (1.0, 0.0)}, "bounds must be"),
    ],
)
def test_balls_that_are_none(options, message):
    with pytest.raises(InputError, match=message):
        Ball(**options)


def test_other_refusals():
    with pytest.raises(InputError, match="steps must be 1 or more"):
        with_norm(pgd, "inf", steps=0)
    with pytest.raises(ModelError, match="gradient of example 1 is NaN or infinite"):
        inputs = torch.stack([torch.ones(1, 2, 2), torch.zeros(1, 2, 2)]).double()
        with_norm(fgsm, "inf", Root(), inputs, LABELS[:2])
    with pytest.raises(ModelError, match="does not depend on the inputs"):
        with_norm(fgsm, "inf", drawn(lambda: Constant()))


class Constant(nn.Module):
    """The same for all inputs."""

    def forward(self, inputs):
        return torch.zeros(len(inputs), 3).double()


def test_the_best_of_the_places_of_a_plain_walk_is_found():
    model, (pictures, labels) = trained(), shapes(8, seed=9)
    ball, steps, size = Ball(0.06), 6, 0.025
    found = with_norm(pgd, "inf", model, pictures, labels, epsilon=0.06, steps=steps, step_size=size, seed=2)
    for number, (one, label) in enumerate(zip(pictures, labels.tolist(), strict=True)):
        start = ball.random(one[None], 2, torch.tensor([number]))[0]
        places = [naive.fgsm(model, one, label, 0.06, 0.0, 1.0)]
        places += naive.pgd_places(model, one, start, label, 0.06, size, steps)
        losses = naive.cross_entropy(model, torch.stack(places), [label] * len(places))
        wrong = [int(model(place[None]).argmax()) != label for place in places]
        best = max(range(len(places)), key=lambda i: (wrong[i], losses[i]))
        torch.testing.assert_close(found[number], places[best])
