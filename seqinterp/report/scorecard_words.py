"""What a scorecard's verdicts, thresholds and questions mean, in the words of someone who uses a model."""

from seqinterp.evaluation.scorecard.verdicts import AVOID, CARE, USE, Verdict

MARKS = {USE: "✓", CARE: "!", AVOID: "✕"}
KINDS = {USE: "use", CARE: "care", AVOID: "avoid"}  # names of styles
ORDER = (USE, CARE, AVOID)

METHOD = {
    USE: "may be used: nothing that was asked speaks against it.",
    CARE: "may be used with care:",
    AVOID: "should not be used:",
}
MODEL = {
    USE: "Explanations of this model may be believed as far as their method may: nothing that was asked of the model"
    " speaks against it.",
    CARE: "Explanations of this model may be believed with care:",
    AVOID: "No explanation of this model, on these inputs, deserves belief:",
}

THRESHOLDS = {
    "level": "p-value that every test of a method must reach",
    "untrained": "p-value, among untrained copies of the model, above which it may be one of them",
    "composition": "rank correlation of scores with those of dinucleotide shuffles, above which the scores follow"
    " composition alone",
    "fixed": "share of all contributions at the same twentieth of the places, above which the model may read a marker",
    "gain": "area between a curve and those of random orders, as a share of the whole change of the score: a method"
    " fails where the intervals of both gains end below",
    "foretells": "correlation of summed contributions with what removing them does, below which they do not add up",
    "reseeded": "rank correlation between seeds, below which a method is unstable",
    "reseeded_fails": "rank correlation between seeds, below which a method should not be used",
    "examples": "how many examples must have been explained again before instability forbids",
    "neighbours": "rank correlation with explanations of inputs next to it that score the same, below which there is"
    " doubt",
    "members": "rank correlation between members of an ensemble or dropout masks, below which there is doubt",
    "symmetric": "change of the score with the strand, in standard deviations, below which the model counts as"
    " indifferent to the strand",
    "turned": "rank correlation between the strands, below which an indifferent model is explained inconsistently",
    "randomised": "likeness to explanations of copies with random weights, above which a method ignores the model",
    "null": "rank correlation of sizes with a map of the input alone, above which the method may only show the input",
}

# Parts of a measure, as summary.csv has them in the column "of".
OF = {
    "spearman": "rank correlation of sizes",
    "signed": "rank correlation with signs",
    "ssim": "structural similarity of sizes",
    "top": "share of the ten largest in common",
    "top surviving": "share of the ten largest that stay among them",
    "signs": "share of the places that keep their sign",
    "motif calls surviving": "share of called motif sites that stay",
}


def model_sentence(said: Verdict) -> str:
    """The model's verdict as a sentence or two."""
    return _closed(MODEL[said.decision], said.reasons)


def method_words(said: Verdict) -> str:
    """What follows the name of a method in the sentence of its verdict."""
    return _closed(METHOD[said.decision], said.reasons)


def readable(name: str) -> str:
    """A name of the catalogue or of summary.csv with its words apart."""
    return name.replace("_", " ")


def _closed(start: str, reasons: tuple[str, ...]) -> str:
    """The start, the reasons, and a full stop."""
    return f"{start} {'; '.join(reasons)}." if reasons else start.removesuffix(":") + "." * start.endswith(":")
