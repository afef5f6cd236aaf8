"""From multipliers to contributions: the algebra that methods with references share.

DeepLIFT (Shrikumar et al. 2017, arXiv:1704.02685) calls m a multiplier when sum m (x - r) = score(x) - score(r);
expected gradients (Erion et al. 2021, doi:10.1038/s42256-021-00343-w) use a gradient on the way from r to x as m.
"""

from seqinterp.shapes import Attributions, Effects, Inputs, References


def contributions(multipliers: References, inputs: Inputs, references: References) -> Attributions:
    """Mean over the draws of `multipliers * (inputs - references)`, `(batch, *features)`."""
    return (multipliers * (inputs.unsqueeze(1) - references)).mean(dim=1)


def hypothetical_contributions(multipliers: References, references: References) -> Effects:
    """What each base would contribute if it stood there, `(batch, 4, position)`.

    Base c is the column e_c, so it would contribute sum over bases b of m_b (e_c - r)_b = m_c - sum_b m_b r_b; mean
    over the draws. For one-hot columns, times the inputs and summed over the bases, it is `contributions` summed over
    the bases.
    """
    taken_away = (multipliers * references).sum(dim=2, keepdim=True)
    return (multipliers - taken_away).mean(dim=1)
