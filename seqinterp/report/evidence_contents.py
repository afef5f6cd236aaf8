"""What an evidence report says of one prediction, part by part; `evidence.evidence_page` draws it.

Every part is either one of these records or a sentence: why it was not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = Mapping[str, Any]
NO_MOTIFS = "the example is no DNA, so there are no motifs to look for"  # not a question that was left out


@dataclass(frozen=True)
class Spread:
    """How sure the model is. source: "members" or "dropout", repeats of them. mean, deviation: of the probability, or
    of the value; low, high: nine in ten of them lie between. total, aleatoric, epistemic: variances of a
    regression, entropies in nats else.
    """

    source: str
    repeats: int
    mean: float
    low: float
    high: float
    deviation: float
    total: float
    aleatoric: float
    epistemic: float


@dataclass(frozen=True)
class Calibrated:
    """The same, set right on examples. value: the calibrated probability (or mean). factor: the temperature, or the
    scale of standard deviations, above 1 where the model was too sure. error: the expected calibration error of these
    examples before (root mean squared error for a regression). possible: the labels that remain possible with chance
    `level`; interval: from low to high for a regression.
    """

    examples: int
    value: float
    factor: float
    error: float
    level: float
    possible: tuple[int, ...] = ()
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Prediction:
    """score: what is explained, of the model itself. kind: "logit", "probability" or "unknown". probability: of label
    1, or of the class that is called; None for a regression. called: the label or class; None for a regression.
    base_rate: the share of that label (of label 1, for "binary") among training labels, or their mean. line: the
    probability of label 1 from which it is called; None but for "binary". classes: what labels are called, where known.
    """

    task: str
    score: float
    kind: str
    probability: float | None
    called: int | None
    base_rate: float | None
    base_examples: int
    saturated: bool
    spread: Spread | str
    calibrated: Calibrated | str
    line: float | None = None
    classes: tuple[str, ...] = ()

    def named(self, label: int | float) -> str:
        """A label, with what it is called where that is known."""
        if not 0 <= label < len(self.classes):
            return f"{label:g}"
        return f"{label:g} ({self.classes[int(label)]})"


@dataclass(frozen=True)
class Likeness:
    """Is the input like what the model knows? p-values of `out_of_distribution`, of both questions and of each.

    seen: names of training examples that are this very input.
    """

    examples: int
    p_value: float
    latent_distance: float
    latent_p_value: float
    log_likelihood: float | None
    sequence_p_value: float | None
    seen: tuple[str, ...]

    @property
    def least(self) -> float:
        """The smallest p-value that there can be: the input is ranked among one half of the examples."""
        return (1 if self.sequence_p_value is None else 2) / (self.examples // 2 + 1)


@dataclass(frozen=True)
class Explanations:
    """methods: one row each: method, verdict, sum, completeness (relative error or None), certificate (in words).
    refused: methods that could not be used, and why. pairs: Spearman's correlation of every two: one, other, spearman;
    agreement: their mean. top: how many of the largest places of a method count; consensus: places that more than half
    of the methods name, by their number in reading order. band: method, over, repeats, called, places, sign_agreement.
    """

    methods: tuple[Row, ...]
    refused: Row
    pairs: tuple[Row, ...]
    agreement: float | None
    top: int
    consensus: tuple[int, ...]
    band: Row | str


@dataclass(frozen=True)
class MotifsPresent:
    """known: windows of known matrices, overlapping ones under the best: name, label, start, stop, strand, p_value,
    also, contributions (sum by method), methods (those that call a stretch there). unnamed: stretches that more than
    half of the methods call and no window explains: start, stop, sequence, contributions, methods. expected: how many
    windows chance alone would give. left_out: matrices that hold too little information to be found at all.
    explained: the share of the consensus bases that lie in known windows that methods agree on.
    """

    known: tuple[Row, ...]
    unnamed: tuple[Row, ...]
    windows: int
    expected: float
    threshold: float
    database: str
    matrices: int
    left_out: int
    explained: float | None
    asked: tuple[str, ...]


@dataclass(frozen=True)
class SmallestEdit:
    """edits: position (0-based), ref, alt; none where nothing that was tried flips. proven: no smaller set exists.
    fewest: so many are needed at least. singles: single substitutions that flip it, of `tried`. closest: the score
    nearest to the other side that was reached.
    """

    edits: tuple[Row, ...]
    proven: bool
    fewest: int
    singles: int
    tried: int
    before: float
    after: float
    closest: float
    threshold: float
    most: int


@dataclass(frozen=True)
class SmallestChange:
    """Of a picture. share: by which share of the range from `low` to `high` every feature changes at most for the call
    to change; None where no change up to `most` of it was found. before, after: the score.
    """

    share: float | None
    most: float
    low: float
    high: float
    before: float
    after: float | None
    threshold: float


@dataclass(frozen=True)
class Cases:
    """nearest: training examples by what the last layer reads: name, number, label, distance. usual: the median
    distance of a training example to its own nearest. helped, hindered: name, number, label, influence (how far the
    score would have been lower, or higher, without it), of a last layer fitted anew to `fitted_to` examples; follows:
    how its scores rank with the model's own. influence: why it was not asked, "" where it was.
    """

    nearest: tuple[Row, ...]
    usual: float
    examples: int
    features: int
    helped: tuple[Row, ...]
    hindered: tuple[Row, ...]
    fitted_to: int
    follows: float | None
    influence: str


@dataclass(frozen=True)
class Trial:
    """model, and each of methods: subject, decision, reasons. where: the examples that were used, in words."""

    model: Row
    methods: tuple[Row, ...]
    examples: int
    where: str


@dataclass(frozen=True, eq=False)
class EvidenceContents:
    """Everything that one page says.

    inputs: `(*features)` of the example, dna whether it is a sequence. maps: contributions by method, of its shape;
    band: mean, low and high of its shape, empty where nothing varies. pictures: the nearest training examples.
    doubts: reasons to doubt the prediction; not_asked: what was not asked, and why. limits: the thresholds of doubts.
    """

    title: str
    run_id: str
    seed: int
    created: str
    command: str
    versions: Mapping[str, str]
    data: Mapping[str, str]
    name: str
    label: float | None
    inputs: np.ndarray
    dna: bool
    maps: Mapping[str, np.ndarray]
    band: Mapping[str, np.ndarray]
    pictures: np.ndarray | None
    prediction: Prediction | str
    likeness: Likeness | str
    explanations: Explanations | str
    motifs: MotifsPresent | str
    edit: SmallestEdit | SmallestChange | str
    cases: Cases | str
    trial: Trial | str
    doubts: tuple[str, ...]
    not_asked: tuple[tuple[str, str], ...]
    limits: Mapping[str, float] = field(default_factory=dict)
