"""Tables of measures: methods down, measures across, each number with the name it has in summary.csv."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seqinterp.evaluation.scorecard.measures import MEASURES
from seqinterp.report.numbers import number
from seqinterp.report.scorecard_contents import ScorecardContents
from seqinterp.report.scorecard_words import OF, readable

FEW = 6  # methods: tables of more are folded away
WAYS = {"larger": "larger is better", "smaller": "smaller is better", "": "shown, not judged by itself"}


def measure_table(contents: ScorecardContents, caption: str, measures: Sequence[str]) -> dict[str, Any] | None:
    """The mean of every measure that any method has, with the interval under it; None where there is none."""
    rows = contents.summary[contents.summary["measure"].isin(measures)]
    keys = rows[["measure", "of"]].drop_duplicates()
    keys = keys.assign(rank=keys["measure"].map(list(measures).index)).sort_values("rank", kind="stable")
    if keys.empty:
        return None
    columns = list(zip(keys["measure"], keys["of"], strict=True))
    found = {(row["method"], row["measure"], row["of"]): row for row in rows.to_dict("records")}
    names = [said.subject for said in contents.verdicts]
    return {
        "caption": caption,
        "heads": [{"name": measure, "of": of} for measure, of in columns],
        "rows": [
            {"name": readable(name), "cells": [_cell(found.get((name, *column))) for column in columns]}
            for name in names
            if any((name, *column) in found for column in columns)
        ],
        "words": explained(columns),
        "open": len(names) <= FEW,
    }


def explained(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """One line for each measure, and for each part of one that has words of its own."""
    lines = []
    for measure in dict.fromkeys(measure for measure, _ in columns):
        about = MEASURES[measure]
        parts = [f"{of}: {OF[of]}" for name, of in columns if name == measure and of in OF]
        words = about.words + (f" ({'; '.join(parts)})" if parts else "")
        lines.append({"name": measure, "words": words, "way": WAYS[about.better]})
    return lines


def _cell(row: Mapping[Any, Any] | None) -> dict[str, str]:
    """A mean and its interval; two dashes of nothing where the method has no number."""
    if row is None or pd.isna(row["mean"]):
        return {"value": "–", "interval": ""}
    known = not (pd.isna(row["low"]) or pd.isna(row["high"]))
    within = f"{short(row['low'])} to {short(row['high'])}" if known else ""
    return {"value": short(row["mean"]), "interval": within}


def short(value: float) -> str:
    """A number of a table: two digits after the point, three of a small one."""
    if abs(value) >= 100:
        return number(float(value), digits=2)
    text = f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.3f}"
    return text.replace("-", "−") if float(text) else "0"
