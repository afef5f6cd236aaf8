"""The sections of an evidence page: reasons to doubt, the prediction, its company, the trial, and where it is from.

Each has what `sections` says of a section, and `source`: the public call that gives the numbers again.
"""

from typing import Any

from seqinterp.evaluation.scorecard.verdicts import Verdict
from seqinterp.plot.evidence import pictures_figure
from seqinterp.report.evidence_contents import Calibrated, EvidenceContents, Prediction, Row, Spread
from seqinterp.report.evidence_doubts import SURE
from seqinterp.report.evidence_opening import opened
from seqinterp.report.evidence_words import calibrated_words, likeness_words, prediction_words, spread_words
from seqinterp.report.images import Image, embedded
from seqinterp.report.numbers import count, number
from seqinterp.report.scorecard_sections import verdict_row
from seqinterp.report.scorecard_words import method_words, model_sentence

Section = dict[str, Any]

LIMITS = {
    "margin": "a probability nearer than this to where the call changes is hardly a call",
    "factor": "a larger factor of calibration is a doubt: the model is far too sure",
    "miscalibrated": "a larger calibration error, of 100 examples or more, is a doubt",
    "epistemic": "a larger share of the uncertainty that is the model's own is a doubt",
    "entropy": "with less uncertainty than this (nats) its shares are not looked at",
    "strange": "a smaller p-value of an input like the training examples is a doubt",
    "agreement": "a smaller mean rank correlation between methods is a doubt",
    "signs": "a smaller share of repeats that keep the sign of the largest places is a doubt",
    "change": "so small a change of a picture, as a share of the range of values, that changes the call is a doubt",
    "edits": "so few substitutions that change the call are a doubt",
    "neighbours": "a smaller share of nearest training examples with the label that is called is a doubt",
    "far": "a nearest example farther away than so many usual distances is a doubt",
    "explained": "a smaller share of agreed places inside known motifs is a doubt",
}


def summary(contents: EvidenceContents) -> list[dict[str, str]]:
    """Give the few facts that head the page."""
    facts = [_call(contents.prediction), _label(contents)]
    doubts, left = len(contents.doubts), len(contents.not_asked)
    facts += [
        ("reasons to doubt", str(doubts) if doubts else "none", "of what was asked; listed below"),
        ("not asked", str(left) if left else "nothing", "each with its reason" if left else "every question was asked"),
    ]
    return [{"name": name, "value": value, "note": note} for name, value, note in facts]


def _call(said: Prediction | str) -> tuple[str, str, str]:
    """The prediction as a tile."""
    if isinstance(said, str):
        return "prediction", "not known", ""
    if said.task == "regression":
        return "prediction", number(said.score), "the score itself"
    called = -1 if said.called is None else said.called
    what = "label 1" if said.task == "binary" else f"class {called}"
    chance = f"probability of {what}: {said.probability:.2f}"
    return "the model calls", f"{'label' if said.task == 'binary' else 'class'} {said.named(called)}", chance


def _label(contents: EvidenceContents) -> tuple[str, str, str]:
    """The example as a tile."""
    shape = contents.inputs.shape
    size = f"{shape[1]:,} bases" if contents.dna else " × ".join(map(str, shape))
    known = "not given" if contents.label is None else _named(contents, contents.label)
    return "label of the example", known, f"{contents.name}, {size}"


def _named(contents: EvidenceContents, label: int | float) -> str:
    """A label, by name where it has one."""
    said = contents.prediction
    return f"{label:g}" if isinstance(said, str) else said.named(label)


def reasons(contents: EvidenceContents) -> Section:
    """Give the reasons to doubt, first of all."""
    return {
        "id": "doubts",
        "short": "Reasons to doubt",
        "title": "Reasons to doubt this",
        "lead": "Gathered from everything below, with the thresholds at the end of the page. A reason is no proof that"
        " the model is wrong, and their absence no proof that it is right.",
        "empty": "",
        "source": "",
        "doubts": [_capital(reason) for reason in contents.doubts],
        "none": _capital(SURE),
        "not_asked": [{"what": _capital(what), "why": why.rstrip(".")} for what, why in contents.not_asked],
    }


def _capital(text: str) -> str:
    """A sentence with a capital letter."""
    return text[:1].upper() + text[1:]


def prediction(contents: EvidenceContents) -> Section:
    """Give the call, how sure it is, and whether that is right."""
    said = contents.prediction
    whole = opened(
        said,
        "prediction",
        short="Prediction",
        title="What the model says, and how sure it is",
        source="seqinterp.predict_uncertainty, seqinterp.calibrate",
    )
    if isinstance(said, str):
        return whole
    return {**whole, "lead": prediction_words(said), "paragraphs": _sure(said), "rows": _numbers(said)}


def _sure(said: Prediction) -> list[str]:
    """How sure, in sentences."""
    spread, calibrated = said.spread, said.calibrated
    sure = f"How sure the model is, is not known: {spread}." if isinstance(spread, str) else ""
    right = f"Whether that is right is not known: {calibrated}." if isinstance(calibrated, str) else ""
    return [
        sure or spread_words(spread, said.task),  # type: ignore[arg-type] # a record where there is no sentence
        right or calibrated_words(calibrated, said),  # type: ignore[arg-type]
    ]


