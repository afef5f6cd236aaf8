"""`report`: what a run folder holds, put together for the page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.results.scorecard_page import gather as scorecard_contents
from seqinterp.attribution.jacobian import saliency_map
from seqinterp.errors import FileError
from seqinterp.io import run_folder as files
from seqinterp.io.motif_files import read_motifs
from seqinterp.models.metrics import Metrics, evaluate_predictions
from seqinterp.motifs.motif import Motif
from seqinterp.report.contents import (
    Curve,
    DesignRow,
    FilterRow,
    Interval,
    MutagenesisPanel,
    Performance,
    ReportContents,
    ScoredSequence,
    TruthRow,
)
from seqinterp.report.page import render
from seqinterp.report.scorecard_contents import ScorecardContents
from seqinterp.sequence.onehot import decode

SHOWN_FILTERS = 24
NAMES = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "log_loss": "log-loss",
    "brier": "Brier",
    "calibration_error": "calibration error",
}


def report(folder: Path | str) -> str:
    """The report of a run folder as one self-contained HTML page.

    What the folder does not hold (filters, designs ...) is said in words on the page.

    Raises:
        FileError: the folder is not a run, or a file in it is damaged.
    """
    return render(gather(Path(folder)))


def gather(folder: Path) -> ReportContents:
    """Read everything that a run folder holds."""
    facts = files.read_facts(folder)
    filters = _filters(folder)
    known = _best_matched(filters[:SHOWN_FILTERS])
    return ReportContents(
        title=facts["title"],
        run_id=facts["run_id"],
        seed=facts["seed"],
        created=facts["created"],
        command=facts["command"],
        versions=facts["versions"],
        data=facts["data"],
        settings=facts["settings"],
        performance=_performance(folder, facts["split"], facts["seed"]),
        filters=filters[:SHOWN_FILTERS],
        known_motif=None if known is None or known.match is None else (known.match, known.motif),
        known_offset=0 if known is None else known.offset,
        top_sequences=_top_sequences(folder),
        certificates=_certificates(folder),
        designs=_designs(folder),
        highlight_patterns=tuple(facts.get("highlight") or _cores(filters)),
        mutagenesis=_mutagenesis(folder),
        truth=_truth(folder),
        belief=_belief(folder),
        notes=(*facts.get("notes", ()), *_filter_notes(folder, filters)),
    )


def _best_matched(filters: tuple[FilterRow, ...]) -> FilterRow | None:
    """The filter with the lowest q-value, one that was not started from a matrix if any such has a name."""
    matched = [row for row in filters if row.match is not None and row.q_value is not None]
    return min(matched, key=lambda row: (row.started_from is not None, row.q_value), default=None)


def _performance(folder: Path, split: str, seed: int) -> Performance:
    """Numbers and curves of the held-out predictions."""
    predictions = files.read_table(folder / files.PREDICTIONS)
    test = predictions[predictions["split"] == "test"]
    if test.empty:
        raise FileError(f"{folder / files.PREDICTIONS} has no row whose split is test; the run is damaged")
    groups = test["group"].to_numpy()
    found = evaluate_predictions(test["logit"].to_numpy(float), test["label"].to_numpy(float), groups=groups, seed=seed)
    history = files.read_table(folder / files.HISTORY)
    if "fold" in history and history["fold"].nunique() > 1:
        history = history.assign(member=history["fold"].astype(str) + "." + history["member"].astype(str))
    return Performance(
        metrics={NAMES[name]: Interval(e.value, e.low, e.high) for name, e in found.estimates().items()},
        roc=Curve("model", found.roc.horizontal, found.roc.vertical),
        precision_recall=Curve("model", found.precision_recall.horizontal, found.precision_recall.vertical),
        calibration=_calibration(found),
        examples=found.examples,
        positives=found.positives,
        history=history,
        split_sentence=split,
    )


def _calibration(found: Metrics) -> Curve:
    """Observed against predicted."""
    points = found.calibration
    return Curve("model", points.horizontal, points.vertical)


def _filters(folder: Path) -> tuple[FilterRow, ...]:
    """The filters in order of importance, each with the matrix it matches, turned to its strand."""
    if not (folder / files.FILTER_TABLE).exists():
        return ()
    motifs = {motif.name: motif for motif in read_motifs(folder / files.FILTERS)}
    known = (
        {motif.name: motif for motif in read_motifs(folder / files.MATCHES)}
        if (folder / files.MATCHES).exists()
        else {}
    )
    table = files.read_table(folder / files.FILTER_TABLE)
    return tuple(_filter_row(row, motifs, known) for row in table.to_dict("records"))


def _filter_row(row: Mapping[Any, Any], motifs: dict[str, Motif], known: dict[str, Motif]) -> FilterRow:
    """One line of filters.tsv with its matrices."""
    match = known.get(row["match"]) if isinstance(row["match"], str) else None
    return FilterRow(
        motif=motifs[row["name"]],
        match=match.reverse_complement() if match is not None and row["reverse"] else match,
        match_name=str(row["match_label"]),
        q_value=None if pd.isna(row["q_value"]) else float(row["q_value"]),
        hits=int(row["hits"]),
        started_from=row["started_from"] if isinstance(row["started_from"], str) else None,
        importance=float(row["importance"]),
        offset=int(row["offset"]),
        reverse=bool(row["reverse"]),
        also=row["also"] if isinstance(row["also"], str) else "",
    )


def _certificates(folder: Path) -> dict[str, dict[str, str]]:
    """The evidence for the attributions of the page."""
    if not (folder / files.TOP).exists():
        return {}
    return {"saliency of the highest-scoring sequences": Attribution.load(folder / files.TOP).certificate.in_words()}


def _top_sequences(folder: Path) -> tuple[ScoredSequence, ...]:
    """The best-scoring sequences with their saliency."""
    if not (folder / files.TOP).exists():
        return ()
    found = Attribution.load(folder / files.TOP)
    table = files.read_table(folder / files.TOP_TABLE)
    maps = saliency_map(found.values[:, None]).double().numpy()
    rows = zip(table.to_dict("records"), decode(found.inputs), maps, strict=True)
    return tuple(
        ScoredSequence(
            name=str(row["name"]),
            sequence=sequence,
            label=int(row["label"]),
            logit=float(row["logit"]),
            probability=float(row["probability"]),
            saliency=saliency,
            truth=np.array([mark == "X" for mark in str(row["truth"])]) if "truth" in row else None,
        )
        for row, sequence, saliency in rows
    )


def _designs(folder: Path) -> tuple[DesignRow, ...]:
    """The optimised sequences, best first."""
    if not (folder / files.DESIGNS).exists():
        return ()
    return tuple(
        DesignRow(
            f"design {i + 1}",
            each.start,
            each.sequence,
            each.start_score,
            each.score,
            each.trajectory[1:].astype(float),
        )
        for i, each in enumerate(Designs.load(folder / files.DESIGNS))
    )


def _mutagenesis(folder: Path) -> tuple[MutagenesisPanel, ...]:
    """The effects of every edit of a few sequences."""
    if not (folder / files.MUTAGENESIS).exists():
        return ()
    found = Mutagenesis.load(folder / files.MUTAGENESIS)
    names = {row.sequence: row.name for row in _top_sequences(folder)}
    rows = zip(decode(found.inputs), found.effects.double(), found.attributions.double(), found.score, strict=True)
    return tuple(
        MutagenesisPanel(
            f"{names.get(sequence, 'sequence')}, logit {float(score):.2f}",
            sequence,
            effects.numpy(),
            attributions.numpy(),
        )
        for sequence, effects, attributions, score in rows
    )


def _truth(folder: Path) -> tuple[TruthRow, ...]:
    """Agreement with what was planted, where something was."""
    if not (folder / files.TRUTH).exists():
        return ()
    rows = files.read_table(folder / files.TRUTH).to_dict("records")
    return tuple(
        TruthRow(row["method"], Interval(row["auroc"], row["low"], row["high"]), int(row["sequences"])) for row in rows
    )


def _belief(folder: Path) -> ScorecardContents | None:
    """What was found when methods were put on trial, where they were."""
    if not (folder / files.SCORECARD).exists():
        return None
    return scorecard_contents(Scorecard.load(folder / files.SCORECARD))


def _cores(filters: tuple[FilterRow, ...]) -> list[str]:
    """The informative middles of the three most important known motifs, as IUPAC words."""
    cores = [row.match.trim(1.0).consensus for row in filters if row.match is not None]
    return list(dict.fromkeys(core for core in cores if len(core) >= 5))[:3]


def _filter_notes(folder: Path, filters: tuple[FilterRow, ...]) -> list[str]:
    """What to keep in mind about the names of filters."""
    if not filters:
        return []
    table = files.read_table(folder / files.FILTER_TABLE)
    notes = [
        f"Names of filters are Tomtom matches among the {int(table['database_size'][0])} matrices of"
        f" {table['database'][0]}; q-values are over these, and a factor that is not among them cannot be named."
    ]
    started = sum(row.started_from is not None for row in filters)
    if started:
        notes.append(
            f"{started} of {len(filters)} filters were started from known matrices before training: that such a"
            " filter resembles its matrix afterwards is no discovery."
        )
    if len(filters) > SHOWN_FILTERS:
        notes.append(f"The {SHOWN_FILTERS} most important of {len(filters)} filters are shown; filters.tsv has all.")
    return notes
