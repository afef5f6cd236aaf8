"""What searches along gradients share: sampled sequences, straight-through slopes, Adam, the best one kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.design.objective import finite
from seqinterp.design.walk import Problem, Walk
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Certainties, CodeBlock, Codes, Numbers, Sequences

# The logits of the designs, (design, 4, position), from what is being learnt and the one-hot starts.
Logits = Callable[[Mapping[str, Tensor], Sequences], Sequences]
MEMORY, SPREAD, SMALL = 0.9, 0.999, 1e-8  # Adam (Kingma & Ba 2015): beta 1, beta 2, epsilon
TINY = 1e-7  # keeps the logarithms of the noise finite
MENDED = 2  # sequences of a design that are brought back within the rules in one round, the best ones


@dataclass(frozen=True)
class Sampling:
    """draws: sequences sampled of each design in one round.

    rate: of Adam. noisy: whether slopes go through the sampled (Gumbel) or the plain softmax.
    temperature: of the softmax.
    patience: rounds without a better sequence after which a design is done.
    """

    draws: int
    rate: float
    noisy: bool
    temperature: float = 1.0
    patience: int = 100

    def __post_init__(self) -> None:
        if self.draws < 1 or self.patience < 1 or not 0 < self.rate < np.inf or not 0 < self.temperature < np.inf:
            raise InputError(
                "draws and patience must be 1 or more, rate and temperature above 0, not"
                f" {self.draws}, {self.patience}, {self.rate} and {self.temperature}"
            )


def ascend(problem: Problem, walk: Walk, how: Sampling, first: Mapping[str, np.ndarray], logits: Logits) -> None:
    """One step of Adam for every open design; what was sampled on the way is what is designed.

    first: what is learnt as it is before the first step, one row per design.
    """
    if set(problem.kinds) != {"substitution"}:
        raise InputError("a search along gradients changes bases, it does not insert or delete; leave kinds out")
    memory = walk.memory
    if "since" not in memory:
        memory["since"] = np.zeros(len(walk.codes), np.int64)
        for name, rows in first.items():
            memory[name] = rows.astype(np.float32)
            memory[f"{name} mean"], memory[f"{name} square"] = np.zeros_like(memory[name]), np.zeros_like(memory[name])
    design, objective = walk.open, problem.objective
    with torch.inference_mode(False), torch.enable_grad():
        starts = objective.columns(walk.starts[design])
        learnt = {name: _leaf(memory[name][design], starts) for name in first}
        plain = logits(learnt, starts)
        noise = np.stack([_gumbel(problem, walk, int(name), how.draws) for name in design])
        sampled, bases = _sampled(plain, torch.from_numpy(noise).to(starts), how)
        fixed = problem.rules.frozen(walk.codes.shape[1])
        if fixed.any():
            sampled = torch.where(torch.from_numpy(fixed).to(starts.device), starts[:, None], sampled)
        sampled = sampled.flatten(0, 1)
        begun = starts.repeat_interleave(how.draws, dim=0)
        values = objective.relaxed(sampled, begun)
        if not values.requires_grad:
            raise ModelError(
                "the model's score has no gradient, so it cannot be followed; choose method='greedy' or another"
            )
        slopes = torch.autograd.grad(-values.sum() / how.draws, list(learnt.values()))
    for name, slope in zip(learnt, slopes, strict=True):
        _adam(walk, name, design, finite(slope.float().cpu().numpy()), how.rate)
    walk.done[design] += 1
    shape = (len(design), how.draws)
    codes = np.where(fixed, walk.starts[design, None], bases.cpu().numpy().astype(np.uint8))
    found = finite(values.detach().double().cpu().numpy()).reshape(shape)
    sure = plain.detach().amax(dim=1).sub_(plain.detach().logsumexp(dim=1)).float().cpu().numpy()
    for i, name in enumerate(design.tolist()):
        _keep_best(problem, walk, name, codes[i], found[i], sure[i])
        if memory["since"][name] >= how.patience:
            walk.close(name)


def _leaf(rows: np.ndarray, like: Tensor) -> Tensor:
    """Numbers that slopes are taken of."""
    return torch.from_numpy(rows).to(like).requires_grad_()


def _gumbel(problem: Problem, walk: Walk, name: int, draws: int) -> np.ndarray:
    """Gumbel noise of one design and step, (draws, 4, position): the largest of logits + noise is a sample."""
    shape = (draws, 4, walk.codes.shape[1])
    level = problem.generator(name, int(walk.done[name]), 6).random(shape, np.float32)
    return -np.log(-np.log(np.clip(level, TINY, 1 - TINY)))


def _sampled(plain: Sequences, noise: Tensor, how: Sampling) -> tuple[Tensor, Tensor]:
    """One-hot samples (design, draws, 4, position) with the slopes of a softmax: the straight-through estimator.

    And which bases they are, (design, draws, position).
    """
    loud = plain[:, None] + noise
    soft = torch.softmax((loud if how.noisy else plain[:, None].expand_as(loud)) / how.temperature, dim=2)
    base = loud.detach().max(dim=2).indices  # argmax takes ten times as long
    hard = torch.zeros_like(soft).scatter_(2, base[:, :, None], 1)
    return hard + (soft - soft.detach()), base


def _adam(walk: Walk, name: str, design: np.ndarray, slope: np.ndarray, rate: float) -> None:
    """One step down the slope."""
    mean, square = walk.memory[f"{name} mean"], walk.memory[f"{name} square"]
    mean[design] = MEMORY * mean[design] + (1 - MEMORY) * slope
    square[design] = SPREAD * square[design] + (1 - SPREAD) * slope**2
    step = (walk.done[design] + 1).reshape(-1, *(1 for _ in slope.shape[1:]))
    size = np.sqrt(square[design] / (1 - SPREAD**step)) + SMALL
    walk.memory[name][design] -= (rate * mean[design] / (1 - MEMORY**step) / size).astype(np.float32)


def _keep_best(problem: Problem, walk: Walk, name: int, codes: CodeBlock, values: Numbers, sure: Certainties) -> None:
    """Take the best of one round's sequences that keeps the rules, if it is better than what there was.

    Broken ones of high value are brought back within the rules, towards the best so far.
    """
    start = walk.starts[name]
    kept = problem.rules.keep(codes, np.broadcast_to(start, codes.shape))
    order = np.argsort(-values, kind="stable")
    values = np.where(kept, values, -np.inf)
    broken = order[~kept[order]][:MENDED]
    if len(broken):
        mended = np.stack([_retreated(problem, codes[i], walk.codes[name], start, sure) for i in broken])
        codes = np.concatenate([codes, mended])
        values = np.concatenate([values, problem.objective.values(mended, np.broadcast_to(start, mended.shape))])
    best = int(values.argmax())
    walk.memory["since"][name] += 1
    if values[best] - walk.values[name] > problem.margin(float(walk.values[name])):
        walk.reach(name, codes[best], float(values[best]), walk.done[name])
        walk.memory["since"][name] = 0


def _retreated(problem: Problem, codes: Codes, kept: Codes, start: Codes, sure: Certainties) -> Codes:
    """The sequence with as few differences from one that keeps the rules undone as it takes, unsure ones first."""
    differs = np.flatnonzero(codes != kept)
    differs = differs[np.argsort(sure[differs], kind="stable")]
    every = np.repeat(codes[None], len(differs) + 1, axis=0)
    undone = np.arange(len(differs))[None] < np.arange(len(differs) + 1)[:, None]
    every[:, differs] = np.where(undone, kept[differs], every[:, differs])
    allowed = problem.rules.keep(every, np.broadcast_to(start, every.shape))
    found: Codes = every[int(allowed.argmax())]
    return found
