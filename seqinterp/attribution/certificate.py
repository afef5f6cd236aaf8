"""The evidence that comes with every answer, and its one-line verdict.

Thresholds: a sum of attributions may miss what it promised (`promised`: 0.001 for methods that are complete by
construction, 0.1 for those that sample); an example may change by a thousandth of the largest attribution in other
company, and its score by a thousandth of the largest score; a fallback may leave a thousandth of an operation's change
unaccounted for; a method may state an error of a tenth of an example's largest attribution (or score difference); a
tenth of the score may end in LRP's remainders and epsilons; half of the probabilities may be within 1 % of 0 or 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

COMPANY = 1e-3
FALLBACK = 1e-3
STATED = 0.1
REMAINDER = 0.1
SATURATED = 0.5


@dataclass(frozen=True)
class Certificate:
    """What is known about one set of attributions; `verdict` sums it up in one line.

    baseline, target: what the score was compared with and which number was explained, as the caller wrote them.
    completeness_error: largest |sum of attributions - (score - reference score)| over the examples, in score units,
        or None where nothing says what they should add up to. For LRP the sum includes what its ledger accounts for.
    relative_completeness_error: the same divided by |score - reference score|, example by example.
    promised: the relative error up to which the method promises that sum, or None when it promises nothing.
    stated_error: the largest error the method states for its own numbers, in score units, or None;
        relative_stated_error: divided by the example's largest |attribution| or score difference.
    batch_deviation: largest change of the first example's attributions when it is explained in other company;
        score_deviation: the change of its score beside another row.
    first_largest: the first example's largest |attribution|; largest: the largest of all. largest_score: |score|.
    rules: how each operation of the model was treated, for methods that work operation by operation.
    without_rule: operations treated by a fallback, with its relative error. warnings: what else the method said.
    ledger: largest |relevance| of an example that ended in biases, epsilons and remainders (LRP).
    output_kind: "probability" when outputs stay in [0, 1] even for inputs a hundred times as strong (saturated
        probabilities flatten gradients: explain the logit), "logit" for other tensors, "unknown" for other outputs.
    saturated: the share of examples whose score is a probability within 1 % of 0 or 1.
    model_unchanged: whether the fingerprint of the model's weights was the same before and after.
    """

    method: str
    options: Mapping[str, Any]
    completeness_error: float | None
    relative_completeness_error: float | None
    batch_deviation: float
    output_kind: str
    model_hash: str
    seed: int
    device: str
    versions: Mapping[str, str] = field(default_factory=dict)
    baseline: str | None = None
    target: str = ""
    promised: float | None = None
    stated_error: float | None = None
    relative_stated_error: float | None = None
    score_deviation: float = 0.0
    first_largest: float = 0.0
    largest: float = 0.0
    largest_score: float = 0.0
    rules: Mapping[str, str] = field(default_factory=dict)
    without_rule: Mapping[str, float] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    ledger: Mapping[str, float] = field(default_factory=dict)
    saturated: float = 0.0
    model_unchanged: bool = True
    dtype: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "warnings", tuple(self.warnings))  # JSON knows lists only

    @property
    def doubts(self) -> list[str]:
        """Every reason not to rely on these attributions."""
        return doubts(self)

    @property
    def verdict(self) -> str:
        """`ok`, or `doubtful:` and why."""
        return f"doubtful: {'; '.join(self.doubts)}" if self.doubts else "ok"

    def in_words(self) -> dict[str, str]:
        """The facts a reader of a report wants, each in a few words; the verdict first."""
        compared = self.relative_completeness_error is not None and self.promised is not None
        missing = f"{self.relative_completeness_error:.2g} of the score difference" if compared else "promises no sum"
        fallbacks = ", ".join(f"{word} ({error:.2g})" for word, error in self.without_rule.items())
        return {
            "verdict": self.verdict,
            "method": self.method,
            "target": self.target,
            "baseline": self.baseline or "none",
            "completeness error": missing,
            "stated error": "none" if self.stated_error is None else f"{self.stated_error:.2g}",
            "change in other company": f"{self.batch_deviation:.2g} (largest attribution {self.largest:.2g})",
            "operations without a rule": fallbacks or "none",
            "output": self.output_kind,
            "model": f"{self.model_hash}, {'unchanged' if self.model_unchanged else 'changed'}",
            "computed on": f"{self.device}, {self.dtype}, seed {self.seed}",
        }

    def to_dict(self) -> dict[str, Any]:
        """All fields, as JSON can hold them."""
        return asdict(self)


def doubts(certificate: Certificate) -> list[str]:
    """Every reason for doubt, most serious first."""
    found = [
        _changed_model(certificate),
        _not_finite(certificate),
        _incomplete(certificate),
        _company(certificate),
        *_fallbacks(certificate),
        _own_error(certificate),
        _remainder(certificate),
        _saturation(certificate),
        *certificate.warnings,
    ]
    return [reason for reason in found if reason]


def _changed_model(certificate: Certificate) -> str:
    return "" if certificate.model_unchanged else "the model's weights changed while it was explained"


def _not_finite(certificate: Certificate) -> str:
    finite = certificate.largest < float("inf")  # false for NaN as well
    return "" if finite else "some attributions are not finite"


def _incomplete(certificate: Certificate) -> str:
    error, promised = certificate.relative_completeness_error, certificate.promised
    if error is None or promised is None or error <= promised:
        return ""
    return f"the attributions miss {error:.2g} of the score difference they should add up to"


def _company(certificate: Certificate) -> str:
    if certificate.score_deviation > COMPANY * certificate.largest_score:
        return f"the first example's score changes by {certificate.score_deviation:.2g} in other company"
    if certificate.batch_deviation > COMPANY * certificate.first_largest:
        return f"the first example's attributions change by {certificate.batch_deviation:.2g} in other company"
    return ""


def _fallbacks(certificate: Certificate) -> list[str]:
    return [
        f"{operation!r} has no rule and its fallback leaves {error:.2g} unaccounted for"
        for operation, error in certificate.without_rule.items()
        if error > FALLBACK
    ]


def _own_error(certificate: Certificate) -> str:
    error = certificate.relative_stated_error
    if error is None or error <= STATED:
        return ""
    return f"the method states an error of {error:.2g} of an example's largest attribution or score difference"


def _remainder(certificate: Certificate) -> str:
    lost = certificate.ledger.get("remainder", 0.0) + certificate.ledger.get("epsilon", 0.0)
    if lost <= REMAINDER * certificate.largest_score:
        return ""
    score = certificate.largest_score
    return f"relevance of {lost:.2g} of a score of {score:.2g} ended in operations that do not hand it on"


def _saturation(certificate: Certificate) -> str:
    if certificate.saturated <= SATURATED:
        return ""
    return f"{certificate.saturated:.0%} of the scores are saturated probabilities; explain the logit"
