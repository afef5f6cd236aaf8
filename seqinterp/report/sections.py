"""One function per section of the report, each giving plain data for the template.

Every section has an `id`, a `title` and a `short` one for the contents bar, a `lead` that says what it shows and how
far to trust it, and `empty`: the sentence that stands in its place where there is nothing to show, else "".
"""

from typing import Any

import numpy as np

from seqinterp.motifs.motif import Motif
from seqinterp.plot.aligned_logos import aligned_logos
from seqinterp.plot.curves import (
    calibration_figure,
    history_figure,
    precision_recall_figure,
    roc_figure,
    trajectories_figure,
)
from seqinterp.plot.heatmap import mutagenesis_figure
from seqinterp.report.contents import DesignRow, FilterRow, Performance, ReportContents
from seqinterp.report.images import Image, embedded
from seqinterp.report.marking import coloured_bases, pattern_spans, stretches
from seqinterp.report.numbers import count, interval, number

Section = dict[str, Any]


def summary(contents: ReportContents) -> list[dict[str, str]]:
    """Give the few numbers that head the page."""
    performance = contents.performance
    facts = [
        {"name": name, "value": number(performance.metrics[name].value), "note": interval(performance.metrics[name])}
        for name in ("AUROC", "average precision")
        if name in performance.metrics
    ]
    share = number(_base_rate(performance), digits=2)
    facts.append(
        {
            "name": "held-out examples",
            "value": f"{performance.examples:,}",
            "note": f"{performance.positives:,} positive ({share})",
        }
    )
    named = [row for row in contents.filters if row.match is not None and row.q_value is not None]
    if named:
        best = min(named, key=lambda row: row.q_value or 0.0)
        facts.append(
            {"name": "best-matched filter", "value": best.match_name, "note": f"q = {number(best.q_value, digits=2)}"}
        )
    if contents.truth:
        top = max(contents.truth, key=lambda row: row.auroc.value)
        facts.append({"name": "planted bases (AUROC)", "value": number(top.auroc.value), "note": top.method})
    return facts


def performance(contents: ReportContents) -> Section:
    """Give the metrics with their intervals, the three curves and the training history."""
    result = contents.performance
    return {
        "id": "performance",
        "short": "Performance",
        "title": "Performance",
        "lead": f"How well the model ranks examples that it was not trained on. {result.split_sentence} "
        f"The intervals are 95 % bootstrap intervals over {count(result.positives, 'positive')} among "
        f"{count(result.examples, 'example')}; a difference smaller than its interval is not a finding.",
        "empty": "",
        "metrics": [
            {"name": name, "value": number(estimate.value), "interval": interval(estimate), "reading": _reading(name)}
            for name, estimate in result.metrics.items()
        ],
        "curves": _curves(result),
        "history": _history(result),
        "history_empty": "" if len(result.history) else "No training history was kept for this model.",
    }


def _reading(metric: str) -> str:
    """Say in a few words what a metric means."""
    return {
        "auroc": "chance that a positive outranks a negative; 0.5 is guessing",
        "average precision": "mean precision over all thresholds; the base rate is guessing",
        "log-loss": "nats per example; lower is better",
        "brier": "mean squared error of the probability; lower is better",
        "calibration error": "mean gap between predicted and observed share; 0 is calibrated",
    }.get(metric.lower(), "")


def _base_rate(result: Performance) -> float:
    """Give the share of positives among the held-out examples."""
    return result.positives / result.examples if result.examples else float("nan")


def _curves(result: Performance) -> list[Image]:
    """Draw the three curves on the unit square."""

    def named(metric: str) -> str:
        return f"{metric} {number(result.metrics[metric].value)}" if metric in result.metrics else "model"

    roc, recall, calibration = result.roc, result.precision_recall, result.calibration
    level = _base_rate(result)
    area, precision, gap = named("AUROC"), named("average precision"), named("calibration error")
    return [
        embedded(roc_figure(roc.horizontal, roc.vertical, label=area), f"ROC curve of {roc.name}, {area}."),
        embedded(
            precision_recall_figure(recall.horizontal, recall.vertical, base_rate=level, label=precision),
            f"Precision against recall of {recall.name}, {precision}, base rate {number(level)}.",
        ),
        embedded(
            calibration_figure(calibration.horizontal, calibration.vertical),
            f"Observed share of positives against predicted probability of {calibration.name}, {gap}.",
        ),
    ]


def _history(result: Performance) -> Image | None:
    """Draw the training history, where there is one."""
    if not len(result.history):
        return None
    epochs = count(int(result.history["epoch"].nunique()), "epoch")
    return embedded(
        history_figure(result.history),
        f"Training and validation loss, and validation average precision, over {epochs}.",
    )


