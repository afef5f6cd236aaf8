"""Do sums of contributions go with falls of the score, for sets of one share? Bhatt et al. 2020, arXiv:2005.00631.

The number of `sensitivity_n` with n a share of each example's positions, and every set replaced once, as in the paper.
"""

from seqinterp.attribution.protocol import Score
from seqinterp.evaluation.infidelity import share_sizes
from seqinterp.evaluation.replacements import Replacement
from seqinterp.evaluation.sensitivity_n import set_correlation
from seqinterp.shapes import Attributions, Inputs, Scores

SHARE, SETS = 0.2, 128


def faithfulness_correlation(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    share: float = SHARE,
    sets: int = SETS,
    draws: int = 1,
    replacement: Replacement | None = None,
    seed: int = 0,
    cell: int = 1,
) -> Scores:
    """Pearson correlation over `sets` random sets of a share of the positions, `(batch,)`: larger is better.

    0 and NaN mean what they mean in `sensitivity_n`, as do `draws` and `replacement`; `cell` as in `deletion_curve`.

    Raises:
        ShapeError: the attributions do not fit the inputs, or the replacement cannot be used on them.
        InputError: a share that is not above 0 and up to 1, an example of N alone, fewer than 3 sets or one draw, or
            attributions that are not finite.
    """
    sizes = share_sizes(inputs, share)
    return set_correlation(
        score, inputs, attributions, sizes=sizes, sets=sets, draws=draws, replacement=replacement, seed=seed, cell=cell
    )
