"""The evidence that comes with every answer, and its one-line verdict.

Thresholds: a sum of attributions may miss what it promised (`promised`: 0.001 for methods that are complete by
construction, 0.1 for those that sample); an example may change by a thousandth of the largest attribution in other
company; a fallback may leave a thousandth of an operation's change unaccounted for; a method may state an error of a
tenth of the largest attribution; at most half of the probabilities may be within 1 % of 0 or 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

COMPANY = 1e-3
FALLBACK = 1e-3
STATED = 0.1
SATURATED = 0.5


@dataclass(frozen=True)
class Certificate:
    """What is known about one set of attributions; `verdict` sums it up in one line.

    baseline, target: what the score was compared with and which number was explained, as the caller wrote them.
    completeness_error: largest |sum of attributions - (score - reference score)| over the examples, in score units,
        or None where nothing says what they should add up to. For LRP the sum includes what its ledger accounts for.
    relative_completeness_error: the same divided by the largest |score - reference score|.
    promised: the relative error up to which the method promises that sum, or None when it promises nothing.
    stated_error: the largest error the method states for its own numbers, in score units, or None.
    batch_deviation: largest change of the first example's attributions when it is explained in other company.
    largest: the largest |attribution|, which errors may be held against.
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
    largest: float = 0.0
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
    if certificate.batch_deviation <= COMPANY * certificate.largest:
        return ""
    return f"the first example's attributions change by {certificate.batch_deviation:.2g} in other company"


def _fallbacks(certificate: Certificate) -> list[str]:
    return [
        f"{operation!r} has no rule and its fallback leaves {error:.2g} unaccounted for"
        for operation, error in certificate.without_rule.items()
        if error > FALLBACK
    ]


def _own_error(certificate: Certificate) -> str:
    error = certificate.stated_error
    if error is None or error <= STATED * certificate.largest:
        return ""
    return f"the method states an error of {error:.2g} where its largest attribution is {certificate.largest:.2g}"


def _saturation(certificate: Certificate) -> str:
    if certificate.saturated <= SATURATED:
        return ""
    return f"{certificate.saturated:.0%} of the scores are saturated probabilities; explain the logit"
