"""What an evidence report says in sentences, on the page and on the terminal."""

from seqinterp.report.evidence_contents import (
    Calibrated,
    Likeness,
    MotifsPresent,
    Prediction,
    SmallestChange,
    SmallestEdit,
    Spread,
)
from seqinterp.report.evidence_doubts import SEVERAL, Parts
from seqinterp.report.numbers import count

STRANDS = {"+": "forward", "-": "reverse"}


def prediction_words(said: Prediction | str) -> str:
    """The call, the score, and what would have been guessed without the model."""
    if isinstance(said, str):
        return f"The model's prediction is not known: {said}."
    score = f"{said.kind if said.kind != 'unknown' else 'score'} {said.score:.3g}"
    if said.task == "regression":
        usual = (
            ""
            if said.base_rate is None
            else f" The mean of {said.base_examples:,} training labels is {said.base_rate:.3g}."
        )
        return f"The model predicts {said.score:.4g}.{usual}"
    called = -1 if said.called is None else said.called
    if said.task == "classes":
        words = f"The model calls class {said.named(called)}, with a probability of {said.probability:.2f} ({score})."
    else:
        at = "" if said.line in (None, 0.5) else f", called from {said.line:.3g}"
        chance = f"its probability of label 1 is {said.probability:.2f}"
        words = f"The model calls label {said.named(called)}: {chance} ({score}{at})."
    if said.base_rate is None:
        return words
    which = f"label {said.named(1)}" if said.task == "binary" else f"class {said.named(called)}"
    return f"{words} Of {said.base_examples:,} training examples {said.base_rate:.0%} have {which}."


def spread_words(said: Spread, task: str) -> str:
    """How sure the model is."""
    several = SEVERAL.get(said.source, said.source)
    unit = "values" if task == "regression" else "probabilities"
    words = (
        f"{said.repeats} {several} say {unit} of {said.mean:.3g} on average, nine in ten of them {said.low:.3g} to"
        f" {said.high:.3g}."
    )
    if task == "regression":
        return f"{words} The standard deviation is {said.total**0.5:.3g}."
    share = said.epistemic / said.total if said.total > 0 else 0.0
    return (
        f"{words} Of the uncertainty ({said.total:.2f} nats) {share:.0%} is the model's own (epistemic: other models"
        " would say otherwise); the rest lies in the data."
    )


def calibrated_words(said: Calibrated, whole: Prediction) -> str:
    """The prediction set right."""
    if whole.task == "regression" and said.interval is not None:
        low, high = said.interval
        return (
            f"Calibrated on {said.examples:,} examples, the truth lies between {low:.3g} and {high:.3g} with a chance"
            f" of {said.level:.0%}."
        )
    names = " and ".join(whole.named(label) for label in said.possible) or "none"
    sure = "too sure" if said.factor > 1 else "not sure enough" if said.factor < 1 else "as sure as it should be"
    return (
        f"Calibrated on {said.examples:,} examples the probability is {said.value:.2f} (temperature {said.factor:.2f}:"
        f" the model is {sure}). At a chance of {said.level:.0%} of holding the truth, what remains possible is"
        f" label {names}."
    )


def likeness_words(said: Likeness) -> str:
    """Whether the input is like the training examples."""
    seen = f" It is itself among them ({', '.join(said.seen[:3])})." if said.seen else ""
    how = "no stranger than" if said.p_value >= 0.05 else "stranger than nearly all of"
    few = f" With so few examples p cannot fall below {said.least:.2g}." if said.least >= 0.05 else ""
    return (
        f"Held against {said.examples:,} training examples the input is {how} what the model knows"
        f" (p = {said.p_value:.2g}).{few}{seen}"
    )


def edit_words(said: SmallestEdit | SmallestChange) -> str:
    """What changes the call, as a sentence."""
    if isinstance(said, SmallestChange):
        return _change_words(said)
    if not said.edits:
        return (
            f"No set of up to {said.most} substitutions that was tried changes the call; the score came from"
            f" {said.before:.3g} as near as {said.closest:.3g} to the line at {said.threshold:.3g}. At least"
            f" {said.fewest} are needed."
        )
    edits = ", ".join(f"{row['ref']} to {row['alt']} at position {row['position']}" for row in said.edits)
    one = len(said.edits) == 1
    proof = "no smaller set does" if said.proven and not one else ""
    singles = f"{said.singles} of all {said.tried} single substitutions do" if one else ""
    more = next((f"; {words}" for words in (proof, singles) if words), "")
    count = "One substitution changes" if one else f"{len(said.edits)} substitutions change"
    return f"{count} the call: {edits} (score {said.before:.3g} to {said.after:.3g}){more}."


def _change_words(said: SmallestChange) -> str:
    """Of a picture."""
    values = f"of the range of values, {said.low:.3g} to {said.high:.3g}"
    if said.share is None or said.after is None:
        return (
            f"No change of every feature by up to {said.most:.0%} {values}, was found that changes the call; a smarter"
            " search might find one."
        )
    return (
        f"Changing every feature by at most {said.share:.2%} {values}, changes the call when it is done in the worst"
        f" way (score {said.before:.3g} to {said.after:.3g}); less may be enough."
    )


def motifs_words(said: MotifsPresent) -> str:
    """What stands in the sequence."""
    none = f"none of {said.matrices - said.left_out} known matrices has a window at p < {said.threshold:g}"
    agreed = [
        f"{row['label']} ({row['start']} to {row['stop']}, {STRANDS[row['strand']]} strand)"
        for row in said.known
        if row["methods"]
    ]
    named = f"explanations look at {', '.join(agreed)}" if agreed else "explanations look at none of them"
    unnamed = ""
    if said.unnamed:
        many = len(said.unnamed) > 1
        words = "stretches that they look at match" if many else "stretch that they look at matches"
        unnamed = f"; {len(said.unnamed)} {words} nothing known"
    if not said.known:
        return f"{none} (chance alone would give about {said.expected:.1f}){unnamed}."
    where = count(len(said.known), "place")
    return (
        f"{said.windows} windows of {said.matrices - said.left_out} known matrices at p < {said.threshold:g} in {where}"
        f" (chance alone would give about {said.expected:.1f} windows); {named}{unnamed}."
    )


def told(parts: Parts) -> list[str]:
    """The other sentences of the terminal."""
    lines = []
    said = parts.prediction
    if not isinstance(said, str):
        lines += [] if isinstance(said.spread, str) else [spread_words(said.spread, said.task)]
        lines += [] if isinstance(said.calibrated, str) else [calibrated_words(said.calibrated, said)]
    lines += [] if isinstance(parts.likeness, str) else [likeness_words(parts.likeness)]
    lines += [] if isinstance(parts.motifs, str) else [motifs_words(parts.motifs)]
    lines += [] if isinstance(parts.edit, str) else [edit_words(parts.edit)]
    return lines
