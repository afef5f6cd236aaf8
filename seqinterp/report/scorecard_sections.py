"""The sections of a scorecard's page: verdicts, the table, and what was asked of the methods.

Each has what `sections` says of a section.
"""

from collections.abc import Mapping
from typing import Any

from seqinterp.evaluation.scorecard.measures import QUESTIONS
from seqinterp.evaluation.scorecard.verdicts import CARE, USE, Verdict
from seqinterp.plot.scorecard import COLUMNS, scorecard_figure
from seqinterp.plot.scorecard_curves import curves_figure
from seqinterp.plot.scorecard_likeness import cascade_figure, settings_figure
from seqinterp.report.images import Image, embedded
from seqinterp.report.numbers import count, number
from seqinterp.report.scorecard_contents import ScorecardContents
from seqinterp.report.scorecard_tables import explained, measure_table
from seqinterp.report.scorecard_words import KINDS, MARKS, ORDER, method_words, model_sentence, readable

Section = dict[str, Any]


def summary(contents: ScorecardContents) -> list[dict[str, str]]:
    """Give the few facts that head the page."""
    usable = [said.subject for said in contents.verdicts if said.decision == USE]
    careful = sum(said.decision == CARE for said in contents.verdicts)
    names = ", ".join(map(readable, usable[:3])) + (f" and {len(usable) - 3} more" if len(usable) > 3 else "")
    careful_words = f"{careful} more with care" if careful else "none with care"
    facts = [
        ("explanations of the model", contents.model.decision, "" if not contents.model.reasons else "see why below"),
        ("methods to use", f"{len(usable)} of {len(contents.verdicts)}", f"{names or 'none'}; {careful_words}"),
        ("examples", f"{contents.examples:,}", f"of {contents.places}"),
        ("seed", str(contents.seed), "of everything that is drawn"),
    ]
    return [{"name": name, "value": value, "note": note} for name, value, note in facts]


def verdicts(contents: ScorecardContents) -> Section:
    """Give one sentence for the model and one for every method."""
    costs = {row["method"]: row for row in contents.table.to_dict("records")}
    return {
        "id": "verdicts",
        "short": "Verdicts",
        "title": "What may be believed",
        "lead": "The model comes first: no explanation is better than what it explains. A method may be used when it"
        " passes every question below that could be asked. A verdict holds for this model and these examples; it does"
        " not say that the method finds the biology, only that it tells what this model does.",
        "empty": "",
        "model": verdict_row(contents.model, model_sentence(contents.model)),
        "facts": _model_facts(contents),
        "methods": [
            {**verdict_row(said, method_words(said)), "cost": _cost(costs.get(said.subject), contents.examples)}
            for said in best_first(contents.verdicts)
        ],
    }


def best_first(said: tuple[Verdict, ...]) -> list[Verdict]:
    """The verdicts, those of the methods to use first."""
    return sorted(said, key=lambda one: ORDER.index(one.decision))


def verdict_row(said: Verdict, words: str) -> dict[str, str]:
    """A verdict for the page: mark, style, name, sentence."""
    return {
        "mark": MARKS[said.decision],
        "kind": KINDS[said.decision],
        "name": readable(said.subject),
        "decision": said.decision,
        "words": words,
    }


def _cost(row: Mapping[Any, Any] | None, examples: int) -> str:
    """How many examples a method explained, and what that took."""
    if row is None:
        return ""
    explained_, again, rows = int(row["examples"]), int(row["explained_again"]), int(row["rows"])
    return (
        f"explained {explained_} of {count(examples, 'example')}, {again} of them again and again;"
        f" {count(rows, 'model row')} an example; {float(row['seconds']):,.0f} s"
    )


def _model_facts(contents: ScorecardContents) -> list[dict[str, str]]:
    """The numbers of the model itself, each with what it means."""
    facts, rows = contents.facts, []
    if facts.order is not None:
        rows += [
            (
                "order of the bases, p-value",
                number(facts.order.p_value, digits=2),
                "how often an untrained network of the same build tells these sequences from their dinucleotide"
                f" shuffles as clearly ({count(facts.order.copies, 'copy', 'copies')} with random weights)",
            ),
            (
                "composition",
                number(facts.order.composition, digits=2),
                "rank correlation of the scores with those of the shuffles; 1 means that the score follows composition"
                " alone",
            ),
        ]
    if facts.labelled is not None:
        two = facts.chance == 0.5
        rows.append(
            (
                "labels, AUROC" if two else "labels, Spearman",
                number(facts.labelled, digits=2),
                f"how well the scores follow the labels; at least {number(facts.labelled_low, digits=2)} with 99.5 %"
                f" confidence, guessing gives {facts.chance:g}",
            )
        )
    for name, change, what in (
        ("strand", facts.strand_change, "read from the other strand"),
        ("shift", facts.shift_change, "moved by one place"),
    ):
        if change is not None:
            words = f"median change of the score when the input is {what}, in standard deviations of the scores"
            rows.append((f"change with the {name}", number(change, digits=2), words))
    return [{"name": name, "value": value, "words": words} for name, value, words in rows]


