"""How far do perturbed sequences leave the natural ones? (Hooker et al. 2019, arXiv:1806.10758, why it matters.)

A score that falls as positions are replaced may fall because the model never saw anything like what was made. Shown
beside a faithfulness curve: the change of likelihood under a Markov chain of natural sequences.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqinterp.attribution.dna import require_dna
from seqinterp.evaluation.deletion import DRAWS, SHARES, Curve, check_shares, removal_order, taken_at
from seqinterp.evaluation.replacements import Replacement, random_base
from seqinterp.sequence.alphabet import N_CODE
from seqinterp.sequence.markov import Background
from seqinterp.sequence.markov_fit import code_log_likelihood, fit_background
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Attributions, CodeBlock, Natural, Sequences

ORDER = 2


def perturbation_shift(
    inputs: Sequences,
    attributions: Attributions,
    /,
    *,
    natural: Natural | None = None,
    replacement: Replacement = random_base,
    shares: Sequence[float] = SHARES,
    draws: int = DRAWS,
    seed: int = 0,
    ascending: bool = False,
    inserted: bool = False,
) -> Curve:
    """The change of the mean log2-likelihood per base by the share taken away, `(batch, points)`: 0 is no change.

    With the options of a `deletion_curve` (or, with `inserted`, an `insertion_curve`) it is about the same sequences.
    Below 0 they are less likely than the example itself. The chain is of order 2, from both strands of `natural`; the
    sequences the model was trained on are best. Without them it is that of the inputs themselves, which knows each
    input and so says a little too much; that tells with few or short inputs. N and mixtures do not count.

    Raises:
        ShapeError: inputs that are not one-hot DNA, or attributions of another shape.
        InputError: shares that do not rise from 0 to 1, a sequence of N alone, or attributions that are not finite.
        AlphabetError: a column of the natural sequences is no IUPAC letter.
    """
    require_dna(inputs, "perturbation_shift")
    check_shares(shares)
    ranks = removal_order(inputs, attributions, ascending=ascending, seed=seed)
    taken = taken_at(inputs, ranks, shares)
    chain = fit_background(decode(inputs if natural is None else natural), ORDER, both_strands=True)
    before = _likelihood(chain, inputs)
    masks = (~taken if inserted else taken).unbind(dim=1)
    after = [
        _likelihood(chain, replacement(inputs, mask, draws=draws, seed=seed).flatten(0, 1)).reshape(-1, draws)
        for mask in masks
    ]
    change = torch.stack([value.mean(dim=1) - before for value in after], dim=1)
    return Curve(torch.tensor(list(shares), dtype=torch.float64), change, inserted=inserted)


def _likelihood(chain: Background, inputs: Sequences) -> Tensor:
    """Mean log2-likelihood per known base of each sequence, `(batch,)`."""
    codes: CodeBlock = inputs.argmax(dim=1).to("cpu", torch.uint8).numpy()
    codes[((inputs != 0).sum(dim=1) != 1).cpu().numpy()] = N_CODE
    return torch.from_numpy(code_log_likelihood(chain, codes))
