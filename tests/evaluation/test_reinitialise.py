"""Layers set back to before training."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from pictures import drawn
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import ModelError
from seqinterp.evaluation.reinitialise import execution_order, reinitialise

INPUTS = torch.rand(2, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Shuffled(nn.Module):
    """Registered in another order than used; one layer is not used at all, one parameter stands by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(5, 1)
        self.unused = nn.Linear(3, 3)
        self.first = nn.Linear(6, 5)
        self.own = nn.Parameter(torch.randn(5))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(inputs)) * self.own)


def score(build=Shuffled) -> Score:
    return Score(drawn(build), output(0))


def weights(of: Score) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in of.named_parameters()}


def test_layers_come_in_the_order_they_are_used():
    found = execution_order(score(), INPUTS)
    assert [name for name in found if name != "model.unused"] == ["model.first", "model.last", "model"]


def test_only_the_layer_itself_changes():
    model = score()
    before = weights(model)
    change = reinitialise(model, "model.first")
    after = weights(model)
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["model.first.weight", "model.first.bias"]
    moved = sum(float(((after[name] - before[name]) ** 2).sum()) for name in changed) ** 0.5
    assert change == pytest.approx(moved / sum(float((before[name] ** 2).sum()) for name in changed) ** 0.5)


def test_without_a_reset_the_scale_is_kept():
    model = score(lambda: nn.ParameterList([3 + 0.1 * torch.randn(5000)]))
    before = weights(model)["model.0"]
    assert reinitialise(model, "model") > 0
    after = weights(model)["model.0"]
    assert float(after.mean()) == pytest.approx(float(before.mean()), abs=0.01)
    assert float(after.std()) == pytest.approx(float(before.std()), rel=0.05)
    assert abs(float(torch.corrcoef(torch.stack([before, after]))[0, 1])) < 0.05


class Forgetful(nn.Linear):
    """A layer whose own reset touches the bias alone."""

    def reset_parameters(self) -> None:
        with torch.no_grad():
            self.bias.zero_()


def test_what_a_reset_forgets_is_drawn_anyway():
    def build() -> nn.Module:
        layer = Forgetful(6, 4)
        nn.init.normal_(layer.weight)
        nn.init.ones_(layer.bias)
        return layer

    model = score(build)
    before = weights(model)["model.weight"]
    reinitialise(model, "model")
    assert (weights(model)["model.weight"] != before).all()
    assert (weights(model)["model.bias"] == 0).all()


def test_a_constant_layer_does_not_change_and_says_so():
    model = score(lambda: nn.LayerNorm(6))
    assert reinitialise(model, "model") == 0


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 4)),
        lambda: nn.LSTM(6, 3),
        lambda: nn.MultiheadAttention(6, 2),
        lambda: nn.TransformerEncoderLayer(6, 2, 8),
        lambda: nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Embedding(3, 2)),
    ],
)
def test_every_kind_of_layer_can_be_set_back(build):
    """All weights that differ among themselves come out different, layer by layer."""
    model = score(build)
    before = weights(model)
    layers = {name.rpartition(".")[0] for name in before}
    for layer in sorted(layers):
        reinitialise(model, layer)
    after = weights(model)
    same = [name for name, old in before.items() if torch.equal(old, after[name]) and len(old.unique()) > 1]
    assert not same


def test_layers_of_one_shape_get_numbers_of_their_own():
    model = score(lambda: nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6)))
    again, other = deepcopy(model), deepcopy(model)
    state = torch.random.get_rng_state()
    for one, seed in ((model, 0), (again, 0), (other, 1)):
        reinitialise(one, "model.0", seed=seed)
        reinitialise(one, "model.1", seed=seed)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.equal(model.model[0].weight, model.model[1].weight)
    assert torch.equal(model.model[0].weight, again.model[0].weight)
    assert not torch.equal(model.model[0].weight, other.model[0].weight)


def test_no_layer_is_refused():
    with pytest.raises(ModelError, match="no layer with parameters"):
        execution_order(score(nn.ReLU), INPUTS)
