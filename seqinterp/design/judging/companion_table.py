"""Which features maximisers share beyond chance, which of them the model uses, and what that means, in words.

The dumbbells of DeepDream came with arms (Mordvintsev et al. 2015, "Inceptionism: going deeper into neural networks"):
what always occurs together a model may not tell apart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from seqinterp.design.experiments.significance import q_values, rounding, stratified_p_value
from seqinterp.design.judging.companion_words import SURE, greater_p_values
from seqinterp.shapes import Numbers

ODDS = 2.0  # times the odds in the background, at least, of what is enriched
TESTED = 0.5  # of the maximisers: motifs that fewer hold, and that are not enriched, are not tested for being used
MAIN, USED, CARRIED, SAME = "main", "companion, used", "companion, carried along", "same sites"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of motifs in maximisers.

    names, labels: of the motifs; a label is what people call it, "" where there is none.
    holds, background: (sequence, motif), whether a sequence holds it.
    sites: their columns motif (its number), example, start, stop. drops, controls: as in `Removals`.
    scores: (maximiser,). precision: of the type of the scores.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    holds: np.ndarray
    background: np.ndarray
    sites: pd.DataFrame
    drops: np.ndarray
    controls: np.ndarray
    scores: np.ndarray
    precision: float


def enrichment(holds: np.ndarray, background: np.ndarray) -> pd.DataFrame:
    """Columns holders, share, background_share, odds_ratio, p_value, q_value, enriched; a row for each motif.

    odds_ratio: with 1/2 added to each of the four counts. p_value: Fisher's exact test, one-sided. q_value: Benjamini &
    Hochberg 1995 over the motifs. enriched: a q-value below 0.05 and at least twice the odds.
    """
    own, other = holds.sum(axis=0), background.sum(axis=0)
    p_values = greater_p_values(own, len(holds), other, len(background))
    odds = (own + 0.5) / (len(holds) - own + 0.5) * (len(background) - other + 0.5) / (other + 0.5)
    table = pd.DataFrame({"holders": own, "share": own / len(holds), "background_share": other / len(background)})
    table = table.assign(odds_ratio=odds, p_value=p_values, q_value=q_values(p_values))
    return table.assign(enriched=(table["q_value"] < SURE) & (odds >= ODDS))


def motif_table(given: Evidence) -> pd.DataFrame:
    """One row per motif: motif, label, the columns of `enrichment`, sites, drop, control, drop_p_value, drop_q_value,
    used, same_as, role.

    sites: the mean number in a maximiser. drop, control: what the score loses with all sites, as far as they do not lie
    under those of a stronger motif, and with random windows in their place, the mean over the maximisers. drop_p_value:
    in every maximiser the drop is exchanged with its controls, and the sums compared. used: more is lost than with
    random windows, at a q-value below 0.05. role: "main" is the motif that is used and whose removal, over all
    maximisers, costs most.
    """
    table = enrichment(given.holds, given.background)
    table.insert(0, "motif", list(given.names))
    table.insert(1, "label", list(given.labels))
    table["sites"] = np.bincount(given.sites["motif"], minlength=len(table)) / len(given.holds)
    table["drop"] = [_mean(row) for row in given.drops]
    table["control"] = [_mean(np.array([_mean(one) for one in row])) for row in given.controls]
    tested = (table["enriched"] | (table["share"] >= TESTED)).to_numpy()
    table["drop_p_value"] = np.where(tested, _drop_p_values(given), np.nan)
    table["drop_q_value"] = q_values(table["drop_p_value"].to_numpy())
    table["used"] = (table["drop"] > table["control"]) & (table["drop_q_value"] < SURE)
    strength = (table["share"] * (table["drop"] - table["control"])).where(table["used"], -np.inf).to_numpy()
    table["same_as"] = _same_sites(given, strength, table["p_value"].to_numpy())
    table["role"] = _roles(table, strength)
    return table


def _drop_p_values(given: Evidence) -> Numbers:
    """Whether removing a motif costs something else than removing random windows; NaN where it cannot be told."""
    found = np.full(len(given.names), np.nan)
    tolerance = rounding(given.scores, np.nan_to_num(given.drops), precision=given.precision)
    for motif, (drops, controls) in enumerate(zip(given.drops, given.controls, strict=True)):
        held = np.flatnonzero(np.isfinite(drops))
        blocks = [(drops[[one]], controls[one][np.isfinite(controls[one])]) for one in held.tolist()]
        found[motif] = stratified_p_value(blocks, tolerance=tolerance * len(held))
    return found


def _same_sites(given: Evidence, strength: Numbers, p_values: Numbers) -> list[str]:
    """Of each motif the stronger one that lies over most of its sites, "" where there is none."""
    same = [""] * len(given.names)
    parts = dict(tuple(given.sites.groupby("motif")))
    leading: list[int] = []
    for motif in np.lexsort((p_values, -strength)).tolist():
        if motif not in parts:
            continue
        over = next((one for one in leading if _overlap(parts[motif], parts[one]) > 0.5), None)
        if over is None:
            leading.append(motif)
        else:
            same[motif] = given.names[over]
    return same


def _overlap(sites: pd.DataFrame, others: pd.DataFrame) -> float:
    """Share of the sites that lie over one of the others by half the width of the narrower, or more."""
    pairs = sites.reset_index().merge(others, on="example", suffixes=("", "_other"))
    common = np.minimum(pairs["stop"], pairs["stop_other"]) - np.maximum(pairs["start"], pairs["start_other"])
    narrower = np.minimum(pairs["stop"] - pairs["start"], pairs["stop_other"] - pairs["start_other"])
    return float(pairs.loc[2 * common >= narrower, "index"].nunique() / len(sites))


def _roles(table: pd.DataFrame, strength: Numbers) -> list[str]:
    """What each motif is to the model."""
    roles = []
    main = int(strength.argmax()) if len(table) and np.isfinite(strength.max()) else -1
    for number, row in enumerate(table.itertuples()):
        if number == main:
            roles.append(MAIN)
        elif row.same_as:
            roles.append(SAME)
        elif row.enriched:
            roles.append(USED if row.used else CARRIED)
        else:
            roles.append("used" if row.used else "")
    return roles


def pair_table(given: Evidence) -> pd.DataFrame:
    """One row per two motifs: first, second, together, share, expected_share, background_share, independence_p_value,
    p_value, q_value.

    together: maximisers that hold both. expected_share: the product of their shares. independence_p_value: one-sided,
    that two independent motifs meet so often (hypergeometric); 1 where one of them is in all maximisers. p_value: that
    so many maximisers hold both when so many background sequences do (Fisher, one-sided); q_value: over the pairs.
    """
    first, second = np.triu_indices(len(given.names), k=1)
    names, size, others_size = np.array(given.names, object), len(given.holds), len(given.background)
    own, other = (held.astype(np.int64).T @ held.astype(np.int64) for held in (given.holds, given.background))
    number = np.diag(own)
    together, elsewhere = own[first, second], other[first, second]
    p_values = greater_p_values(together, size, elsewhere, others_size)
    alone = hypergeom.sf(together - 1, size, number[second], number[first])
    return pd.DataFrame(
        {
            "first": names[first],
            "second": names[second],
            "together": together,
            "share": together / size,
            "expected_share": number[first] * number[second] / size**2,
            "background_share": elsewhere / others_size,
            "independence_p_value": alone,
            "p_value": p_values,
            "q_value": q_values(p_values),
        }
    )


def verdicts(table: pd.DataFrame, maximisers: int) -> list[str]:
    """What the table says, a sentence for the main motif and for every companion."""
    main = _rows(table[table["role"] == MAIN])
    companions = table[table["role"].isin([USED, CARRIED])].sort_values("holders", ascending=False, kind="stable")
    sentences = [
        f"{_carrying(row, maximisers)} (background {_percent(row['background_share'])}), {_removing(row)}: the model"
        f" responds to {_called(row)}{_or_others(table, row)}"
        for row in main
    ]
    if not main:
        sentences.append(
            f"of the {len(table)} motif(s) looked for none is what the model responds to: removing none lowers the"
            " score of the maximisers more than removing random windows does"
        )
    for row in _rows(companions):
        meaning = "a companion feature that is carried along; that the model uses it is not shown"
        if row["role"] == USED:
            meaning = f"a companion feature that the model uses; it may not tell it from {_called(main[0])}"
        sentences.append(
            f"{_carrying(row, maximisers, also=bool(main))}, which {_percent(row['background_share'])} of the"
            f" background does, {_removing(row)}: {meaning}"
        )
    if companions.empty:
        sentences.append("no other feature looked for is more frequent in the maximisers than in the background")
    return sentences


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows by column name."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _carrying(row: dict[str, Any], maximisers: int, *, also: bool = False) -> str:
    """How many maximisers carry a motif."""
    beside = " also" if also else ""
    if row["holders"] == maximisers:
        return f"every one of {maximisers} maximisers{beside} carries {_called(row)}"
    return f"{row['holders']} of {maximisers} maximisers{beside} carry {_called(row)}"


def _called(row: dict[str, Any]) -> str:
    """A motif as people call it, with its name."""
    return f"{row['label']} ({row['motif']})" if row["label"] else str(row["motif"])


def _or_others(table: pd.DataFrame, row: dict[str, Any]) -> str:
    """How many motifs cannot be told from one since they have its sites."""
    count = int(((table["same_as"] == row["motif"]) & table["enriched"]).sum())
    return f", or to one of {count} more motif(s) with the same sites" if count else ""


def _removing(row: dict[str, Any]) -> str:
    """What its removal does."""
    drop, control = float(row["drop"]), float(row["control"])
    if not np.isfinite(drop):
        return "all its sites lie under those of stronger ones"
    beside = f", random windows by {control:.3g}" if np.isfinite(control) else ""
    return f"removing it {'lowers' if drop >= 0 else 'raises'} the score by {abs(drop):.3g}{beside}"


def _percent(share: float) -> str:
    """A share in words."""
    return "under 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _mean(values: np.ndarray) -> float:
    """The mean of what is no NaN; NaN where there is nothing else."""
    told = values[np.isfinite(values)]
    return float(told.mean()) if len(told) else float("nan")
