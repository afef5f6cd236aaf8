"""What a report says, as plain numbers and words; `page.render` draws it and adds nothing of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.report.scorecard_contents import ScorecardContents
from seqinterp.shapes import BaseMap, Series


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Points of a line."""

    name: str
    horizontal: Series
    vertical: Series

    def __post_init__(self) -> None:
        """Hold the two directions to one length."""
        if len(self.horizontal) != len(self.vertical):
            raise InputError(
                f"the curve {self.name!r} needs as many heights as places; "
                f"it has {len(self.vertical)} and {len(self.horizontal)}"
            )


@dataclass(frozen=True)
class Performance:
    """How well the model does on examples it was not trained on.

    `metrics` goes from a name ("AUROC", "average precision", "log-loss", "Brier", "calibration error") to its
    interval. `history` has the columns epoch, train_loss, valid_loss and valid_ap, and `member` for an ensemble.
    `split_sentence` says which examples were held out.
    """

    metrics: Mapping[str, Interval]
    roc: Curve
    precision_recall: Curve
    calibration: Curve
    examples: int
    positives: int
    history: pd.DataFrame
    split_sentence: str


@dataclass(frozen=True)
class FilterRow:
    """One filter as a motif (from what activates it) and the known motif nearest to it.

    `match` is oriented to the filter's strand already (`reverse` tells whether it was turned); its first column
    stands at the filter's column `offset`, counted from 0 and possibly negative. `match_name` is "no match" where
    nothing is near enough, and `also` names others that fit about as well. `hits` counts the activating windows;
    `importance` is the spread of the share of the score that passes through the filter, where it was measured;
    `started_from` names the matrix that training started from, if any.
    """

    motif: Motif
    match: Motif | None
    match_name: str
    q_value: float | None
    hits: int
    started_from: str | None = None
    importance: float | None = None
    offset: int = 0
    reverse: bool = False
    also: str = ""


@dataclass(frozen=True)
class ScoredSequence:
    """One sequence with its score and the saliency of each base in [0, 1]; `truth` marks planted bases."""

    name: str
    sequence: str
    label: int | None
    logit: float
    probability: float
    saliency: Series
    truth: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Hold the tracks to the length of the sequence and the saliency to its range."""
        for track, values in (("saliency", self.saliency), ("truth", self.truth)):
            if values is not None and len(values) != len(self.sequence):
                raise InputError(
                    f"the {track} of {self.name!r} needs one value per base, {len(self.sequence)}; it has {len(values)}"
                )
        if not np.all((self.saliency >= 0) & (self.saliency <= 1)):
            raise InputError(f"the saliency of {self.name!r} must lie between 0 and 1; scale it first")


@dataclass(frozen=True)
class DesignRow:
    """One optimised sequence, where it started, and the score after each step."""

    name: str
    start: str
    sequence: str
    start_score: float
    score: float
    trajectory: Series


@dataclass(frozen=True)
class MutagenesisPanel:
    """The effect of every edit of one sequence, and the contribution of its bases drawn as a logo above."""

    name: str
    sequence: str
    effects: BaseMap
    contributions: BaseMap

    def __post_init__(self) -> None:
        """Hold both maps to the length of the sequence."""
        for track, values in (("effects", self.effects), ("contributions", self.contributions)):
            if values.shape != (4, len(self.sequence)):
                raise InputError(
                    f"the {track} of {self.name!r} need the shape (4, {len(self.sequence)}); they have {values.shape}"
                )


@dataclass(frozen=True)
class TruthRow:
    """How well one method ranks planted bases above the others, over a number of sequences."""

    method: str
    auroc: Interval
    sequences: int


@dataclass(frozen=True)
class ReportContents:
    """Everything that one report says.

    `known_motif` is (known, found), drawn side by side, the known one's first column at the found one's column
    `known_offset`. `highlight_patterns` are IUPAC words marked in the designs on either strand. `data` holds the
    file's name, sha256, rows, positives, length; `notes` are caveats in plain words;
    `certificates` hold the evidence for attributions on the page, by what they are of. `belief` is what was found when
    attribution methods were put on trial on held-out examples.
    """

    title: str
    run_id: str
    seed: int
    created: str
    command: str
    versions: Mapping[str, str]
    data: Mapping[str, str]
    settings: Mapping[str, str]
    performance: Performance
    filters: tuple[FilterRow, ...] = ()
    known_motif: tuple[Motif, Motif] | None = None
    top_sequences: tuple[ScoredSequence, ...] = ()
    designs: tuple[DesignRow, ...] = ()
    highlight_patterns: tuple[str, ...] = ()
    mutagenesis: tuple[MutagenesisPanel, ...] = ()
    truth: tuple[TruthRow, ...] = ()
    notes: tuple[str, ...] = ()
    known_offset: int = 0
    certificates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    belief: ScorecardContents | None = None
