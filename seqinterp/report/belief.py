"""The section of a run's report that says whether its explanations deserve belief."""

from typing import Any

from seqinterp.report.contents import ReportContents
from seqinterp.report.numbers import count
from seqinterp.report.scorecard_sections import best_first, table_image, verdict_row
from seqinterp.report.scorecard_words import method_words, model_sentence

Section = dict[str, Any]

NOT_EVALUATED = (
    "The explanations of this run were not evaluated, so nothing here says whether they deserve belief;"
    " `seqinterp evaluate` asks them."
)


def belief(contents: ReportContents) -> Section:
    """Give the verdicts of the scorecard, and its table."""
    found = contents.belief
    section: Section = {
        "id": "belief",
        "short": "Belief",
        "title": "Do the explanations deserve belief?",
        "lead": "",
        "empty": NOT_EVALUATED,
    }
    if found is None or not found.verdicts:
        return section
    return section | {
        "lead": f"A few methods were put on trial on {count(found.examples, 'held-out example')}, as many of either"
        " label as there are: faithful to the model, stable, about the model rather than the input, right where the"
        " truth is known? A verdict holds for this model; it says that an explanation tells what the model does, not"
        " that the model is right about biology.",
        "empty": "",
        "model": verdict_row(found.model, model_sentence(found.model)),
        "methods": [{**verdict_row(said, method_words(said)), "cost": ""} for said in best_first(found.verdicts)],
        "image": table_image(found),
        "more": "In the picture each number is a mean over examples, blue is good and orange is poor. All measures with"
        " their intervals, curves and thresholds are in the folder scorecard of this run: open scorecard.html there.",
    }
