"""The networks that exact mutagenesis is held against, and what exact means; a function in the zoo adds a network."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn

from edited_zoo import awkward, curves, norms, pools, positions, profiles, published, sequential, stacks, wiring
from edited_zoo.kit import Network
from naive import mutagenesis as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.mutagenesis.edits import between
from seqinterp.mutagenesis.effects import effects

NETWORKS: list[Network] = [
    value
    for module in (stacks, published, profiles, pools, norms, curves, wiring, positions, sequential, awkward)
    for value in vars(module).values()
    if isinstance(value, Network)
] + curves.ACTIVATIONS

EXACT = 1e-5  # of the largest effect
LUCK = 2  # sums taken in another order round differently: by so much the error of plain subtraction moves
# In units of the rounding of the score: what edits that nothing reads may do. Forward passes are not the same number in
# every row of a batch. An engine that recomputes only what an edit reaches has no such excuse: for it this is 0.
OUTSIDE = 16


@cache
def shared_model(network: Network) -> nn.Module:
    """The same model for every test, which leaves it as it is: what is worked out for a model is worked out once."""
    return network.model()


def assert_exact(
    found: Tensor,
    truth: Tensor,
    model: nn.Module,
    inputs: Tensor,
    target: naive.Index = 0,
    positions: Sequence[int] | None = None,
) -> None:
    """Within EXACT of the largest effect, or no further off than the plain subtraction in single precision.

    truth: all effects (at `positions`) in double precision, as `naive.effects` gives them.
    """
    assert found.shape == truth.shape
    error = float((found.double() - truth).abs().max())
    if not error <= EXACT * float(truth.abs().max()):
        plain = naive.float32_error(model, inputs, target, exact=truth, positions=positions)
        assert error <= LUCK * plain, f"off by {error:.2g}; the largest effect is {truth.abs().max():.2g}"


def assert_exact_edits(
    model: nn.Module, target: naive.Index, inputs: Tensor, rows: Tensor, example: Tensor | None = None
) -> Tensor:
    """The same for edits of any kind, `rows` made from `inputs[example]`; the effects are asked for and given back.

    target: None for all outputs.
    """
    source = torch.zeros(len(rows), dtype=torch.long) if example is None else example
    truth = naive.edited_effects(model, inputs, rows, source, index=target)
    function = model if target is None else Score(model, as_target(target))
    found = effects(function, inputs, between(inputs, rows, source))
    assert found.shape == truth.shape
    error = float((found.double() - truth).abs().max())
    if not error <= EXACT * float(truth.abs().max()):
        plain = naive.float32_edited_error(model, inputs, rows, source, truth, index=target)
        assert error <= LUCK * plain, f"off by {error:.2g}; the largest effect is {truth.abs().max():.2g}"
    return found


def assert_local(found: Tensor, scores: Tensor, seen: tuple[int, int] | Sequence[int] | None) -> None:
    """No effect of an edit that the score, `scores` before the edits, cannot see.

    seen: the positions `[first, last)` that it sees, a list of them, or None for all.
    """
    outside = torch.ones(found.shape[2], dtype=torch.bool)
    outside[slice(*(seen or (None, None))) if isinstance(seen, tuple | None) else seen] = False
    allowed = OUTSIDE * torch.finfo(found.dtype).eps * (scores.abs().max() + found.abs().max())
    assert (found[:, :, outside].abs() <= allowed).all()
