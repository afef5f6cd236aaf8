"""Networks thinned by dropout: one mask for every example."""

import pytest
import torch
from torch import nn

from seqinterp.errors import ModelError
from seqinterp.models.thinned import has_dropout, thinned
from tests.naive.trust_scorecard import thinned_linear

INPUTS = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))


def network(p=0.4):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(nn.Dropout(p), nn.Linear(8, 1, bias=False)).eval()


def test_the_mask_by_hand():
    model = network()
    thin = thinned(model, 3, INPUTS)
    mask = thin[0](torch.ones(1, 8))[0]
    assert all(value == 0 or value == pytest.approx(1 / 0.6) for value in mask.tolist())
    weight = model[1].weight[0].detach()
    torch.testing.assert_close(thin(INPUTS)[:, 0].detach(), thinned_linear(weight, INPUTS, mask))


def test_company_changes_nothing_and_seeds_do():
    one = thinned(network(), 3, INPUTS)
    torch.testing.assert_close(one(INPUTS)[2:3], one(INPUTS[2:3]))
    assert any(not torch.equal(one(INPUTS), thinned(network(), seed, INPUTS)(INPUTS)) for seed in range(4, 8))
    assert torch.equal(one(INPUTS), thinned(network(), 3, INPUTS)(INPUTS))


def test_the_share_that_is_dropped():
    masks = torch.cat([thinned(network(0.3), seed, INPUTS)[0](torch.ones(1, 8)) for seed in range(200)])
    assert float((masks == 0).float().mean()) == pytest.approx(0.3, abs=0.04)


def test_whole_channels_and_layers_inside():
    inner = nn.Sequential(nn.Conv1d(4, 5, 3), nn.Dropout1d(0.5))
    model = nn.Sequential(inner, nn.Flatten())
    made = thinned(model, 0, torch.rand(1, 4, 9))[0](torch.rand(2, 4, 9)).detach()
    dropped = (made == 0).all(dim=2)
    assert torch.equal(dropped[0], dropped[1]) and bool((made == 0).sum() == 7 * dropped.sum())


def test_the_model_is_as_before():
    model, state = network(), torch.random.get_rng_state()
    before = model(INPUTS)
    thinned(model, 0, INPUTS)
    assert isinstance(model[0], nn.Dropout) and torch.equal(before, model(INPUTS))
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("model", [nn.Linear(3, 1), nn.Sequential(nn.Dropout(0.0), nn.Linear(3, 1))])
def test_a_model_without_dropout(model):
    assert not has_dropout(model)
    with pytest.raises(ModelError, match=r"no layer nn\.Dropout"):
        thinned(model, 0, INPUTS[:, :3])


class TimeFirst(nn.Module):
    """Positions stand in the first axis, examples in the second, or both in the first."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.drop, self.inner = kind, nn.Dropout(0.4), nn.Identity()
        if kind.startswith("transformer"):
            self.inner = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.4, batch_first=kind.endswith("batch first"))
        if kind == "lstm":
            self.inner = nn.LSTM(4, 4)
        if kind == "channels":
            self.drop = nn.Dropout1d(0.4)
        self.last = nn.Linear(4, 1)

    def forward(self, inputs):
        hidden = inputs.permute(2, 0, 1)
        if self.kind == "transformer batch first":
            return self.last(self.inner(hidden.transpose(0, 1)).mean(dim=1))
        hidden = self.inner(hidden)[0] if self.kind == "lstm" else self.inner(hidden)
        if self.kind == "merged":
            hidden = self.drop(hidden.flatten(0, 1)).reshape(hidden.shape)
        elif self.kind == "positions":
            hidden = hidden * self.drop(torch.ones(len(hidden), 4))[:, None]
        elif not self.kind.startswith("transformer"):
            hidden = self.drop(hidden)
        return self.last(hidden.mean(dim=0))


SEQUENCES = torch.rand(6, 4, 9, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    "kind", ["transformer", "transformer batch first", "lstm", "channels", "merged", "positions", "plain"]
)
def test_wherever_the_batch_axis_lies_the_mask_is_shared(kind):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = TimeFirst(kind).eval()
    with torch.no_grad():
        thin = [thinned(model, seed, SEQUENCES).eval() for seed in range(4)]
        many = torch.stack([one(SEQUENCES) for one in thin])
        backwards = torch.stack([one(SEQUENCES.flip(0)).flip(0) for one in thin])
        alone = torch.stack([torch.cat([one(row[None]) for row in SEQUENCES]) for one in thin])
        torch.testing.assert_close(many, backwards, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(many, alone, rtol=1e-5, atol=1e-6)
        # something is dropped, and by every seed something else
        assert float((many - model(SEQUENCES)).abs().amax(dim=(1, 2)).min()) > 1e-4
        assert float(many.std(dim=0).min()) > 1e-4


class Odd(nn.Module):
    """Dropout of what has two batch axes, or none at times."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.drop, self.last = kind, nn.Dropout(0.5), nn.Linear(8, 1)

    def forward(self, inputs):
        if self.kind == "pairs":
            return self.last(self.drop(inputs @ inputs.T) @ inputs)
        if self.kind == "two layouts":
            return self.last(self.drop(inputs) + self.drop(inputs.T).T)
        return self.last(self.drop(inputs[:, None].squeeze()))


def test_what_examples_cannot_be_told_apart_in():
    for kind in ("pairs", "two layouts"):
        with pytest.raises(ModelError, match=r"layer 'drop' reads .* in which one batch axis cannot be told"):
            thinned(Odd(kind), 0, INPUTS)
    thin = thinned(Odd("squeezed"), 0, INPUTS[:1])
    assert torch.equal(thin(INPUTS)[:3], thin(INPUTS[:3]))
    with pytest.raises(ModelError, match=r"shape \(8,\), in which the examples cannot be told"):
        thin(INPUTS[:1])
