"""Multipliers between rows and their partners: one pass over all rows where their layout is clear, else two."""

from collections.abc import Mapping

import torch
from torch import Tensor

from seqinterp.attribution.gradient import require_slope
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.opaque import eager, note_own_functions, refuse_scripted
from seqinterp.attribution.rules.operations import Kind
from seqinterp.attribution.rules.partners import Partners, RowPartners, TapePartners, Unclear
from seqinterp.attribution.rules.replay import PairReplay, PairRule
from seqinterp.attribution.rules.tape import record
from seqinterp.shapes import Inputs


def paired_slopes(score: Score, rows: Inputs, partner: Tensor, rules: Mapping[Kind, PairRule]) -> Inputs:
    """Slopes of the score under `rules`, each row compared with the row whose number `partner` gives.

    A row that is its own partner is there for others to be compared with: its slopes are zero.

    Raises:
        ModelError: the score cannot be differentiated, or the model's control flow depends on the values.
    """
    refuse_scripted(score)
    explained = (partner != torch.arange(len(partner), device=partner.device)).nonzero().flatten()
    with eager():
        try:
            return _replayed(score, rows, explained, rules, planned(score, rows, partner, rules))
        except Unclear:
            tape, _ = record(score, rows[partner[explained]], frozenset(rules))
            chosen = torch.arange(len(explained), device=rows.device)
            slopes = torch.zeros_like(rows)
            slopes[explained] = _replayed(score, rows[explained], chosen, rules, TapePartners(tape))
            return slopes


def planned(score: Score, rows: Inputs, partner: Tensor, rules: Mapping[Kind, PairRule]) -> RowPartners:
    """Partners within one pass, from a record pass over the first rows that shows where the rows lie."""
    plan_rows = 2 if len(rows) > 2 else 3
    plan, found = record(score, rows[torch.arange(plan_rows, device=rows.device) % 2], frozenset(rules))
    note_own_functions(found)
    return RowPartners(partner, plan, plan_rows)


def _replayed(
    score: Score, rows: Inputs, explained: Tensor, rules: Mapping[Kind, PairRule], partners: Partners
) -> Inputs:
    """Slopes of the scores of the explained rows."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        with PairReplay(rules, partners):
            found = score(leaf)
        total = found[explained].sum()
        require_slope(total)
        (slopes,) = torch.autograd.grad(total, leaf)
    return slopes
