"""What the answers say in words: one verdict for every method, and one for the model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import wilcoxon

from seqinterp.evaluation.scorecard.candidate import Answers, Key
from seqinterp.evaluation.scorecard.model_checks import ModelFacts
from seqinterp.evaluation.scorecard.thresholds import Thresholds

EMPTY_NULLS = ("GC", "edges", "intensity")
FIXED_BY_CHANCE = 1.5  # times what maps moved at random have at their best places
ONE_SIDED = 1.645  # standard errors
USE, CARE, AVOID = "use", "use with care", "do not use"


@dataclass(frozen=True)
class Doubt:
    """A reason against, in words; `fails` forbids."""

    words: str
    fails: bool = False


@dataclass(frozen=True)
class Verdict:
    """decision: one of USE, CARE, AVOID. reasons: the doubts behind it, the worst first; empty for USE."""

    subject: str
    decision: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{self.subject}: {self.decision}{why}"


def verdict(subject: str, doubts: Iterable[Doubt]) -> Verdict:
    """The decision that the doubts leave."""
    ordered = sorted(doubts, key=lambda doubt: not doubt.fails)
    decision = USE if not ordered else AVOID if ordered[0].fails else CARE
    return Verdict(subject, decision, tuple(doubt.words for doubt in ordered))


def method_doubts(answers: Answers, strand_change: float | None, limits: Thresholds) -> Iterator[Doubt]:
    """Everything that speaks against a method on this model; its certificate is asked by the caller."""
    yield from _unfaithful(answers, limits)
    yield from _unstable(answers, strand_change, limits)
    yield from _ignores_the_model(answers, limits)
    yield from _is_the_input(answers, limits)
    yield from _is_wrong(answers)


def model_doubts(
    facts: ModelFacts, by_method: Mapping[str, Answers], limits: Thresholds, *, region: bool
) -> Iterator[Doubt]:
    """Everything that speaks against believing any explanation of this model on these inputs."""
    order = facts.order
    known = facts.labelled_low is not None and facts.chance is not None
    follows = known and (facts.labelled_low or 0.0) > (facts.chance or 0.0)
    if order is None and not known:
        yield Doubt(f"not known whether it has learned anything: give labels ({facts.why_no_order})")
    if order is not None and order.p_value > limits.untrained:
        yield Doubt(
            "scores inputs and their shuffles as an untrained network would"
            f" (p = {order.p_value:.2f} among {order.copies} copies with random weights)"
            + (", though its scores follow the labels" if follows else ""),
            fails=not follows,
        )
    if order is not None and order.composition > limits.composition:
        yield Doubt(
            f"its scores follow composition: those of dinucleotide shuffles rank the same ({order.composition:.2f})"
        )
    if known and not follows:
        yield Doubt(
            f"its scores follow the labels no better than chance ({facts.labelled:.2f}, from {facts.labelled_low:.2f};"
            f" guessing {facts.chance:g})",
            fails=True,
        )
    yield from _shortcuts(by_method, limits, region=region)


def _unfaithful(answers: Answers, limits: Thresholds) -> Iterator[Doubt]:
    """Removing or putting back what contributes most must do more than removing at random."""
    gone, put = ("deletion_gain", ""), ("insertion_gain", "")
    p_gone, p_put = (better_than_nothing(answers, key) for key in (gone, put))
    count = len(_defined(answers, gone))
    if p_gone > limits.level and p_put > limits.level:
        # few examples prove nothing: what forbids is that no gain worth the name is left within the interval
        absent = max(_at_most(answers, gone), _at_most(answers, put)) < limits.gain
        words = "neither taking away nor putting back what it ranks first moves the score more than a random order"
        told = f"p = {p_gone:.2g} and {p_put:.2g}, {count} examples"
        yield Doubt(f"{words} ({told})" if absent else f"not shown that {words[8:]} ({told})", fails=absent)
    elif max(p_gone, p_put) > limits.level:
        what = "taking away" if p_gone > limits.level else "putting back"
        words = f"{what} what it ranks first moves the score no more than a random order"
        yield Doubt(f"{words} (p = {max(p_gone, p_put):.2g}, {count} examples)")
    foretold = typical(answers, ("sensitivity_n", ""))
    if foretold < limits.foretells:
        yield Doubt(f"its contributions do not add up to what removing them does ({foretold:.2f} correlation)")


def _unstable(answers: Answers, strand_change: float | None, limits: Thresholds) -> Iterator[Doubt]:
    """Explained again it must say much the same, of examples that there is something to say of."""
    reseeded = by_size(answers, ("reseeding", ""))
    if reseeded < limits.reseeded:
        count = len(_defined(answers, ("reseeding", "")))
        yield Doubt(
            f"unstable, {reseeded:.2f} rank correlation under reseeding ({count} examples)",
            fails=reseeded < limits.reseeded_fails and count >= limits.examples,
        )
    near = by_size(answers, ("neighbour_similarity", ""))
    if near < limits.neighbours:
        yield Doubt(f"inputs next to it that score the same are explained otherwise ({near:.2f} rank correlation)")
    turned = by_size(answers, ("strand_consistency", ""))
    if strand_change is not None and strand_change < limits.symmetric and turned < limits.turned:
        yield Doubt(f"the strands score alike and are explained otherwise ({turned:.2f} rank correlation)")
    members = by_size(answers, ("members", ""))
    if members < limits.members:
        words = "members of the ensemble, or dropout masks, are explained otherwise"
        yield Doubt(f"{words} ({members:.2f} rank correlation)")


def _ignores_the_model(answers: Answers, limits: Thresholds) -> Iterator[Doubt]:
    """With all weights random it must say something else."""
    size, signed = (by_size(answers, ("randomised", name)) for name in ("spearman", "signed"))
    if np.isnan(size):
        yield Doubt("not known whether it depends on the model: there was no copy with random weights to explain")
    if size > limits.randomised and signed > limits.randomised:
        yield Doubt(f"hardly changes when all weights are random ({size:.2f} rank correlation)", fails=True)
    elif size > limits.randomised:
        yield Doubt(
            f"its sizes hardly change when all weights are random ({size:.2f} rank correlation); only its signs do"
        )


def _is_the_input(answers: Answers, limits: Thresholds) -> Iterator[Doubt]:
    """What the input alone would draw is no explanation of a model.

    Words that recur and motif scans are shown and not held against it: a right explanation is like them.
    """
    for name in EMPTY_NULLS:
        likeness = typical(answers, ("null_similarity", name))
        p_value = answers.whole.get(("null_p_value", name), 1.0)
        if abs(likeness) > limits.null and p_value <= limits.level:
            yield Doubt(f"its sizes can be read off the input: {name} ({likeness:.2f} rank correlation)")


def _is_wrong(answers: Answers) -> Iterator[Doubt]:
    """Places that are known to matter must rank above the others."""
    known = _defined(answers, ("truth_auroc", ""))
    if len(known) == 0:
        return
    low = known.mean() - 1.96 * known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else known.mean()
    if low <= 0.5:
        yield Doubt(f"ranks places that matter no higher than others (AUROC {known.mean():.2f})", fails=True)


def _shortcuts(by_method: Mapping[str, Answers], limits: Thresholds, *, region: bool) -> Iterator[Doubt]:
    """What most methods say of where the model looks."""
    fixed = _over_methods(by_method, ("fixed_places", ""))
    chance, p_value = (_median(by_method, f"fixed_places_{name}") for name in ("chance", "p_value"))
    if fixed > max(limits.fixed, FIXED_BY_CHANCE * chance) and p_value <= limits.level:
        yield Doubt(
            f"owes {fixed:.0%} of its score to the same twentieth of the places in every example: a marker there, or"
            " inputs that are aligned"
        )
    if not region:
        return
    outside = _over_methods(by_method, ("outside", ""))
    if _median(by_method, "outside_p_value") <= limits.level:
        yield Doubt(f"looks outside the declared region: {outside:.0%} of all contributions, more than by chance")


def better_than_nothing(answers: Answers, key: Key) -> float:
    """p-value of a gain above 0 over examples (Wilcoxon's signed ranks, one-sided); 1 where there is none."""
    known = _defined(answers, key)
    if len(known) == 0 or not bool((known != 0).any()):
        return 1.0
    return float(wilcoxon(known, alternative="greater").pvalue)


def typical(answers: Answers, key: Key) -> float:
    """The mean over the examples that were asked; NaN where none was, which no threshold catches."""
    known = _defined(answers, key)
    return float(known.mean()) if len(known) else float("nan")


def by_size(answers: Answers, key: Key) -> float:
    """The mean over examples, each counting by the size of its explanation.

    An example that nothing is to be said of has an explanation of noise, which no method repeats. NaN without any.
    """
    values, sizes = (answers.each.get(name) for name in (key, ("size", "")))
    if values is None or sizes is None:
        return typical(answers, key)
    known = ~values.isnan() & ~sizes.isnan() & (sizes > 0)
    if not bool(known.any()):
        return float("nan")
    return float((values[known] * sizes[known]).sum() / sizes[known].sum())


def _at_most(answers: Answers, key: Key) -> float:
    """The end of a one-sided 95 % interval of the mean over examples."""
    known = _defined(answers, key)
    if len(known) < 2:
        return float("inf")
    return float(known.mean() + ONE_SIDED * known.std(ddof=1) / np.sqrt(len(known)))


def _over_methods(by_method: Mapping[str, Answers], key: Key) -> float:
    """The median over methods of what is typical; NaN without any."""
    found = [typical(answers, key) for answers in by_method.values()]
    known = [value for value in found if not np.isnan(value)]
    return float(np.median(known)) if known else float("nan")


def _median(by_method: Mapping[str, Answers], measure: str) -> float:
    """The median over methods of a measure that has one number; NaN without any."""
    found = [answers.whole[measure, ""] for answers in by_method.values() if (measure, "") in answers.whole]
    return float(np.median(found)) if found else float("nan")


def _defined(answers: Answers, key: Key) -> np.ndarray:
    """The numbers of a measure without those that are not there."""
    values = answers.each.get(key, torch.empty(0))
    numbers: np.ndarray = values.detach().cpu().double().numpy()
    return np.asarray(numbers[~np.isnan(numbers)])
