"""More sections of a scorecard's page: the input, the truth, other methods, shortcuts, and where it all comes from."""

from dataclasses import asdict
from typing import Any

from seqinterp.evaluation.scorecard.measures import QUESTIONS
from seqinterp.plot.scorecard_likeness import agreement_figure
from seqinterp.report.images import embedded
from seqinterp.report.numbers import count, number
from seqinterp.report.scorecard_contents import AgreedSequence, ScorecardContents
from seqinterp.report.scorecard_tables import measure_table
from seqinterp.report.scorecard_words import THRESHOLDS, readable

Section = dict[str, Any]

NOT_GIVEN = {
    "labels": "No labels were given, so whether the scores follow them was not asked.",
    "truth": "No places that are known to matter were given, so whether a method is right was not asked.",
    "region": "No region was declared, so whether the model looks outside it was not asked.",
}

NEIGHBOURS = ("word_neighbours", "word_neighbours_p_value", "latent_neighbours", "latent_neighbours_p_value")


def beyond(contents: ScorecardContents) -> Section:
    """Give likeness to maps of the input alone."""
    names = ("null_similarity", "null_p_value")
    tables = [measure_table(contents, "Likeness to maps of the input alone, and its p-value", names)]
    return {
        "id": "input",
        "short": "More than the input",
        "title": QUESTIONS["input"],
        "lead": "These maps know nothing of the model: where G and C are, which words are rare, where known motifs fit,"
        " where edges are. An explanation that looks like one of them could have been drawn without a model. A small"
        " p-value means that the likeness belongs to the example itself, not to sequences in general.",
        "empty": "" if any(tables) else "No map of these inputs alone could be drawn, or no method was tried.",
        "figures": [],
        "tables": [table for table in tables if table],
    }


def right(contents: ScorecardContents) -> Section:
    """Give how well places that are known to matter are found."""
    names = ("truth_auroc", "truth_average_precision", "truth_share", "pointing_game", "position_error")
    table = measure_table(contents, "Against the places that are known to matter", names)
    return {
        "id": "right",
        "short": "Right",
        "title": QUESTIONS["right"],
        "lead": "Where it is known which places matter, each explanation can be marked. An AUROC of 0.5 is guessing. A"
        " model that never learned a site cannot be explained by it, so a low number may be the model's fault.",
        "empty": "" if table else NOT_GIVEN["truth"],
        "figures": [],
        "tables": [table] if table else [],
    }


def agreement(contents: ScorecardContents) -> Section:
    """Give how alike the methods are, and what most of them name."""
    image = None
    if contents.agreement is not None and len(contents.agreement_names) > 1:
        image = embedded(
            agreement_figure(contents.agreement_names, contents.agreement),
            "Mean rank correlation between every two methods.",
        )
    tables = [measure_table(contents, "With the other methods, on average", ("agreement",))]
    near = measure_table(contents, QUESTIONS["neighbours"], NEIGHBOURS)
    return {
        "id": "agreement",
        "short": "Agreement",
        "title": QUESTIONS["agreement"],
        "lead": "Methods that agree may still all be wrong, and methods of one family agree because they compute nearly"
        " the same. Places that most of the methods that may be used rank among their ten largest are marked below.",
        "empty": "" if image or near else "Agreement is between two methods or more; fewer were tried.",
        "figures": [image] if image else [],
        "tables": [table for table in (*tables, near) if table],
        "consensus": [
            {"name": row.name, "score": number(row.score), "parts": stretches_of(row)} for row in contents.consensus
        ],
        "no_consensus": ""
        if contents.consensus
        else "There are no places to mark: the inputs are not DNA, or fewer than two methods may be used.",
    }


def stretches_of(row: AgreedSequence) -> list[dict[str, Any]]:
    """The sequence cut where marks begin and end."""
    parts: list[dict[str, Any]] = []
    for base, mark in zip(row.sequence, row.agreed, strict=True):
        if parts and parts[-1]["marked"] == (mark == "X"):
            parts[-1]["letters"] += base
        else:
            parts.append({"letters": base, "marked": mark == "X"})
    return parts


def shortcuts(contents: ScorecardContents) -> Section:
    """Give what is owed to fixed places, and what lies outside the region."""
    fixed = ("fixed_places", "fixed_places_chance", "fixed_places_p_value")
    tables = [
        measure_table(contents, "At the same places in every example", fixed),
        measure_table(contents, "Outside the declared region", ("outside", "outside_chance", "outside_p_value")),
    ]
    return {
        "id": "shortcuts",
        "short": "Shortcuts",
        "title": QUESTIONS["shortcuts"],
        "lead": "A model may have learned a marker of how the data were made. Then the same places carry the score of"
        " every example. Inputs that are aligned at a landmark look the same; only who made the data can tell. The"
        " verdict takes the median over methods and belongs to the model.",
        "empty": "" if any(tables) else "No method was asked this.",
        "figures": [],
        "tables": [table for table in tables if table],
    }


def left_out(contents: ScorecardContents) -> Section:
    """Give what was not asked, and why."""
    items = [f"{readable(name)} was not tried: {why.rstrip('.')}." for name, why in contents.refused.items()]
    items += [sentence for name, sentence in NOT_GIVEN.items() if name not in contents.known]
    if contents.facts.order is None:
        items.append(f"Scores were not held against shuffles: {contents.facts.why_no_order.rstrip('.')}.")
    items += [f"Not asked of {readable(what)}: {why.rstrip('.')}." for what, why in contents.skipped.items()]
    if not contents.members:
        items.append("The model has no members and no dropout, so models that might have been this one were not asked.")
    for row in contents.table.dropna(subset="examples").to_dict("records"):  # without those that were refused
        if row["examples"] < contents.examples:
            items.append(
                f"{readable(row['method'])} shows the model {count(int(row['rows']), 'row')} for one example, so it"
                f" explained {int(row['examples'])} of {contents.examples} examples, {int(row['explained_again'])} of"
                " them again and again."
            )
    return {
        "id": "left-out",
        "short": "Not asked",
        "title": "What was not asked, and why",
        "lead": "A question that was not asked speaks neither for nor against a method.",
        "empty": "" if items else "Every question was asked of every method, with all examples.",
        "items": items,
    }


def thresholds(contents: ScorecardContents) -> Section:
    """Give where a number becomes a doubt."""
    return {
        "id": "thresholds",
        "short": "Thresholds",
        "title": "Where a number becomes a doubt",
        "lead": "The thresholds were set on networks whose answer is known: well-trained ones, untrained ones, and ones"
        " that had learned a planted shortcut. With others, judged(Thresholds(...)) gives other verdicts from the same"
        " numbers.",
        "empty": "",
        "rows": [
            {"name": name, "value": f"{value:g}", "words": THRESHOLDS.get(name, "")}
            for name, value in asdict(contents.thresholds).items()
        ],
    }


def provenance(contents: ScorecardContents) -> Section:
    """Give where every number comes from."""
    run = [("run id", contents.run_id), ("seed", str(contents.seed)), ("created", contents.created)]
    return {
        "id": "provenance",
        "short": "Provenance",
        "title": "Where the numbers come from",
        "lead": "With this model, these inputs, seed and versions the command gives these numbers again, on the same"
        " kind of machine. The tables beside this page hold them: scores.csv (every example), summary.csv (means and"
        " intervals), verdicts.csv.",
        "empty": "",
        "tables": [
            {"name": "Run", "rows": run},
            {"name": "Data and model", "rows": list(contents.data.items())},
            {"name": "Versions", "rows": list(contents.versions.items())},
        ],
        "command": contents.command,
    }