def measures(contents: ScorecardContents) -> Section:
    """Give the main measures of every method in one picture."""
    keys = [(column.measure, "") for column in COLUMNS if contents.has(column.measure)]
    return {
        "id": "measures",
        "short": "All methods",
        "title": "The methods side by side",
        "lead": "One row per method, one column per measure, the mean over examples in the cell. Blue is good, orange"
        " is poor. The names are those of summary.csv, which has the intervals and all other measures.",
        "empty": "" if contents.verdicts else "No method was tried.",
        "image": table_image(contents),
        "words": explained(keys),
    }


def table_image(contents: ScorecardContents) -> Image | None:
    """The table figure with the words that stand for it."""
    if not contents.verdicts:
        return None
    decisions = {said.subject: said.decision for said in contents.verdicts}
    words = "; ".join(f"{readable(name)}: {said}" for name, said in decisions.items())
    return embedded(scorecard_figure(contents.summary, decisions), f"Main measures of every method. {words}.")


def faithful(contents: ScorecardContents) -> Section:
    """Give the curves, and how odd the inputs become."""
    names = ("deletion_gain", "insertion_gain", "aopc", "sensitivity_n", "faithfulness_correlation", "infidelity")
    table = measure_table(contents, "Measures of faithfulness", (*names, "perturbation_shift"))
    image = None
    if len(contents.curves):
        image = embedded(
            curves_figure(contents.curves),
            "Mean score of the model while places are taken away and put back, one panel per method.",
        )
    return {
        "id": "faithful",
        "short": "Faithful",
        "title": QUESTIONS["faithful"],
        "lead": "If an explanation is right about the model, replacing the places it ranks first must change the score"
        " sooner than replacing places at random. Places are replaced by other bases, never by nothing; still the"
        " inputs become odd, and perturbation_shift says how odd. A method that makes the score fall quickly may also"
        " have found what confuses the model.",
        "empty": "" if table or image else "No method was asked this.",
        "figures": [image] if image else [],
        "tables": [table] if table else [],
    }


def stable(contents: ScorecardContents) -> Section:
    """Give likeness under small changes, other seeds, members and settings."""
    near = ("neighbour_similarity", "max_sensitivity", "local_lipschitz", "strand_consistency", "shift_consistency")
    tables = [
        measure_table(contents, "Inputs that should be explained alike", near),
        measure_table(contents, "What survives other seeds", ("reseeding",)),
        measure_table(contents, f"What survives other members: {contents.members}", ("members",)),
        measure_table(contents, "What is at the top under every setting", ("always_top",)),
    ]
    image = None
    if contents.has("setting_similarity"):
        image = embedded(settings_figure(contents.summary), "Likeness of each method with itself under other settings.")
    return {
        "id": "stable",
        "short": "Stable",
        "title": QUESTIONS["stable"],
        "lead": "Explained again, a method should say much the same: for an input next to it that the model scores the"
        " same, for the other strand, with another seed, for another model that might have been this one. Every other"
        " setting that a careful person might have chosen is shown, so that no one picks the nicest.",
        "empty": "" if any(tables) or image else "No method was asked this.",
        "figures": [image] if image else [],
        "tables": [table for table in tables if table],
    }


def depends(contents: ScorecardContents) -> Section:
    """Give likeness to explanations of randomised copies."""
    table = measure_table(contents, "Likeness when all weights are random", ("randomised",))
    image = None
    if contents.has("cascade"):
        image = embedded(
            cascade_figure(contents.summary, limit=contents.thresholds.randomised),
            "Likeness to explanations of copies with ever more layers randomised, one line per method.",
        )
    return {
        "id": "model",
        "short": "About the model",
        "title": QUESTIONS["model"],
        "lead": "Layers of copies of the model were set back to random weights, from the output down, and the copies"
        " were explained. An explanation that stays the same tells of the input and the wiring, not of what the model"
        " learned. Only copies whose scores are proven to have changed count. Above the dashed line is doubt.",
        "empty": "" if table or image else _why(contents, "The model could not be randomised."),
        "figures": [image] if image else [],
        "tables": [table] if table else [],
    }


def _why(contents: ScorecardContents, sentence: str) -> str:
    """A sentence, with the reason where one is known."""
    return " ".join([sentence, *(f"{reason}." for reason in contents.skipped.values())])