def known_motif(contents: ReportContents) -> Section:
    """Give the known motif's logo beside the found one."""
    image = None
    if contents.known_motif is not None:
        known, found = contents.known_motif
        names = (f"found: {found.name}", f"known: {_motif_name(known)}")
        figure = aligned_logos(
            found, known, offset=contents.known_offset, labels=names, beside=True, width=1080, height=210
        )
        alt = f"Logo of the known motif, consensus {known.consensus}, beside the found one, {found.consensus}."
        image = embedded(figure, alt)
    return {
        "id": "known-motif",
        "short": "Known motif",
        "title": "Known and found motif",
        "lead": "The matrix from the database on the left, what the model learned on the right, in one frame of "
        "columns. Height is information in bits: how strictly a column is kept, not how much the score rests on it.",
        "empty": "" if image else "No known motif was given, or none of the filters resembles one.",
        "image": image,
    }


def _motif_name(motif: Motif) -> str:
    """Write a motif's label before its identifier, where it has both."""
    return f"{motif.label} ({motif.name})" if motif.label not in ("", motif.name) else motif.name


def filters(contents: ReportContents) -> Section:
    """Give one card per filter."""
    named = sum(row.match is not None for row in contents.filters)
    return {
        "id": "filters",
        "short": "Filters",
        "title": "Filters",
        "lead": f"Each filter as the motif of the windows that activate it, under the nearest known motif; {named} of "
        f"{len(contents.filters)} have one. The q-value corrects for the matrices that each filter "
        "was compared with, not for the number of filters. A name says that two patterns look alike; related proteins "
        "share patterns, so it does not say which of them binds.",
        "empty": "" if contents.filters else "The model has no first-layer filters that could be read as motifs.",
        "cards": [_filter_card(row) for row in contents.filters],
    }


def _filter_card(row: FilterRow) -> Section:
    """Give a filter's logos and numbers."""
    turned = ", reverse complement" if row.reverse else ""
    known = f"{row.match_name}{turned}"
    if row.match is None:
        figure = aligned_logos(row.motif, None, labels=("", ""), height=92)
    else:
        figure = aligned_logos(row.motif, row.match, offset=row.offset, labels=(row.motif.name, known))
    facts = [("hits", f"{row.hits:,}"), ("information", f"{row.motif.information_content:.1f} bits")]
    if row.match is not None:
        facts.insert(0, ("q-value", number(row.q_value, digits=2)))
    if row.also:
        facts.insert(0, ("also fits", row.also))
    if row.importance is not None:
        facts.append(("importance", number(row.importance, digits=2)))
    facts.append(("started from", row.started_from or "random weights"))
    under = f" under the known motif {known}" if row.match is not None else ", without a known match"
    return {
        "name": row.motif.name,
        "match": row.match_name,
        "matched": row.match is not None,
        "consensus": row.motif.consensus,
        "image": embedded(figure, f"Logo of {row.motif.name}, consensus {row.motif.consensus}{under}."),
        "facts": facts,
    }


def sequences(contents: ReportContents) -> Section:
    """Give the best-scoring sequences, base by base."""
    has_truth = any(row.truth is not None for row in contents.top_sequences)
    underlined = " Underlined bases were planted when the data were made." if has_truth else ""
    return {
        "id": "sequences",
        "short": "Sequences",
        "title": "Highest-scoring sequences",
        "lead": "The stronger the colour of a base, the more the score reacts to it. Colours are scaled to the largest "
        "value of each sequence: compare bases within a sequence, not between sequences. Saliency shows "
        f"sensitivity, not direction.{underlined}",
        "empty": "" if contents.top_sequences else "No sequences were scored.",
        "has_truth": has_truth,
        "rows": [
            {
                "name": row.name,
                "label": row.label,
                "logit": number(row.logit),
                "probability": number(row.probability),
                "bases": coloured_bases(row),
            }
            for row in contents.top_sequences
        ],
    }


def designs(contents: ReportContents) -> Section:
    """Give the optimised sequences with the patterns marked, and how the search went."""
    words = ", ".join(contents.highlight_patterns)
    marks = f" Marked: {words}, on either strand." if words else ""
    image = None
    if contents.designs:
        scores = [np.concatenate([[row.start_score], row.trajectory]) for row in contents.designs]
        best = max(row.score for row in contents.designs)
        image = embedded(
            trajectories_figure(scores),
            f"Score after each step of {count(len(scores), 'search', 'searches')}; the best ends at {number(best)}.",
        )
    return {
        "id": "designs",
        "short": "Designs",
        "title": "Optimised sequences",
        "lead": "Sequences changed step by step to raise the score. They show what the model likes best; so far from "
        f"anything it was trained on, a high score is no evidence that a protein would bind.{marks}",
        "empty": "" if contents.designs else "No sequences were optimised in this run.",
        "image": image,
        "rows": [_design_row(row, contents.highlight_patterns) for row in contents.designs],
        "patterns": contents.highlight_patterns,
    }


