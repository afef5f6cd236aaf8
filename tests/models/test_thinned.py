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
    thin = thinned(model, 3)
    mask = thin[0](torch.ones(1, 8))[0]
    assert all(value == 0 or value == pytest.approx(1 / 0.6) for value in mask.tolist())
    weight = model[1].weight[0].detach()
    torch.testing.assert_close(thin(INPUTS)[:, 0].detach(), thinned_linear(weight, INPUTS, mask))


def test_company_changes_nothing_and_seeds_do():
    one = thinned(network(), 3)
    torch.testing.assert_close(one(INPUTS)[2:3], one(INPUTS[2:3]))
    assert any(not torch.equal(one(INPUTS), thinned(network(), seed)(INPUTS)) for seed in range(4, 8))
    assert torch.equal(one(INPUTS), thinned(network(), 3)(INPUTS))


def test_the_share_that_is_dropped():
    masks = torch.cat([thinned(network(0.3), seed)[0](torch.ones(1, 8)) for seed in range(200)])
    assert float((masks == 0).float().mean()) == pytest.approx(0.3, abs=0.04)


def test_whole_channels_and_layers_inside():
    inner = nn.Sequential(nn.Conv1d(4, 5, 3), nn.Dropout1d(0.5))
    model = nn.Sequential(inner, nn.Flatten())
    made = thinned(model, 0)[0](torch.rand(2, 4, 9)).detach()
    dropped = (made == 0).all(dim=2)
    assert torch.equal(dropped[0], dropped[1]) and bool((made == 0).sum() == 7 * dropped.sum())


def test_the_model_is_as_before():
    model, state = network(), torch.random.get_rng_state()
    before = model(INPUTS)
    thinned(model, 0)
    assert isinstance(model[0], nn.Dropout) and torch.equal(before, model(INPUTS))
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("model", [nn.Linear(3, 1), nn.Sequential(nn.Dropout(0.0), nn.Linear(3, 1))])
def test_a_model_without_dropout(model):
    assert not has_dropout(model)
    with pytest.raises(ModelError, match=r"no layer nn\.Dropout"):
        thinned(model, 0)
