"""The architectures that the laws of attribution run over, for sequences and for images; one blueprint adds two."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cases import Case
from zoo import curved, norms, pools, rectified, sequential, wiring
from zoo.kit import Blueprint, Kit, unsettle

BLUEPRINTS: list[Blueprint] = [
    value
    for module in (rectified, curved, pools, norms, wiring, sequential)
    for value in vars(module).values()
    if isinstance(value, Blueprint)
]


@dataclass(frozen=True)
class Architecture(Case):
    """A model in double precision and evaluation mode, inputs for it, and what is known of its score.

    target: index of an output, or a callable on the outputs, that gives one number per example.
    linear: an affine function of the inputs.
    relu_without_bias: rectifiers, maxima and linear maps without bias; the score grows in proportion to the inputs.
    piecewise_linear: continuous and linear in pieces (the two above are, too).
    continuous: False where the score jumps, so that no path of gradients can sum to a difference of scores.
    probability: the score is a probability, not a logit.
    seed: draws the weights; chosen so that the score of no example is close to that of zeros, where a relative error
        of completeness would have no meaning.
    """

    target: int | Callable[[object], Tensor] = 0
    linear: bool = False
    relu_without_bias: bool = False
    piecewise_linear: bool = False
    continuous: bool = True
    probability: bool = False
    seed: int = 0

    def model(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return unsettle(self.build()).double().eval()

    def inputs(self, count: int = 5, *, unknown: bool = False) -> Tensor:
        """One-hot sequences or signed images; with `unknown` every other example has places that are all zero."""
        generator = torch.Generator().manual_seed(1)
        if self.dna:
            inputs = super().inputs(count)
        else:
            inputs = torch.randn(count, *self.shape, generator=generator, dtype=torch.float64)
        if unknown:
            lost = torch.rand(count, 1, *self.shape[1:], generator=generator) < 0.3
            lost[1::2] = False
            lost[::2, ..., 1] = True
            inputs = inputs.masked_fill(lost, 0)
        return inputs

    def zeros(self) -> Tensor:
        """The zero baseline of one example, `(1, *features)`."""
        return torch.zeros(1, *self.shape, dtype=torch.float64)


def _case(plan: Blueprint, kit: Kit) -> Architecture:
    return Architecture(
        name=f"{plan.name}-{'dna' if kit.dims == 1 else 'image'}",
        build=lambda: plan.build(kit),
        shape=kit.shape,
        outputs=plan.outputs,
        target=plan.target,
        linear=plan.linear,
        relu_without_bias=plan.relu_without_bias,
        piecewise_linear=plan.piecewise_linear,
        continuous=plan.continuous,
        probability=plan.probability,
        seed=plan.seed,
    )


ARCHITECTURES = [_case(plan, kit) for kit in (Kit(1), Kit(2)) for plan in BLUEPRINTS]
DNA_ARCHITECTURES = [case for case in ARCHITECTURES if case.dna]