def _design_row(row: DesignRow, patterns: tuple[str, ...]) -> Section:
    """Give a design beside its start."""
    before, after = pattern_spans(row.start, patterns), pattern_spans(row.sequence, patterns)
    same_length = len(row.start) == len(row.sequence)
    changed = sum(old != new for old, new in zip(row.start, row.sequence, strict=True)) if same_length else None
    return {
        "name": row.name,
        "start_score": number(row.start_score),
        "score": number(row.score),
        "changed": "another length" if changed is None else f"{changed} of {len(row.sequence)} bases changed",
        "marks": f"{count(len(before), 'mark')} before, {len(after)} after" if patterns else "",
        "steps": count(len(row.trajectory), "step"),
        "sequence": stretches(row.sequence, after),
        "start": stretches(row.start, before),
    }


def mutagenesis(contents: ReportContents) -> Section:
    """Give the maps of all single-base edits."""
    return {
        "id": "mutagenesis",
        "short": "Edits",
        "title": "What every edit would do",
        "lead": "Each cell is one edit: red raises the score, blue lowers it, and a dot marks the base that is there. "
        "The letters above show what the present bases contribute. The effects are exact for this model and say "
        "nothing about edits made together; they are predictions, not measurements.",
        "empty": "" if contents.mutagenesis else "No sequence was put through mutagenesis in this run.",
        "panels": [
            {
                "name": panel.name,
                "image": embedded(
                    mutagenesis_figure(panel.effects, panel.contributions, panel.sequence),
                    f"Contribution logo and map of all single-base edits of {panel.name}, "
                    f"{count(len(panel.sequence), 'base')}; "
                    f"effects from {number(float(panel.effects.min(initial=0.0)))} "
                    f"to {number(float(panel.effects.max(initial=0.0)))}.",
                ),
            }
            for panel in contents.mutagenesis
        ],
    }


def truth(contents: ReportContents) -> Section:
    """Give how well each method finds what was planted."""
    return {
        "id": "truth",
        "short": "Planted truth",
        "title": "Agreement with planted truth",
        "lead": "The data were made with known sites, so each explanation can be marked right or wrong. The number is "
        "the chance that a planted base ranks above another base of the same sequence; 0.5 is guessing, 1 is perfect. "
        "Sequences that the model does not call positive are counted under 'all' only: no explanation can point at a "
        "site that the model does not see. It holds for these planted sites; real sites are less tidy.",
        "empty": ""
        if contents.truth
        else "These data carry no planted sites, so the explanations on this page could not be checked against a "
        "known answer.",
        "rows": [
            {
                "method": row.method.replace("_", " "),
                "auroc": number(row.auroc.value),
                "interval": interval(row.auroc),
                "sequences": f"{row.sequences:,}",
                "low": _percent(row.auroc.low),
                "high": _percent(row.auroc.high),
                "value": _percent(row.auroc.value),
            }
            for row in contents.truth
        ],
    }


def _percent(value: float) -> str:
    """Give a place on the bar from 0 to 1."""
    return f"{100 * min(1.0, max(0.0, value)):.1f}" if value == value else "0"


def notes(contents: ReportContents) -> Section:
    """Give the caveats."""
    return {
        "id": "notes",
        "short": "Caveats",
        "title": "Caveats",
        "lead": "What to keep in mind before using these results.",
        "empty": ""
        if contents.notes
        else "No caveats were recorded for this run, which does not mean that none exist.",
        "items": contents.notes,
    }


def provenance(contents: ReportContents) -> Section:
    """Give where every number comes from."""
    return {
        "id": "provenance",
        "short": "Provenance",
        "title": "Where the numbers come from",
        "lead": "With these data, settings, seed and versions the command gives these numbers again, on the same kind "
        "of machine.",
        "empty": "",
        "tables": [
            {
                "name": "Run",
                "rows": [("run id", contents.run_id), ("seed", str(contents.seed)), ("created", contents.created)],
            },
            {"name": "Data", "rows": list(contents.data.items())},
            {"name": "Settings", "rows": list(contents.settings.items())},
            {"name": "Versions", "rows": list(contents.versions.items())},
            *(
                {"name": f"Certificate: {name}", "rows": list(facts.items())}
                for name, facts in contents.certificates.items()
            ),
        ],
        "command": contents.command,
    }
