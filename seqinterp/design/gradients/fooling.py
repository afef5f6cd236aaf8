"""Fooling inputs: the model is sure of them, and nobody else would be (Nguyen, Yosinski & Clune 2015,
doi:10.1109/CVPR.2015.7298640).

Features climb the gradient of the log-odds from noise. DNA is edited: first the substitution that raises the log-odds
most, until the model is sure, then the one that makes the sequence least likely while the model stays so.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.attribution.protocol import Score
from seqinterp.design.codes import codes_of
from seqinterp.design.gradients.activation import value_and_slope
from seqinterp.design.gradients.octaves import normalised
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.sequence.alphabet import BASES, N_CODE, letters_of
from seqinterp.sequence.markov import Background
from seqinterp.sequence.markov_fit import substitution_log_likelihoods
from seqinterp.sequence.shuffle import shuffle
from seqinterp.shapes import CodeBlock, Indices, Inputs, Scores, Sequences

SURPLUS = 1e-3  # of log-odds beyond those asked for: rounding must not take them back


@dataclass(frozen=True, eq=False)
class Fooling:
    """inputs, and how many steps or edits each took, `(count,)`."""

    inputs: Inputs
    steps: Indices


def climb_until_sure(
    score: Score,
    starts: Inputs,
    /,
    *,
    threshold: float,
    steps: int,
    step_size: float,
    bounds: tuple[float, float],
) -> Fooling:
    """Steps along the gradient divided by its mean size, clipped to the bounds, until the score is past `threshold`.

    Every input stops where it is past; one that is not after all steps is where they led.

    Raises:
        ModelError: a gradient is not finite.
    """

    def objective(rows: Tensor, _: Tensor) -> tuple[Scores, Scores]:
        return score(rows), rows.new_zeros(len(rows))

    inputs, taken = starts.clone(), torch.zeros(len(starts), dtype=torch.long, device=starts.device)
    for step in range(steps + 1):
        some = (taken == step).nonzero().flatten()  # who stopped has taken fewer
        if len(some) == 0:
            break
        value, slope = value_and_slope(objective, inputs[some], some, step, numbers=some)
        unsure = value < threshold + SURPLUS
        moving = some[unsure]
        if step == steps or len(moving) == 0:
            break
        inputs[moving] = (inputs[moving] + step_size * normalised(slope[unsure])).clamp(*bounds)
        taken[moving] += 1
    return Fooling(inputs, taken)


def edit_until_sure(
    score: Score, starts: Sequences, /, *, threshold: float, background: Background, steps: int
) -> Fooling:
    """At most `steps` substitutions in each sequence: to be sure, and then to be unlikely under `background`.

    All substitutions are tried in every round. The first part ends where the score is past `threshold` or no edit
    raises it; the second where no edit that leaves it past lowers the likelihood.
    """
    inputs, taken = starts.clone(), torch.zeros(len(starts), dtype=torch.long, device=starts.device)
    reached = score(inputs)
    going = torch.ones(len(starts), dtype=torch.bool, device=starts.device)
    for step in range(steps):
        some = going.nonzero().flatten()
        if len(some) == 0:
            break
        gains = every_base(score, inputs[some], repeats=steps, check=step == 0)
        edits, worth = _choose(inputs[some], reached[some], gains, threshold, background)
        tried = inputs[some]
        base, position = edits // inputs.shape[2], edits % inputs.shape[2]
        row = torch.arange(len(some), device=inputs.device)
        tried[row, :, position] = 0
        tried[row, base, position] = 1
        now = score(tried)
        # gains are exact up to rounding; what counts is a forward pass of the edited sequence
        past = threshold + SURPLUS
        kept = worth & torch.where(reached[some] >= past, now >= past, now > reached[some])
        going[some[~kept]] = False
        inputs[some[kept]], reached[some[kept]] = tried[kept], now[kept]
        taken[some[kept]] += 1
    return Fooling(inputs, taken)


def _choose(
    inputs: Sequences, reached: Scores, gains: Tensor, threshold: float, background: Background
) -> tuple[Indices, Tensor]:
    """The edit of each sequence, numbered base by base, and whether it is worth making."""
    edits, worth = [], []
    for one, now, gain in zip(codes_of(inputs), reached.tolist(), gains.double().cpu().numpy(), strict=True):
        if now < threshold + SURPLUS:
            edits.append(int(gain.argmax()))
            worth.append(bool(gain.max() > 1e-6 * max(1.0, abs(now))))
            continue
        change = substitution_log_likelihoods(background, one)
        allowed = (now + gain >= threshold + SURPLUS) & (change < -1e-9) & (one < N_CODE)
        change = np.where(allowed, change, np.inf)
        edits.append(int(change.argmin()))
        worth.append(bool(allowed.any()))
    device = inputs.device
    return torch.tensor(edits, device=device), torch.tensor(worth, device=device)


def random_noise(count: int, shape: tuple[int, ...], bounds: tuple[float, float], seed: int) -> Inputs:
    """Uniform noise within the bounds; input `i` is a rule of `(seed, i)`."""
    drawn = [torch.rand(shape, generator=generator(seed, torch.tensor(i), "fooling")) for i in range(count)]
    return bounds[0] + (bounds[1] - bounds[0]) * torch.stack(drawn)


def random_sequences(count: int, length: int, seed: int) -> list[str]:
    """Uniform random sequences; number `i` is a rule of `(seed, i)`."""
    drawn = [torch.randint(4, (length,), generator=generator(seed, torch.tensor(i), "fooling")) for i in range(count)]
    return ["".join(BASES[base] for base in one.tolist()) for one in drawn]


def shuffled_sequences(count: int, natural: CodeBlock, seed: int) -> list[str]:
    """Shuffles of the letters of natural sequences, in turn; number `i` is a rule of `(seed, i)` and its sequence."""
    return [shuffle([letters_of(natural[i % len(natural)])], seed=seed + i)[0][0] for i in range(count)]
