"""Is it stable? Explained again: next to the input, on the other strand, moved, reseeded, with other settings."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqinterp.attribution.dna import is_dna
from seqinterp.evaluation.agreement import multiverse
from seqinterp.evaluation.repeats import repeats
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.evaluation.sensitivity_max import change_by_distance, explained_neighbours, relative_change
from seqinterp.evaluation.similarity import contributions, spearman
from seqinterp.evaluation.symmetry import reverse_complement_consistency, shift_consistency
from seqinterp.shapes import Attributions, Scores

TOP = 10  # places that are said to matter


def stable(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Rank correlations of the contributions with those of the same method, explained again."""
    score, inputs, explainer = bench.score, bench.inputs, candidate.explainer
    each: dict[Key, Scores] = {}
    if bool(bench.neighbours.found.any()):
        near = explained_neighbours(score, bench.neighbours, explainer=explainer)
        each["max_sensitivity", ""] = relative_change(values, near, bench.neighbours)
        each["local_lipschitz", ""] = change_by_distance(inputs, values, near, bench.neighbours)
        each["neighbour_similarity", ""] = _mean_similarity(values, near, bench.neighbours.found)
    if is_dna(inputs):
        each["strand_consistency", ""] = reverse_complement_consistency(score, inputs, values, explainer=explainer)
    if inputs.ndim > 2 and inputs.shape[-1] > 3:
        each["shift_consistency", ""] = shift_consistency(score, inputs, values, explainer=explainer, seed=bench.seed)
    if candidate.reseeded:
        each |= _again(bench, "reseeding", values, [other(score, inputs) for other in candidate.reseeded])
    if bench.members:
        each |= _again(bench, "members", values, [explainer(member, inputs) for member in bench.members])
    if candidate.settings:
        each |= _settings({name: other(score, inputs) for name, other in candidate.settings.items()}, values)
    return Answers(each)


def _again(bench: Bench, name: str, values: Attributions, others: Sequence[Tensor]) -> dict[Key, Scores]:
    """What explanations of the same inputs have in common."""
    apart = [other.detach() for other in others]
    # the mean of an ensemble is like its members by construction: they are held against one another
    compared = apart if name == "members" and len(apart) > 1 else [values, *apart]
    found = repeats(compared, top=min(TOP, contributions(values)[0].numel()))
    agreeing = found.sign_agreement.flatten(1).mean(dim=1)
    each: dict[Key, Scores] = {
        (name, ""): found.spearman,
        (name, "top surviving"): found.surviving,
        (name, "signs"): agreeing,
    }
    if bench.surviving_calls is not None:
        each[name, "motif calls surviving"] = bench.surviving_calls(compared[0], compared[1:])
    return each


def _settings(others: dict[str, Tensor], values: Attributions) -> dict[Key, Scores]:
    """The multiverse: likeness with each other setting, and what is at the top whatever was chosen."""
    own = contributions(values)
    each: dict[Key, Scores] = {
        ("setting_similarity", name): spearman(own, contributions(other.detach())) for name, other in others.items()
    }
    top = min(TOP, own[0].numel())
    range_of = multiverse(
        {"as it comes": values.cpu(), **{name: other.detach().cpu() for name, other in others.items()}}
    )
    each["always_top", ""] = range_of.always_top(top).flatten(1).double().mean(dim=1) * own[0].numel() / top
    return each


def _mean_similarity(values: Attributions, near: Tensor, found: Tensor) -> Scores:
    """Mean Spearman over the neighbours of each example; NaN where there are none."""
    own = contributions(values)
    alike = torch.stack([spearman(own, contributions(other)) for other in near.unbind(1)], dim=1)
    return alike.masked_fill(~found, torch.nan).nanmean(dim=1)
