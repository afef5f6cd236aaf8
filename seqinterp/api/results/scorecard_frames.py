"""The tables of a scorecard."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from torch import Tensor

from seqinterp.api.results.trial import Tried
from seqinterp.evaluation.agreement import Agreement
from seqinterp.evaluation.scorecard.measures import MEASURES
from seqinterp.evaluation.scorecard.verdicts import Verdict

DRAWS = 500  # examples drawn again for an interval
LEFT_OUT = {"deletion_curve", "insertion_curve"}  # of the summary: curves, one row per share


def example_rows(trials: Mapping[str, Tried], agreement: Agreement | None) -> pd.DataFrame:
    """One row per number."""
    parts = [_rows(name, measure, of, values.numpy()) for name, measure, of, values in _each(trials)]
    for name, tried in trials.items():
        parts += [_rows(name, measure, of, None, value) for (measure, of), value in tried.answers.whole.items()]
    if agreement is not None:
        for number, name in enumerate(agreement.names):
            others = np.delete(agreement.per_example[number], number, axis=0)
            known = ~np.isnan(others).all(axis=0)
            mean = np.full(others.shape[1], np.nan)
            mean[known] = np.nanmean(others[:, known], axis=0)
            parts.append(_rows(name, "agreement", "", mean))
    columns = ["method", "question", "measure", "of", "example", "value"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _each(trials: Mapping[str, Tried]) -> list[tuple[str, str, str, Tensor]]:
    """Every measure that has a number for each example."""
    return [
        (name, measure, of, values)
        for name, tried in trials.items()
        for (measure, of), values in tried.answers.each.items()
    ]


def _rows(method: str, measure: str, of: str, values: np.ndarray | None, whole: float = np.nan) -> pd.DataFrame:
    """The rows of one measure: those examples that have a number, or the one number of all."""
    known = np.flatnonzero(~np.isnan(values)) if values is not None else np.array([-1])
    rows = pd.DataFrame({"example": pd.array(known, dtype="Int64")})
    rows["value"] = values[known] if values is not None else whole
    if values is None:
        rows["example"] = pd.array([pd.NA], dtype="Int64")
    return rows.assign(method=method, question=MEASURES[measure].question, measure=measure, of=of)


def summary_rows(frame: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Mean and bootstrap interval of every measure of every method."""
    random = np.random.default_rng(seed)
    rows = []
    counted = frame[~frame["measure"].isin(LEFT_OUT)]
    for keys, group in counted.groupby(["method", "question", "measure", "of"], sort=False):
        values = group["value"].to_numpy(float)
        low = high = np.nan
        if len(values) > 1:
            means = values[random.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
            low, high = np.quantile(means, [0.025, 0.975])
        better = MEASURES[str(keys[2])].better
        rows.append((*keys, values.mean(), low, high, group["example"].notna().sum(), better))
    columns = ["method", "question", "measure", "of", "mean", "low", "high", "examples", "better"]
    return pd.DataFrame(rows, columns=columns)


def verdict_rows(
    verdicts: Mapping[str, Verdict], trials: Mapping[str, Tried], refused: Mapping[str, str]
) -> pd.DataFrame:
    """One row per method, those that were refused at the end."""
    rows = [
        {
            "method": name,
            "verdict": said.decision,
            "reasons": "; ".join(said.reasons),
            "examples": int(np.isfinite(trials[name].values.flatten(1).numpy()).all(axis=1).sum()),
            "explained_again": trials[name].again,
            "rows": trials[name].rows,
            "seconds": round(trials[name].seconds, 2),
        }
        for name, said in verdicts.items()
    ]
    rows += [{"method": name, "verdict": "not tried", "reasons": why} for name, why in refused.items()]
    columns = ["method", "verdict", "reasons", "examples", "explained_again", "rows", "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(("examples", "explained_again", "rows"), "Int64"))
