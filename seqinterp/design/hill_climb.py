"""Random single-base hill climb (Ramsundar et al. 2019, Deep Learning for the Life Sciences, chapter 10).

The published loop: put a random base at a random position, keep it when the score rises, a thousand times.
"""

from dataclasses import dataclass

import numpy as np
import torch

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.shapes import Sequences

# Most proposals of one design that are scored together. All are edits of the same sequence, so the first that is
# kept makes the rest of the block void: blocks grow while few proposals are kept and shrink while many are.
LONGEST_BLOCK = 64


@dataclass(frozen=True)
class Climb:
    """Designed sequences and how they were reached.

    trajectory: `(batch, steps + 1)`, the score after each step; the first column is the starting score.
    """

    sequences: Sequences
    trajectory: torch.Tensor


def rises(reached: torch.Tensor, best: torch.Tensor) -> torch.Tensor:
    """Whether a score is higher by more than rounding: an edit that changes nothing must not count as help.

    Rounding depends on how many sequences are scored together; without the margin it would decide neutral edits.
    """
    margin = 32 * torch.finfo(best.dtype).eps * best.abs().clamp_min(1)
    return reached - best > margin


def proposals(length: int, steps: int, seed: int, design: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and bases that design number `design` will try, `(steps,)` each: a rule of `(seed, design)`."""
    generator = np.random.default_rng([seed, design])
    return generator.integers(length, size=steps), generator.integers(4, size=steps)


def random_starts(count: int, length: int, seed: int) -> Sequences:
    """Uniform random one-hot sequences `(count, 4, length)`; sequence `i` is a rule of `(seed, i)`."""
    bases = np.stack([np.random.default_rng([seed, i, 1]).integers(4, size=length) for i in range(count)])
    return torch.nn.functional.one_hot(torch.from_numpy(bases), 4).transpose(1, 2).float().contiguous()


@dataclass
class _Walk:
    """Where each design stands: its sequence, its score so far, and how many proposals it has tried."""

    sequences: Sequences
    best: torch.Tensor
    trajectory: torch.Tensor
    done: torch.Tensor
    positions: torch.Tensor
    bases: torch.Tensor
    block: int = 4


def hill_climb(score: Score, starts: Sequences, /, *, steps: int = 1000, seed: int = 0) -> Climb:
    """Try `steps` random single-base edits on each start and keep those that raise the score.

    The result is that of the one-at-a-time loop under the same seed: proposals are scored in blocks, the first
    that raises the score is kept, and the walk goes on from the proposal after it. All designs advance together.

    Raises:
        InputError: `steps` is negative.
    """
    if steps < 0:
        raise InputError(f"steps must be 0 or more, not {steps}")
    count, _, length = starts.shape
    if steps == 0:
        with torch.no_grad():
            return Climb(starts.clone(), score(starts)[:, None])
    tried = [proposals(length, steps, seed, design) for design in range(count)]
    positions = torch.from_numpy(np.stack([p for p, _ in tried])).to(starts.device)
    bases = torch.from_numpy(np.stack([b for _, b in tried])).to(starts.device)
    with torch.no_grad():
        best = score(starts)
        done = torch.zeros(count, dtype=torch.long, device=starts.device)
        walk = _Walk(starts.clone(), best.clone(), best[:, None].repeat(1, steps + 1), done, positions, bases)
        while bool((walk.done < steps).any()):
            _advance(score, walk)
    return Climb(walk.sequences, walk.trajectory)


def _advance(score: Score, walk: _Walk) -> None:
    """Score the next block of proposals of every unfinished design; keep the first that helps."""
    steps = walk.positions.shape[1]
    design = (walk.done < steps).nonzero().flatten()
    block = walk.block
    step = walk.done[design, None] + torch.arange(block, device=design.device)  # (design, block)
    valid = step < steps
    step = step.clamp_max(steps - 1)
    rows = walk.sequences[design].repeat_interleave(block, dim=0)
    row = torch.arange(len(rows), device=design.device)
    position = walk.positions[design[:, None], step].flatten()
    rows[row, :, position] = 0
    rows[row, walk.bases[design[:, None], step].flatten(), position] = 1
    reached = score(rows).reshape(len(design), block)
    better = rises(reached, walk.best[design, None]) & valid
    helped = int(better.any(dim=1).sum())
    walk.block = max(1, block // 2) if 2 * helped > len(design) else min(LONGEST_BLOCK, block * 2)
    for i, name in enumerate(design.tolist()):
        kept = better[i].nonzero().flatten()
        if len(kept) == 0:
            walk.done[name] = min(int(walk.done[name]) + block, steps)
            continue
        first = int(kept[0])
        walk.sequences[name] = rows[i * block + first]
        walk.best[name] = reached[i, first]
        walk.trajectory[name, int(step[i, first]) + 1 :] = walk.best[name]
        walk.done[name] = step[i, first] + 1
