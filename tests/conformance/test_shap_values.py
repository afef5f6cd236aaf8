"""Shapley values against the shap package: its exact explainer, and its KernelExplainer over all coalitions."""

import pytest
import torch
from torch import nn

from seqinterp.attribution.exact_shapley import exact_shapley
from seqinterp.attribution.kernel_shap import kernel_shap
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # shap warns of its own dependencies
FEATURES = 8

NETS = {
    "tanh": lambda: nn.Sequential(nn.Linear(FEATURES, 9), nn.Tanh(), nn.Linear(9, 2)),
    "relu": lambda: nn.Sequential(nn.Linear(FEATURES, 9), nn.ReLU(), nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 2)),
    "convolution and max pool": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 4)), nn.Conv1d(2, 5, 2), nn.ReLU(), nn.MaxPool1d(3), nn.Flatten(), nn.Linear(5, 2)
    ),
    "layer norm": lambda: nn.Sequential(nn.Linear(FEATURES, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 2)),
    "softmax": lambda: nn.Sequential(nn.Linear(FEATURES, 3), nn.Softmax(dim=1)),
}


@pytest.fixture(params=NETS)
def task(request):
    """A network, three inputs and four background rows, and the network as shap wants it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = NETS[request.param]().double().eval()
        inputs, background = torch.randn(3, FEATURES).double(), torch.randn(4, FEATURES).double()

    def predict(rows):
        with torch.no_grad():
            return model(torch.as_tensor(rows)).numpy()[:, 1]

    return Score(model, output(1)), inputs, background, predict


def explained(explainer, score, inputs, background):
    """Ours, over the same background rows."""
    return explainer(score, inputs, baseline=lambda x: background.expand(len(x), -1, -1))


def owed(score, inputs, background):
    with torch.no_grad():
        return score(inputs) - score(background).mean()


def test_exact_explainer(task):
    shap = pytest.importorskip("shap")
    score, inputs, background, predict = task
    masker = shap.maskers.Independent(background.numpy(), max_samples=len(background))
    theirs = torch.as_tensor(shap.explainers.Exact(predict, masker)(inputs.numpy()).values)
    for explainer in (exact_shapley, kernel_shap):
        found = explained(explainer, score, inputs, background)
        torch.testing.assert_close(found, theirs, rtol=1e-8, atol=1e-10)
        torch.testing.assert_close(found.sum(1), owed(score, inputs, background), rtol=1e-9, atol=1e-12)


def test_kernel_explainer(task):
    shap = pytest.importorskip("shap")
    score, inputs, background, predict = task
    theirs = shap.KernelExplainer(predict, background.numpy()).shap_values(inputs.numpy(), silent=True, l1_reg=0)
    found = explained(kernel_shap, score, inputs, background)
    torch.testing.assert_close(found, torch.as_tensor(theirs), rtol=1e-6, atol=1e-8)
