"""Where tangermeme's DeepLIFT adds up, ours gives the same number at every position, with many references."""

from functools import partial

import pytest
import torch
from torch import nn

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift, hypothetical_deeplift
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"),
]
LENGTH, DRAWS = 24, 6


class Residual(nn.Module):
    """Two dilated blocks, each added to what it starts from, and a mean over positions."""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b = nn.Conv1d(4, 8, 5, padding=2), *(nn.Conv1d(8, 8, 3, padding=2, dilation=2),) * 2
        self.first, self.second, self.third, self.head = nn.ReLU(), nn.ReLU(), nn.ReLU(), nn.Linear(8, 2)

    def forward(self, inputs):
        hidden = self.first(self.stem(inputs))
        hidden = hidden + self.second(self.a(hidden))
        hidden = hidden + self.third(self.b(hidden))
        return self.head(hidden.mean(-1))


class Normed(nn.Module):
    """A layer norm over the channels."""

    def __init__(self, norm):
        super().__init__()
        self.stem, self.norm, self.relu = nn.Conv1d(4, 8, 5), norm, nn.ReLU()
        self.head = nn.Linear(8 * (LENGTH - 4), 2)

    def forward(self, inputs):
        hidden = self.norm(self.stem(inputs).transpose(1, 2))
        return self.head(self.relu(hidden).flatten(1))


def stack(*layers):
    """Convolution, the layers given, and a dense layer."""
    body = nn.Sequential(nn.Conv1d(4, 8, 5), *layers, nn.Flatten())
    return nn.Sequential(body, nn.Linear(body(torch.zeros(1, 4, LENGTH)).shape[1], 2))


def reused():
    relu, middle = nn.ReLU(), nn.Conv1d(8, 8, 3, padding=1)
    return stack(relu, middle, relu, middle, relu)


NETS = {
    "relu": lambda: stack(nn.ReLU()),
    "relu then max pool": lambda: stack(nn.ReLU(), nn.MaxPool1d(2)),
    "max pool then relu": lambda: stack(nn.MaxPool1d(2), nn.ReLU()),
    "overlapping max pool": lambda: stack(nn.ReLU(), nn.MaxPool1d(3, stride=1)),
    "overlapping max pool with padding": lambda: stack(nn.Tanh(), nn.MaxPool1d(5, stride=2, padding=2)),
    "pool, convolution, pool": lambda: stack(nn.MaxPool1d(2), nn.Conv1d(8, 6, 3), nn.MaxPool1d(2), nn.ReLU()),
    "batch norm": lambda: stack(nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(4), nn.Dropout(0.5)),
    "reused modules": reused,
    "residual": Residual,
    "gelu": lambda: stack(nn.GELU(), nn.Conv1d(8, 6, 3), nn.GELU()),
    "silu and mish": lambda: stack(nn.SiLU(), nn.Conv1d(8, 6, 3), nn.Mish()),
    "elu, sigmoid, softplus": lambda: stack(nn.ELU(), nn.Conv1d(8, 6, 3), nn.Sigmoid(), nn.Softplus()),
    "leaky relu and tanh": lambda: stack(nn.LeakyReLU(0.1), nn.Conv1d(8, 6, 3), nn.Tanh()),
}
# operations that mix several numbers: tangermeme takes them apart into steps with a rule each, ours is the mean
# gradient over the operation's way; the way is what tangermeme offers as `integrated_gradients_op`
MIXING = {
    "layer norm": (lambda: Normed(nn.LayerNorm(8)), nn.LayerNorm),
    "rms norm": (lambda: Normed(nn.RMSNorm(8)), nn.RMSNorm),
    "softmax at the end": (lambda: nn.Sequential(stack(nn.ReLU()), nn.Softmax(dim=-1)), nn.Softmax),
}


def one_hot_noise(count, seed):
    bases = torch.randint(4, (count, LENGTH), generator=torch.Generator().manual_seed(seed))
    return nn.functional.one_hot(bases, 4).transpose(1, 2).double()


def compared(build, **options):
    """Ours and tangermeme's hypothetical attributions, the inputs, and what the sums over a sequence should be."""
    from tangermeme.deep_lift_shap import deep_lift_shap

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = build().double().eval()
    inputs = one_hot_noise(3, 0)
    references = one_hot_noise(3 * DRAWS, 1).view(3, DRAWS, 4, LENGTH)
    score, baseline = Score(model, output(1)), given(inputs, references)
    theirs = deep_lift_shap(
        model, inputs, target=1, references=references, hypothetical=True, device="cpu", batch_size=7, **options
    )
    explain = partial(run.explain, score=score, inputs=inputs, batch_size=7, device="cpu")
    ours = explain(partial(hypothetical_deeplift, baseline=baseline))
    owed = (score(inputs) - score(references.flatten(0, 1)).view(3, DRAWS).mean(1)).detach()
    summed = explain(partial(deeplift, baseline=baseline)).sum((1, 2))
    torch.testing.assert_close(summed, owed, rtol=1e-9, atol=1e-12)
    return ours, theirs, inputs, owed


@pytest.mark.parametrize("name", NETS)
def test_equal_at_every_position(name):
    ours, theirs, inputs, owed = compared(NETS[name])
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close((ours * inputs).sum((1, 2)), owed, rtol=1e-9, atol=1e-12)
    assert owed.abs().min() > 1e-4


@pytest.mark.parametrize("name", MIXING)
def test_operations_that_mix_numbers(name):
    """Both add up; position by position they are equal once tangermeme integrates over the operation, too."""
    from tangermeme.deep_lift_shap import integrated_gradients_op

    build, kind = MIXING[name]
    ours, theirs, inputs, owed = compared(build)
    for values in (ours, theirs):
        torch.testing.assert_close((values * inputs).sum((1, 2)), owed, rtol=1e-9, atol=1e-12)
    ours, theirs, _, _ = compared(build, additional_nonlinear_ops={kind: integrated_gradients_op(K=64)})
    torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)
