"""The result of `evaluate`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from seqinterp.api.results.scorecard_files import read_scorecard, write_scorecard
from seqinterp.api.results.scorecard_frames import example_rows, summary_rows, verdict_rows
from seqinterp.api.results.trial import Tried
from seqinterp.errors import InputError
from seqinterp.evaluation.agreement import Agreement
from seqinterp.evaluation.order_of_bases import OrderTest
from seqinterp.evaluation.scorecard.between import agreed_places, between
from seqinterp.evaluation.scorecard.model_checks import ModelFacts
from seqinterp.evaluation.scorecard.thresholds import Thresholds
from seqinterp.evaluation.scorecard.verdicts import (
    AVOID,
    CARE,
    USE,
    Doubt,
    Verdict,
    method_doubts,
    model_doubts,
    verdict,
)
from seqinterp.shapes import Inputs, PlaceMask, Scores


@dataclass(frozen=True, eq=False)
class Scorecard:
    """What speaks for and against explanations of one model.

    inputs, scores: what was explained, `(batch, *features)` and `(batch,)`. trials: what was found of each method.
    model_facts: of the model itself. refused: methods that do not suit it, and why. facts: where all this comes from.
    thresholds: where a number becomes a doubt; `judged(other)` gives the card with others.
    """

    inputs: Inputs
    scores: Scores
    trials: Mapping[str, Tried]
    model_facts: ModelFacts
    refused: Mapping[str, str]
    facts: Mapping[str, Any]
    thresholds: Thresholds = field(default_factory=Thresholds)

    @cached_property
    def model(self) -> Verdict:
        """Whether any explanation of this model, on these inputs, deserves belief."""
        answers = {name: tried.answers for name, tried in self.trials.items()}
        return verdict(
            "the model", model_doubts(self.model_facts, answers, self.thresholds, region=bool(self.facts.get("region")))
        )

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """One verdict per method. No method is of use on a model whose own verdict forbids it."""
        found = {}
        for name, tried in self.trials.items():
            doubts = list(method_doubts(tried.answers, self.model_facts.strand_change, self.thresholds))
            if tried.certificate is not None and tried.certificate.verdict != "ok":
                doubts.append(Doubt(tried.certificate.verdict.removeprefix("doubtful: ")))
            if self.model.decision == AVOID:
                doubts.insert(0, Doubt("the model itself is not to be trusted", fails=True))
            found[name] = verdict(name, doubts)
        return found

    @cached_property
    def agreement(self) -> Agreement | None:
        """Rank correlations between every two methods; None with fewer than two."""
        return between({name: tried.values for name, tried in self.trials.items()}, seed=int(self.facts["seed"]))

    def consensus(self, *, top: int = 10) -> PlaceMask:
        """Places among the `top` largest of more than half of the methods that may be used, `(batch, *places)`.

        Raises:
            InputError: fewer than two methods have the verdict "use" or "use with care".
        """
        usable = [name for name, said in self.verdicts.items() if said.decision in (USE, CARE)]
        if len(usable) < 2:
            raise InputError(f"a consensus needs two methods that may be used, but there are {len(usable)}")
        return agreed_places({name: self.trials[name].values for name in usable}, top=top)

    def judged(self, thresholds: Thresholds) -> "Scorecard":
        """The same numbers with other thresholds."""
        return replace(self, thresholds=thresholds)

    def to_frame(self) -> pd.DataFrame:
        """Tidy: method, question, measure, of, example (NA for one number of all), value."""
        return self._frame.copy()

    def summary(self) -> pd.DataFrame:
        """One row per method and measure: mean over examples, its 95 % interval, how many, which way is better."""
        return self._summary.copy()

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return example_rows(self.trials, self.agreement)

    @cached_property
    def _summary(self) -> pd.DataFrame:
        return summary_rows(self._frame, seed=int(self.facts["seed"]))

    def table(self) -> pd.DataFrame:
        """One row per method: verdict, reasons, and what it cost."""
        return verdict_rows(self.verdicts, self.trials, self.refused)

    def plot(self) -> Figure:
        """The main measures of every method side by side."""
        from seqinterp.plot.scorecard import scorecard_figure  # matplotlib costs half a second to import

        return scorecard_figure(self.summary(), {name: said.decision for name, said in self.verdicts.items()})

    def to_html(self, path: Path | str, *, force: bool = False) -> None:
        """Write one page that stands alone.

        Raises:
            FileError: the path exists and `force` is not set, or cannot be written.
        """
        from seqinterp.api.results.scorecard_page import write_page  # draws figures, which most callers never need

        write_page(self, Path(path), force=force)

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a folder: the card itself, its tables as CSV, and the page."""
        write_scorecard(self, Path(path), force=force)

    @classmethod
    def load(cls, path: Path | str) -> "Scorecard":
        """Read what `save` wrote.

        Raises:
            FileError: there is no card in the folder, or it is damaged.
        """
        arrays, facts, trials = read_scorecard(Path(path))
        told = dict(facts["model_facts"])
        order = None if told["order"] is None else OrderTest(**told["order"])
        return cls(
            arrays["inputs"],
            arrays["scores"],
            {name: Tried.of(*parts) for name, parts in trials.items()},
            ModelFacts(**{**told, "order": order}),
            facts["refused"],
            facts["facts"],
            Thresholds(**facts["thresholds"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """All but the arrays, as JSON can hold it."""
        return {
            "methods": list(self.trials),
            "model_facts": asdict(self.model_facts),
            "refused": dict(self.refused),
            "facts": dict(self.facts),
            "thresholds": asdict(self.thresholds),
            "model": str(self.model),
            "verdicts": {name: str(said) for name, said in self.verdicts.items()},
        }

    def __str__(self) -> str:
        """The verdicts, the best methods first."""
        order = (USE, CARE, AVOID)
        said = sorted(self.verdicts.values(), key=lambda one: order.index(one.decision))
        left_out = [f"{name}: not tried, {why}" for name, why in self.refused.items()]
        return "\n".join([str(self.model), *map(str, said), *left_out])
