"""Mean slopes along straight paths: row i of a path is compared with row i - 1.

The first convolutions or dense layers are linear, so along a straight path they are run at its two ends only, and
backwards once for all rows together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.gradient import require_slope
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.call import name_of
from seqinterp.attribution.rules.opaque import eager, refuse_scripted
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.pairs import paired_slopes, planned
from seqinterp.attribution.rules.partners import Partners, Unclear
from seqinterp.attribution.rules.replay import PairReplay, PairRule
from seqinterp.shapes import Inputs

LEADS = {"linear", "conv1d", "conv2d", "conv3d"}  # their rows lie along axis 0


@dataclass
class Paths:
    """Straight paths `(path, *features)` from `starts` to `ends`, cut at `nodes` between 0 and 1."""

    starts: Inputs
    ends: Inputs
    nodes: Tensor

    def between(self, starts: Tensor, ends: Tensor) -> Tensor:
        """The rows of all paths, one behind the other."""
        along = self.nodes.to(starts.dtype).reshape(1, -1, *[1] * (starts.ndim - 1))
        rows = starts.new_empty(len(starts) * len(self.nodes), *starts.shape[1:])
        torch.lerp(starts.unsqueeze(1), ends.unsqueeze(1), along, out=rows.unflatten(0, (len(starts), -1)))
        return rows

    def before(self) -> Tensor:
        """The row that each row is compared with: the one before, the first one with itself."""
        place = torch.arange(len(self.starts) * len(self.nodes), device=self.starts.device)
        return torch.where(place % len(self.nodes) == 0, place, place - 1)

    def mean(self, slopes: Tensor) -> Tensor:
        """Slopes of all rows, averaged over each path by the length of the pieces."""
        by_path = slopes.unflatten(0, (len(self.starts), len(self.nodes)))[:, 1:]
        return torch.einsum("pr...,r->p...", by_path, self.nodes.diff())


def path_slopes(score: Score, paths: Paths, rules: Mapping[Kind, PairRule]) -> Tensor:
    """Slopes of the score under `rules`, averaged over each path, `(path, *features)`.

    Raises:
        ModelError: as `paired_slopes`.
    """
    refuse_scripted(score)
    rows, before = paths.between(paths.starts, paths.ends), paths.before()
    try:
        with eager():
            return _led(score, rows, paths, rules, planned(score, rows, before, rules))
    except Unclear:
        return paths.mean(paired_slopes(score, rows, before, rules))


def _led(score: Score, rows: Inputs, paths: Paths, rules: Mapping[Kind, PairRule], partners: Partners) -> Tensor:
    """One pass over all rows, its first layers run at the ends of the paths only."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        replay = PathReplay(rules, partners, paths, leaf)
        with replay:
            found = score(leaf)
        total = found.unflatten(0, (len(paths.starts), -1))[:, 1:].sum()
        require_slope(total)
        (slopes,) = torch.autograd.grad(total, leaf, allow_unused=True, materialize_grads=True)
        mean = paths.mean(slopes)
        for lead in replay.leads:
            if lead.slopes is not None:
                start = paths.starts.detach().requires_grad_()
                mean = mean + torch.autograd.grad(lead.run(start), start, paths.mean(lead.slopes))[0]
    return mean


@dataclass
class Lead:
    """A first layer as a function of the inputs, and the slopes that came back to its output."""

    run: Callable[[Tensor], Tensor]
    slopes: Tensor | None = None


class Led(torch.autograd.Function):
    """An output computed elsewhere; the slopes that come back to it stop at its lead."""

    @staticmethod
    def forward(ctx: Any, lead: Lead, output: list[Tensor], anchor: Tensor) -> Tensor:
        """Pass on the one tensor in `output`; `anchor` only makes autograd come back."""
        ctx.lead = lead
        return output.pop()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None]:
        """Keep the slopes."""
        ctx.lead.slopes = gradients[0]
        return None, None, None


class PathReplay(PairReplay):
    """A replay over paths, whose first layers are interpolated between the ends."""

    def __init__(self, rules: Mapping[Kind, PairRule], partners: Partners, paths: Paths, entry: Tensor) -> None:
        super().__init__(rules, partners)
        self.paths, self.entry, self.version = paths, entry, entry._version
        self.leads: list[Lead] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        entering = bool(args) and args[0] is self.entry
        if entering and name_of(func).word == "clone":  # the copy that `Score` hands to the model
            self.entry = func(*args, **(kwargs or {}))
            self.version = self.entry._version
            return self.entry
        if not entering or name_of(func).word not in LEADS or self.entry._version != self.version:
            return super().__torch_function__(func, types, args, kwargs)

        def run(rows: Tensor) -> Tensor:
            found: Tensor = func(rows, *args[1:], **(kwargs or {}))
            return found

        with torch.no_grad():
            ends = run(torch.cat([self.paths.starts, self.paths.ends]))
            output = self.paths.between(*ends.chunk(2))
        self.leads.append(Lead(run))
        led: Tensor = Led.apply(self.leads[-1], [output], self.entry)
        return led
