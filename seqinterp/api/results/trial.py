"""What `evaluate` found of one method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from seqinterp.attribution.certificate import Certificate
from seqinterp.evaluation.scorecard.candidate import Answers

_SEP = "\t"  # in no name of a measure, layer or setting


@dataclass(frozen=True, eq=False)
class Tried:
    """values: `(batch, *features)` attributions, on DNA those of the bases that stand there; NaN for examples that a
    slow method was not asked to explain.

    answers: every measure; certificate: of these attributions, None for an explainer of the caller's.
    again: how many examples were explained again and again. rows: that the model sees for one example. seconds: all.
    """

    values: Tensor
    answers: Answers
    certificate: Certificate | None
    again: int
    rows: int
    seconds: float

    def tensors(self) -> dict[str, Tensor]:
        """All arrays, by a name for a file."""
        each = {f"each{_SEP}{measure}{_SEP}{of}": values for (measure, of), values in self.answers.each.items()}
        return {"values": self.values, **each}

    def to_dict(self) -> dict[str, Any]:
        """All else, as JSON can hold it."""
        whole = [[measure, of, value] for (measure, of), value in self.answers.whole.items()]
        certificate = None if self.certificate is None else self.certificate.to_dict()
        told = {"again": self.again, "rows": self.rows, "seconds": self.seconds}
        order = [list(key) for key in self.answers.each]  # a file of arrays keeps none
        return {"each": order, "whole": whole, "certificate": certificate, **told}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> "Tried":
        """What `tensors` and `to_dict` gave."""
        each = {(measure, what): tensors[f"each{_SEP}{measure}{_SEP}{what}"] for measure, what in facts["each"]}
        whole = {(measure, what): float(value) for measure, what, value in facts["whole"]}
        certificate = None if facts["certificate"] is None else Certificate(**facts["certificate"])
        return cls(
            tensors["values"],
            Answers(each, whole),
            certificate,
            facts["again"],
            facts["rows"],
            facts["seconds"],
        )
