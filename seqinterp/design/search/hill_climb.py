"""Random single-base hill climb (Ramsundar et al. 2019, Deep Learning for the Life Sciences, chapter 10).

The published loop: put a random base at a random position, keep it when the score rises, a thousand times.
"""

from seqinterp.design.search.blocks import advance_blocks
from seqinterp.design.walk import Problem, Walk


def hill_climb(problem: Problem, walk: Walk, /) -> None:
    """Try random edits and keep those that raise the value: that of the one-at-a-time loop under the same seed."""
    advance_blocks(problem, walk, lambda gains, values, _, __: gains > problem.margins(values[:, 0])[:, None])
