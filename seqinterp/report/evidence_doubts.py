"""Reasons to doubt one prediction: plain sentences, each from one number and one threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqinterp.evaluation.scorecard.verdicts import AVOID, USE
from seqinterp.report.evidence_contents import (
    NO_MOTIFS,
    Cases,
    Explanations,
    Likeness,
    MotifsPresent,
    Prediction,
    SmallestChange,
    SmallestEdit,
    Spread,
    Trial,
)

SURE = "none of what was asked speaks against it"
SEVERAL_EXAMPLES = 100  # from which a calibration error means something
SEVERAL = {"members": "models trained from other seeds", "dropout": "dropout masks"}


@dataclass(frozen=True)
class DoubtLimits:
    """Where a number becomes a reason to doubt.

    They are conventions, not laws: each names the place from which a careful reader would want to know.

    margin: of the probability from where the call changes (of classes: from one half); nearer, it is hardly a call.
    epistemic: share of the uncertainty that is the model's own and not the data's, where the whole is above `entropy`
        nats.
    entropy: below it the prediction is so sure that shares of its uncertainty mean nothing.
    factor: by which calibration divides logits, or multiplies standard deviations; above it the model is far too sure.
    miscalibrated: expected calibration error, looked at of 100 examples or more: of fewer, chance alone makes it large.
    strange: p-value of an input like those that the model knows.
    agreement: mean rank correlation between methods.
    signs: share of repeats, models or masks, that give the ten largest places the same sign.
    change: so small a change of all features of a picture, as a share of their range, is enough to change the call.
    edits: so few substitutions are enough to change the call.
    neighbours: share of the nearest training examples with the label that is called.
    far: distance to the nearest training example, in medians of theirs to their own nearest.
    explained: share of the places that most methods name that lie in known motifs.
    """

    margin: float = 0.1
    epistemic: float = 0.5
    entropy: float = 0.1
    factor: float = 2.0
    miscalibrated: float = 0.1
    strange: float = 0.05
    agreement: float = 0.5
    signs: float = 0.9
    change: float = 2 / 255
    edits: int = 1
    neighbours: float = 0.5
    far: float = 2.0
    explained: float = 0.5


@dataclass(frozen=True)
class Parts:
    """The parts of a report; a sentence where one was not asked."""

    prediction: Prediction | str
    likeness: Likeness | str
    explanations: Explanations | str
    motifs: MotifsPresent | str
    edit: SmallestEdit | SmallestChange | str
    cases: Cases | str
    trial: Trial | str


def doubts(parts: Parts, limits: DoubtLimits) -> tuple[str, ...]:
    """Every reason, in the order of the parts; empty when none of what was asked speaks against the prediction."""
    found: list[str] = []
    said = parts.prediction
    if not isinstance(said, str):
        found += [*_unsure(said, limits), *_uncalibrated(said, limits)]
    if not isinstance(parts.likeness, str):
        found += _strange(parts.likeness, limits)
    if not isinstance(parts.explanations, str):
        found += _disputed(parts.explanations, limits)
    if not isinstance(parts.motifs, str):
        negative = not isinstance(said, str) and said.task == "binary" and said.called == 0
        found += [] if negative else _unexplained(parts.motifs, limits)
    if not isinstance(parts.edit, str):
        found += _fragile(parts.edit, limits)
    if not isinstance(parts.cases, str):
        found += _other_company(parts.cases, None if isinstance(said, str) else said, limits)
    if not isinstance(parts.trial, str):
        found += _failed(parts.trial)
    return tuple(found)


def not_asked(parts: Parts, limits: DoubtLimits) -> tuple[tuple[str, str], ...]:
    """What was not asked or could not be answered, and why; also parts of parts."""
    names = {
        "prediction": "the prediction",
        "likeness": "whether the input is like what the model knows",
        "explanations": "explanations",
        "motifs": "known motifs",
        "edit": "the smallest edit that changes the call",
        "cases": "the nearest training examples",
        "trial": "whether explanations of this model deserve belief",
    }
    left = ((words, getattr(parts, name)) for name, words in names.items())
    found = [(words, why) for words, why in left if isinstance(why, str) and why != NO_MOTIFS]
    if not isinstance(parts.prediction, str):
        if isinstance(parts.prediction.spread, str):
            found.append(("how sure the model is", parts.prediction.spread))
        if isinstance(parts.prediction.calibrated, str):
            found.append(("whether that is calibrated", parts.prediction.calibrated))
    alike = parts.likeness
    if not isinstance(alike, str) and alike.least >= limits.strange:
        why = f"of {alike.examples} training examples p cannot fall below {alike.least:.2g}, whatever the input is"
        found.append((names["likeness"], why))
    if not isinstance(parts.explanations, str):
        found += [(f"the method {method}", why) for method, why in parts.explanations.refused.items()]
        if isinstance(parts.explanations.band, str):
            found.append(("how far the explanation would move", parts.explanations.band))
    if not isinstance(parts.cases, str) and parts.cases.influence:
        found.append(("which training examples taught it", parts.cases.influence))
    return tuple(found)


def _unsure(said: Prediction, limits: DoubtLimits) -> Iterator[str]:
    """Of the score itself and its uncertainty."""
    line = 0.5 if said.line is None else said.line
    if said.probability is not None and abs(said.probability - line) < limits.margin:
        where = "one half" if line == 0.5 else f"{line:.3g}, from where label 1 is called"
        yield f"the probability is {said.probability:.2f}, near {where}: the call could as well be the other"
    elif said.task == "classes" and said.probability is not None and said.probability < 0.5:
        yield f"the class that is called has a probability of {said.probability:.2f} only"
    if said.saturated:
        yield f"the score is a saturated probability ({said.score:.4f}), which flattens explanations; explain the logit"
    if not isinstance(said.spread, str):
        yield from _split(said, said.spread, limits)


def _split(said: Prediction, spread: Spread, limits: DoubtLimits) -> Iterator[str]:
    """Of members or masks."""
    several = SEVERAL.get(spread.source, spread.source)
    if said.task == "regression":
        known, whole = spread.aleatoric > 0, spread.total
    else:
        known, whole = spread.total > limits.entropy, spread.total
    if known and whole > 0 and spread.epistemic / whole > limits.epistemic:
        yield (
            f"{spread.epistemic / whole:.0%} of the uncertainty is the model's own: {spread.repeats} {several} do not"
            " say the same"
        )
    if said.line is not None and spread.low < said.line < spread.high:
        yield f"{several} disagree about the call: nine in ten give {spread.low:.2f} to {spread.high:.2f}"


def _uncalibrated(said: Prediction, limits: DoubtLimits) -> Iterator[str]:
    """Of the calibrated prediction."""
    if said.line is not None and not isinstance(said.spread, str) and (said.spread.mean > said.line) != said.called:
        yield f"the mean over {SEVERAL.get(said.spread.source, 'repeats')} calls the other label"
    if isinstance(said.calibrated, str):
        return
    found, regression = said.calibrated, said.task == "regression"
    if len(found.possible) > 1:
        yield (
            f"calibrated on {found.examples} examples, {len(found.possible)} labels remain possible at"
            f" {found.level:.0%}"
        )
    if found.factor > limits.factor:
        what = "its standard deviations are multiplied" if regression else "its logits are divided"
        yield f"the model is far too sure: calibrated on {found.examples} examples, {what} by {found.factor:.2g}"
    if not regression and found.examples >= SEVERAL_EXAMPLES and found.error > limits.miscalibrated:
        yield (
            f"its probabilities miss by {found.error:.2f} on average (expected calibration error of {found.examples}"
            " examples)"
        )


def _strange(found: Likeness, limits: DoubtLimits) -> Iterator[str]:
    """Of the input."""
    if found.p_value < limits.strange:
        by = [f"what the last layer reads (p = {found.latent_p_value:.2g})"]
        if found.sequence_p_value is not None:
            by.append(f"its words (p = {found.sequence_p_value:.2g})")
        yield f"the input is unlike the training examples (p = {found.p_value:.2g}), by {' and '.join(by)} together"
    if found.seen:
        names = ", ".join(found.seen[:3])
        yield f"this very input is among the training examples ({names}): the model may know it by heart"


def _disputed(found: Explanations, limits: DoubtLimits) -> Iterator[str]:
    """Of the attributions."""
    for row in found.methods:
        if row["verdict"] != "ok":
            yield f"the certificate of {_readable(row['method'])} is {row['verdict']}"
    if found.agreement is not None and found.agreement < limits.agreement:
        yield f"methods disagree about what matters (mean rank correlation {found.agreement:.2f})"
    band = found.band
    if isinstance(band, str):
        return
    if band["signal"] and band["called"] == 0:
        yield (
            f"no place contributes more than chance over {band['repeats']} repeats of {_readable(band['method'])}"
            f" (over {band['over']})"
        )
    elif band["sign_agreement"] < limits.signs:
        yield (
            f"the explanation moves with what is not known: the largest places keep their sign in"
            f" {band['sign_agreement']:.0%} of {band['repeats']} repeats over {band['over']}"
        )


def _unexplained(found: MotifsPresent, limits: DoubtLimits) -> Iterator[str]:
    """Of the motifs."""
    if found.explained is not None and found.explained < limits.explained:
        yield (
            "no known motif explains the contributions:"
            f" {found.explained:.0%} of the places that most methods name lie in one that they agree on"
        )


def _fragile(found: SmallestEdit | SmallestChange, limits: DoubtLimits) -> Iterator[str]:
    """Of what changes the call."""
    if isinstance(found, SmallestChange):
        if found.share is not None and found.share <= limits.change:
            yield (
                f"a change that nobody sees turns the call: of at most {found.share:.2%} of the range of values, if it"
                " is made in the worst way"
            )
    elif 0 < len(found.edits) <= limits.edits:
        edit = found.edits[0]
        others = f"; {found.singles} of {found.tried} single ones do" if len(found.edits) == 1 else ""
        words = f"{edit['ref']} to {edit['alt']} at position {edit['position']}"
        yield (
            f"one substitution changes the call: {words}{others}"
            if len(found.edits) == 1
            else f"{len(found.edits)} substitutions change the call"
        )


def _other_company(found: Cases, said: Prediction | None, limits: DoubtLimits) -> Iterator[str]:
    """Of the training examples."""
    called = None if said is None else said.called
    labels = [row["label"] for row in found.nearest if row["label"] is not None]
    if said is not None and called is not None and labels:
        same = sum(label == called for label in labels)
        if same / len(labels) < limits.neighbours:
            yield (
                f"{len(labels) - same} of the {len(labels)} training examples nearest to it have another label than"
                f" the one that is called, {said.named(called)}"
            )
    if found.nearest and found.usual > 0:
        times = found.nearest[0]["distance"] / found.usual
        if times > limits.far:
            yield f"its nearest training example is {times:.1f} times as far away as is usual among them"


def _failed(found: Trial) -> Iterator[str]:
    """Of the trial."""
    if found.model["decision"] != USE:
        yield f"of the model the trial says {found.model['decision']}: {_joined(found.model['reasons'])}"
    if found.model["decision"] == AVOID:
        return  # the verdict of every method repeats it
    for row in found.methods:
        if row["decision"] != USE:
            yield f"of {_readable(row['subject'])} the trial says {row['decision']}: {_joined(row['reasons'])}"


def _joined(reasons: Sequence[str]) -> str:
    return "; ".join(reasons)


def _readable(name: str) -> str:
    return name.replace("_", " ")
