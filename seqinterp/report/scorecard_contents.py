"""What the page of a scorecard says, as tables, numbers and words; `scorecard.scorecard_page` draws it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from seqinterp.errors import InputError
from seqinterp.evaluation.scorecard.model_checks import ModelFacts
from seqinterp.evaluation.scorecard.thresholds import Thresholds
from seqinterp.evaluation.scorecard.verdicts import Verdict
from seqinterp.shapes import PairTable

SUMMARY = ("method", "measure", "of", "mean", "low", "high", "examples")
TABLE = ("method", "examples", "explained_again", "rows", "seconds")
CURVES = ("method", "measure", "share", "mean", "low", "high")


@dataclass(frozen=True)
class AgreedSequence:
    """A sequence and the places that most methods name; `agreed` has a letter X there and a dot elsewhere."""

    name: str
    sequence: str
    agreed: str
    score: float

    def __post_init__(self) -> None:
        """Hold the marks to the length of the sequence."""
        if len(self.agreed) != len(self.sequence):
            raise InputError(
                f"{self.name!r} needs a mark for each of {len(self.sequence)} bases; it has {len(self.agreed)}"
            )


@dataclass(frozen=True, eq=False)
class ScorecardContents:
    """Everything that one page says of a scorecard.

    model, verdicts: of the model, and of each method that was tried; facts: numbers of the model itself.
    summary, table, curves: as `Scorecard.summary`, `Scorecard.table` and `scorecard_page.curve_rows` give them.
    agreement: rank correlations between `agreement_names`; consensus: sequences with the places that most methods name.
    refused: methods that did not suit the model, skipped: questions that could not be asked, and why.
    members: what "members" are, "" for none. places: how large an input is, in words.
    known: which of "labels", "truth" and "region" were given.

    Raises:
        InputError: a table lacks a column.
    """

    title: str
    run_id: str
    seed: int
    created: str
    command: str
    versions: Mapping[str, str]
    data: Mapping[str, str]
    model: Verdict
    facts: ModelFacts
    verdicts: tuple[Verdict, ...]
    summary: pd.DataFrame
    table: pd.DataFrame
    curves: pd.DataFrame
    thresholds: Thresholds
    examples: int
    places: str
    agreement_names: tuple[str, ...] = ()
    agreement: PairTable | None = None
    consensus: tuple[AgreedSequence, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    members: str = ""
    known: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold the tables to their columns."""
        needs = (("summary", self.summary, SUMMARY), ("table", self.table, TABLE), ("curves", self.curves, CURVES))
        for what, table, needed in needs:
            lacking = [name for name in needed if name not in table.columns]
            if lacking:
                raise InputError(f"the {what} needs a column {lacking[0]!r}, but it has {[*table.columns]}")

    def has(self, measure: str) -> bool:
        """Whether any method has a number for the measure."""
        return bool((self.summary["measure"] == measure).any())
