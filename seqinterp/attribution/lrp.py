"""Layer-wise relevance propagation (Bach et al. 2015, doi:10.1371/journal.pone.0130140; Montavon et al. 2019).

For attention the rules of AttnLRP (Achtibat et al. 2024, arXiv:2402.05602). Hook-free: the rules of attribution/rules
act on the model's own operations, whatever its code looks like.
"""

from functools import partial

import torch

from seqinterp.attribution.notes import note_sinks
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.rules.lrp.composites import Composite, as_composite
from seqinterp.attribution.rules.lrp.replay import propagate
from seqinterp.attribution.rules.lrp.terms import Rule
from seqinterp.attribution.rules.opaque import eager, refuse_scripted
from seqinterp.attribution.rules.partners import Unclear
from seqinterp.shapes import Attributions, Inputs


def lrp(score: Score, inputs: Inputs, /, *, rule: str | Rule | Composite = "epsilon") -> Attributions:
    """The relevance of each feature: the score, handed back layer by layer in proportion to contributions.

    Law: for every example the relevance of its features, plus what left the network on the way, is its score, to
    rounding. What left is noted as a ledger: "bias", "epsilon" and "remainder" (rules/lrp/ledger.py).

    Args:
        score: what is explained.
        inputs: `(batch, *features)`.
        rule: what linear layers and convolutions do. A name ("zero", "epsilon", "gamma", "zplus", "alpha1beta0",
            "alpha2beta1", "zbox", "wsquare", "flat", "pass"), a rule with its parameters (`Epsilon(1e-4)`,
            `Gamma(0.5)`, `AlphaBeta(2.0, 1.0)`, `ZBox(-2.0, 2.0)`), the name of a composite by layer ("epsilon_plus",
            "epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"), or a function from a `Layer` to its
            rule. A batch norm right after a layer counts as part of it.

    Raises:
        InputError: the rule is unknown, or does not fit a layer.
        ModelError: the score cannot be differentiated, the model is TorchScript, or its control flow depends on
            the values.
    """
    composite = as_composite(rule)
    refuse_scripted(score)
    with eager():
        return by_rows(partial(_relevance, score, composite), inputs)


def _relevance(score: Score, composite: Composite, rows: Inputs) -> Attributions:
    """Relevance for rows that fit in memory together; one by one where their numbers cannot be told apart."""
    try:
        values, sinks = propagate(score, rows, composite)
    except Unclear:
        parts = [propagate(score, row, composite) for row in rows.split(1)]
        values = torch.cat([part for part, _ in parts])
        sinks = {sink: torch.cat([amounts[sink] for _, amounts in parts]) for sink in parts[0][1]}
    note_sinks(sinks)
    return values
