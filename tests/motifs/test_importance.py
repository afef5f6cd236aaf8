"""How much the score varies with each filter."""

import pytest
import torch
from torch import nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import ModelError
from seqinterp.motifs.importance import filter_importance


class MaxPooled(nn.Module):
    """Linear above the rectified, pooled filters."""

    def __init__(self):
        super().__init__()
        self.filters, self.head = nn.Conv1d(4, 6, 5), nn.Linear(6, 1, bias=False)

    def forward(self, inputs):
        return self.head(torch.relu(self.filters(inputs)).amax(dim=2))


@pytest.fixture
def case():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MaxPooled().eval(), torch.rand(7, 4, 30)


def test_is_the_spread_of_the_filters_share_of_a_linear_head(case):
    model, inputs = case
    found = filter_importance(Score(model, output(0)), {"filters": model.filters}, inputs)["filters"]
    pooled = torch.relu(model.filters(inputs)).amax(dim=2)
    torch.testing.assert_close(found, (pooled * model.head.weight).std(dim=0, correction=0).detach())


def test_a_silent_filter_has_none(case):
    model, inputs = case
    with torch.no_grad():
        model.head.weight[0, 3] = 0
    found = filter_importance(Score(model, output(0)), {"filters": model.filters}, inputs)["filters"]
    assert found[3] == 0
    assert (found > 0).sum() >= 3


def test_no_hook_stays_behind_even_after_an_error(case):
    model, inputs = case

    def broken(outputs):
        raise RuntimeError("target failed")

    with pytest.raises(RuntimeError, match="target failed"):
        filter_importance(Score(model, broken), {"filters": model.filters}, inputs)
    assert not model.filters._forward_hooks


def test_a_layer_called_twice_counts_both_calls(case):
    model, inputs = case
    twice = Score(nn.Sequential(model), lambda outputs: outputs[:, 0])
    both = Score(model, output(0))
    both.forward = lambda x: model(x)[:, 0] + model(x)[:, 0]
    once = filter_importance(twice, {"filters": model.filters}, inputs)["filters"]
    torch.testing.assert_close(filter_importance(both, {"filters": model.filters}, inputs)["filters"], 2 * once)


def test_windows_of_an_example_are_added_up(case):
    model, inputs = case

    class Windows(nn.Module):
        def forward(self, inputs):
            windows = inputs.unfold(2, 10, 10).transpose(1, 2).flatten(0, 1)
            return model(windows).reshape(len(inputs), -1).sum(dim=1)

    found = filter_importance(Score(Windows(), output(0)), {"filters": model.filters}, inputs)["filters"]
    parts = [torch.relu(model.filters(part)).amax(dim=2) * model.head.weight for part in inputs.split(10, dim=2)]
    torch.testing.assert_close(found, sum(parts).std(dim=0, correction=0).detach())


def test_rows_that_belong_to_no_example_are_refused(case):
    model, inputs = case
    score = Score(model, output(0))
    score.forward = lambda x: model(torch.cat([x, x[:1]]))[:7, 0]
    with pytest.raises(ModelError, match="8 rows for 7 sequences"):
        filter_importance(score, {"filters": model.filters}, inputs)


def test_a_filter_that_is_always_on_alike_decides_nothing(case):
    model, inputs = case
    with torch.no_grad():
        model.filters.weight[2] = 0
        model.filters.bias[2] = 5
        model.head.weight[0, 2] = 3
    found = filter_importance(Score(model, output(0)), {"filters": model.filters}, inputs)["filters"]
    assert found[2] == pytest.approx(0, abs=1e-5)
    assert found.max() > 0.01