def _numbers(said: Prediction) -> list[dict[str, str]]:
    """The numbers behind them."""
    rows = [("score", number(said.score), f"what is explained below, a {said.kind}")]
    if isinstance(said.spread, Spread):
        unit = "variance" if said.task == "regression" else "nats"
        rows += [
            ("total uncertainty", number(said.spread.total), unit),
            ("aleatoric", number(said.spread.aleatoric), f"{unit}; noise of the data, as the model sees it"),
            ("epistemic", number(said.spread.epistemic), f"{unit}; what other models would say otherwise"),
        ]
    if isinstance(said.calibrated, Calibrated):
        which = "scale" if said.task == "regression" else "temperature"
        error = "root mean squared error" if said.task == "regression" else "expected calibration error"
        rows += [
            (which, number(said.calibrated.factor), "above 1 where the model was too sure"),
            (
                error,
                number(said.calibrated.error),
                f"of {count(said.calibrated.examples, 'calibration example')}, before",
            ),
        ]
    return [{"name": name, "value": value, "words": words} for name, value, words in rows]


def likeness(contents: EvidenceContents) -> Section:
    """Give how the input stands among training examples."""
    said = contents.likeness
    whole = opened(
        said,
        "likeness",
        short="Like the known",
        title="Is the input like what the model knows",
        source="seqinterp.out_of_distribution",
    )
    if isinstance(said, str):
        return whole
    rows = [
        (
            "by what the last layer reads",
            number(said.latent_p_value, digits=2),
            f"distance {number(said.latent_distance)} from their mean, in units of their spread",
        )
    ]
    if said.sequence_p_value is not None and said.log_likelihood is not None:
        words = f"{number(said.log_likelihood)} bits per base under a Markov chain of theirs"
        rows.append(("by its words", number(said.sequence_p_value, digits=2), words))
    return {
        **whole,
        "lead": likeness_words(said),
        "rows": [{"name": name, "value": value, "words": words} for name, value, words in rows],
    }


def cases(contents: EvidenceContents) -> Section:
    """Give the nearest and the most influential training examples."""
    said = contents.cases
    whole = opened(
        said,
        "cases",
        short="Training examples",
        title="Which training examples are like it, and which taught the model",
        source="seqinterp.influence",
    )
    if isinstance(said, str):
        return whole
    follows = ""
    if said.follows is not None:
        follows = f" Its scores rank as the model's own do (rank correlation {number(said.follows, digits=2)})."
        if said.follows < 0.8:
            follows = f" Beware: its scores rank otherwise than the model's own ({number(said.follows, digits=2)})."
    return {
        **whole,
        "lead": f"Near is what the last layer of the model reads alike ({count(said.features, 'number')} an example,"
        f" among {count(said.examples, 'training example')}). Among these a nearest neighbour is usually"
        f" {number(said.usual)} away.",
        "image": _pictures(contents, said.nearest),
        "nearest": [_case(contents, row, "distance") for row in said.nearest],
        "helped": [_case(contents, row, "influence") for row in said.helped],
        "hindered": [_case(contents, row, "influence") for row in said.hindered],
        "influence": f"Which examples taught the model is not known: {said.influence.rstrip('.')}."
        if said.influence
        else f"How far the score would have been lower (or higher) without an example, of a last layer fitted anew to"
        f" {count(said.fitted_to, 'example')}.{follows}",
    }


def _case(contents: EvidenceContents, row: Row, what: str) -> dict[str, str]:
    """A training example."""
    label = "–" if row["label"] is None else _named(contents, row["label"])
    return {"name": row["name"], "label": label, "value": number(row[what])}


def _pictures(contents: EvidenceContents, nearest: tuple[Row, ...]) -> Image | None:
    """The nearest training examples themselves, where they are pictures."""
    if contents.dna or contents.pictures is None or contents.pictures.ndim != 4:
        return None
    shown = [_case(contents, row, "distance") for row in nearest]
    titles = [f"{row['name']}\nlabel {row['label']}" for row in shown]
    return embedded(pictures_figure(contents.pictures, titles), "The nearest training examples.")


def trial(contents: EvidenceContents) -> Section:
    """Give the verdicts of the scorecard."""
    said = contents.trial
    whole = opened(
        said,
        "trial",
        short="Trial",
        title="Do explanations of this model deserve belief at all",
        source="seqinterp.evaluate",
    )
    if isinstance(said, str):
        return whole
    model = _verdict(said.model)
    return {
        **whole,
        "lead": f"Every method was held against chance, other seeds, copies of the model with random weights and more,"
        f" on {said.where}.",
        "model": verdict_row(model, model_sentence(model)),
        "methods": [{**verdict_row(one, method_words(one)), "cost": ""} for one in map(_verdict, said.methods)],
    }


def _verdict(row: Row) -> Verdict:
    return Verdict(row["subject"], row["decision"], tuple(row["reasons"]))


def thresholds(contents: EvidenceContents) -> Section:
    """Give where a number becomes a reason to doubt."""
    return {
        "id": "thresholds",
        "short": "Thresholds",
        "title": "Where a number becomes a reason to doubt",
        "lead": "Conventions, not laws. With others, judged(DoubtLimits(...)) gives other reasons from the same"
        " numbers.",
        "empty": "",
        "source": "",
        "rows": [
            {"name": name, "value": f"{value:g}", "words": LIMITS.get(name, "")}
            for name, value in contents.limits.items()
        ],
    }


def provenance(contents: EvidenceContents) -> Section:
    """Give where every number comes from."""
    run = [("run id", contents.run_id), ("seed", str(contents.seed)), ("created", contents.created)]
    return {
        "id": "provenance",
        "short": "Provenance",
        "title": "Where the numbers come from",
        "lead": "With this model, this input, the same examples, seed and versions the command gives these numbers"
        " again, on the same kind of machine. Under each heading stands the call that gives its numbers alone.",
        "empty": "",
        "tables": [
            {"name": "Run", "rows": run},
            {"name": "Data and model", "rows": list(contents.data.items())},
            {"name": "Versions", "rows": list(contents.versions.items())},
        ],
        "command": contents.command,
    }
