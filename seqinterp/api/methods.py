"""`methods`: which ways to attribute there are, what each needs, promises and costs, and where it fails."""

import pandas as pd

from seqinterp.api.catalogue import COMPLETE, METHODS, option_names
from seqinterp.api.method_facts import FACTS, LEADERBOARD

NO_OPTIONS = {"seed"}  # taken by the public call


def methods() -> pd.DataFrame:
    """All attribution methods, one row each.

    method, paper. needs: beside the model and the inputs. adds_up: whether the values add up to the score less that of
    the baseline. every_base: whether it also says what the bases that are not there would contribute. cost: forward
    passes of the model for one example (a backward pass counts as two). options: by keyword. leaderboard: mean AUROC
    over bases on trained networks of motif grammars, 0.5 is chance (benchmarks/LEADERBOARD.md). fails: where it is
    known to mislead. All explain a trained model, after modelling.
    """
    return pd.DataFrame(
        {
            "method": name,
            "paper": entry.paper,
            "needs": FACTS[name].needs,
            "adds_up": _promise(entry.promised),
            "every_base": entry.hypothetical is not None,
            "cost": FACTS[name].cost,
            "options": ", ".join(sorted(option_names(entry.explainer) - NO_OPTIONS)),
            "leaderboard": LEADERBOARD[name],
            "fails": FACTS[name].fails,
        }
        for name, entry in METHODS.items()
    )


def _promise(promised: float | None) -> str:
    """In words what a relative error of the sum is."""
    if promised is None:
        return "no"
    return "to rounding" if promised <= COMPLETE else "on average"
