"""Cases that a peer is known to get wrong: ours adds up, and no example changes the numbers of another.

What the peer does is told in each docstring and recorded (`pytest --junitxml`), but not required: it may be mended any
day.
"""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import deeplift, hypothetical_deeplift
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.guided_backprop import guided_backprop
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output

pytestmark = pytest.mark.filterwarnings("ignore")  # captum warns of hooks, its own imports of deprecations
LENGTH = 20


def noise(count=5, seed=0):
    return torch.randn(count, 4, LENGTH, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def dense(*body, outputs=2):
    """A convolution, the layers given, a dense layer; in double precision."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        body = nn.Sequential(nn.Conv1d(4, 6, 3), *body, nn.Flatten())
        width = body(torch.zeros(1, 4, LENGTH)).shape[1]
        return nn.Sequential(body, nn.Linear(width, outputs)).double().eval()


def missing(model, inputs, references, values):
    """How far the values of the worst example are from adding up, as a part of the largest difference of scores."""
    with torch.no_grad():
        owed = (model(inputs) - model(references))[:, 0]
    return ((values.flatten(1).sum(1) - owed).abs().max() / owed.abs().max()).item()


def required(model, inputs, explainer):
    """Our values, after it was checked that each example is explained as if it were alone."""
    explain = partial(run.explain, explainer, Score(model, output(0)), device="cpu")
    values = explain(inputs)
    torch.testing.assert_close(values, torch.cat([explain(one[None]) for one in inputs]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(values, explain(inputs.flip(0)).flip(0), rtol=1e-9, atol=1e-12)
    return values


def deeplift_holds(model, inputs, references):
    """Our DeepLIFT, after its laws were checked: it adds up, and no example changes the multipliers of another."""
    baseline = given(inputs, references[:, None])
    values = required(model, inputs, partial(deeplift, baseline=baseline))
    assert missing(model, inputs, references, values) < 1e-9
    required(model, inputs, partial(hypothetical_deeplift, baseline=baseline))
    return values


@pytest.fixture
def holds(record_property):
    """Our laws hold; what captum makes of the same is recorded."""
    from captum.attr import DeepLift

    def check(model, inputs, references=None):
        references = noise(len(inputs), seed=9) if references is None else references
        values = deeplift_holds(model, inputs, references)
        theirs = DeepLift(model).attribute(inputs.clone(), references, target=0).detach()
        method = DeepLift(model, multiply_by_inputs=False)
        pairs = zip(inputs.clone().split(1), references.split(1), strict=True)
        alone = torch.cat([method.attribute(one, reference, target=0).detach() for one, reference in pairs])
        together = method.attribute(inputs.clone(), references, target=0).detach()
        apart = float((together - alone).abs().max() / alone.abs().max())
        record_property("captum misses this part of the score difference", missing(model, inputs, references, theirs))
        record_property("captum's multipliers differ with the batch by this part of the largest", apart)
        return values

    return check


@pytest.mark.parametrize("pool", [nn.MaxPool1d(2), nn.MaxPool1d(3, stride=3)], ids=["2", "3"])
def test_rectifier_before_a_max_pool(pool, holds):
    """captum 0.9 (#1104): the rule of a rectifier that is next to a pool reads a gradient that the pool's rule has not
    rewritten yet, so DeepLIFT of the commonest block of all, convolution, ReLU, max pool, does not add up."""
    model = dense(nn.ReLU(), pool)
    holds(model, noise())


def test_max_pool_before_a_rectifier(holds):
    """captum 0.9: the same in the other order."""
    model = dense(nn.MaxPool1d(2), nn.ReLU())
    holds(model, noise())


def test_examples_that_agree_with_their_reference_in_a_pool(holds):
    """captum 0.9 (#1276): where an input of a max pool is as in the reference, every example is given the gradient of
    example 0 of the batch, so that its multipliers depend on which example stands first."""
    model = dense(nn.MaxPool1d(2), nn.Conv1d(6, 5, 2), nn.Tanh())
    inputs, references = noise(), noise(seed=9)
    inputs[:, :, 6:14] = references[:, :, 6:14]
    holds(model, inputs, references)


def test_softmax_of_several_examples(holds):
    """captum 0.9 (#1367): its rule for softmax subtracts a mean over the whole batch instead of over each example, so
    that numbers depend on the other examples."""
    model = nn.Sequential(dense(nn.ReLU(), outputs=3), nn.Softmax(dim=1))
    holds(model, noise())


@pytest.mark.parametrize(
    "pool", [nn.MaxPool1d(3, stride=1), nn.MaxPool1d(4, stride=2, padding=1)], ids=["3 by 1", "4 by 2, padded"]
)
def test_windows_that_overlap(pool, holds):
    """captum 0.9 and shap 0.51 undo a pool with `max_unpool`, which writes the winners of overlapping windows over one
    another instead of adding them (as tangermeme did before 1.6): what a shared winner owes to one window is lost."""
    model = dense(pool, nn.Conv1d(6, 5, 2))
    holds(model, noise())


class Functional(nn.Module):
    """A network of functions, with a choice of what rectifies."""

    def __init__(self, rectify):
        super().__init__()
        self.rectify = rectify
        self.stem, self.body, self.head = nn.Conv1d(4, 6, 3), nn.Conv1d(6, 6, 3), nn.Linear(6 * (LENGTH - 4), 2)

    def forward(self, inputs):
        return self.head(self.rectify(self.body(self.rectify(self.stem(inputs)))).flatten(1))


WRITTEN = {
    "F.relu": F.relu,
    "torch.relu": torch.relu,
    "method": lambda hidden: hidden.relu(),
    "clamp": lambda hidden: hidden.clamp(min=0),
    "in place": lambda hidden: hidden.clone().relu_(),
}


def written(rectify):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return Functional(rectify).double().eval()


@pytest.mark.parametrize("name", WRITTEN)
def test_rectifiers_that_are_no_modules(name, holds):
    """captum 0.9, shap 0.51 and tangermeme 1.6 find rectifiers by their modules: written as functions they are taken
    for linear, and DeepLIFT does not add up."""
    model, twin = written(WRITTEN[name]), written(nn.ReLU())
    expected = deeplift_holds(twin, noise(), noise(seed=9))
    torch.testing.assert_close(holds(model, noise()), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", WRITTEN)
def test_guided_backprop_of_functions(name, record_property):
    """captum 0.9 gives the plain gradient, without a word, for rectifiers that are functions and not modules."""
    from captum.attr import GuidedBackprop

    inputs = noise()
    model, twin = written(WRITTEN[name]), written(nn.ReLU())
    values = required(model, inputs, guided_backprop)
    torch.testing.assert_close(
        values, GuidedBackprop(twin).attribute(inputs, target=0).detach(), rtol=1e-10, atol=1e-13
    )
    plain = required(model, inputs, gradient)
    assert (values - plain).abs().max() > 0.1 * plain.abs().max()
    theirs = GuidedBackprop(model).attribute(inputs, target=0).detach()
    record_property("captum gives the plain gradient", torch.equal(theirs, plain))
