"""From a method's name and the caller's options to explainers that are ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

import torch

from seqinterp.api.catalogue import Method, option_names
from seqinterp.api.shared.baseline import as_baseline
from seqinterp.attribution.dna import SLACK, is_dna
from seqinterp.attribution.protocol import Baseline, Explainer, Score
from seqinterp.attribution.run import explain
from seqinterp.errors import InputError
from seqinterp.shapes import Attributions, Inputs

WHOLE = {"draws", "steps", "pieces"}


@dataclass(frozen=True)
class Bound:
    """A method with its options.

    hypothetical: what each base would contribute, on DNA; `projects` says whether the values are that times the inputs.
    baseline: what the score is compared with, and its name; None for methods that compare with nothing.
    options: what was asked for, in words.
    """

    explainer: Explainer
    hypothetical: Explainer | None
    projects: bool
    baseline: Baseline | None
    baseline_name: str | None
    options: Mapping[str, str]

    def explain(self, score: Score, inputs: Inputs, **setting: Any) -> tuple[Attributions, Attributions | None]:
        """The attributions and, on DNA where the method says it, what each base would contribute."""
        if self.hypothetical is None:
            return explain(self.explainer, score, inputs, **setting), None
        every_base = explain(self.hypothetical, score, inputs, **setting)
        if not self.projects:
            return every_base, every_base
        whole = (inputs.sum(dim=1, keepdim=True) - 1).abs() < SLACK
        if bool(whole.all()):
            return every_base * inputs, every_base
        # a column of N has no base to carry what its references had there
        values = explain(self.explainer, score, inputs, **setting)
        return torch.where(whole, every_base * inputs, values), every_base


def bind(name: str, entry: Method, inputs: Inputs, options: Mapping[str, Any], seed: int) -> Bound:
    """Bind the caller's options; `baseline` may be a name, references or a rule.

    Raises:
        InputError: an option the method does not take, or one that cannot be used.
        ShapeError: a baseline that does not fit the inputs.
    """
    taken = option_names(entry.explainer)
    given = dict(options)
    compares = "baseline" in taken
    draws = given.pop("draws", None) if compares and "draws" not in taken else None
    unknown = sorted(set(given) - taken)
    if unknown:
        offered = ", ".join(sorted(taken - {"seed"} | ({"draws"} if compares else set()))) or "no options"
        raise InputError(f"method {name!r} has no option {unknown[0]!r}; it takes {offered}")
    for option in WHOLE & set(options):
        if options[option] is not None and not isinstance(options[option], Integral):
            raise InputError(f"{option} must be a whole number, not {options[option]!r}")
    if not isinstance(seed, Integral):
        raise InputError(f"seed must be a whole number, not {seed!r}")
    words = {option: repr(value) for option, value in options.items() if option != "baseline"}
    if "seed" in taken:
        given["seed"] = seed
    asked = given.get("baseline", entry.dna_baseline if is_dna(inputs) else "zeros")
    if compares:
        given["baseline"] = as_baseline(asked, inputs, draws=draws, seed=seed)
    hypothetical = entry.hypothetical if is_dna(inputs) else None
    return Bound(
        explainer=partial(entry.explainer, **given) if given else entry.explainer,
        hypothetical=partial(hypothetical, **given) if hypothetical and given else hypothetical,
        projects=hypothetical is not None and hypothetical is not entry.explainer,
        baseline=given.get("baseline", entry.reference),
        baseline_name=_in_words(asked) if compares else ("zeros" if entry.reference else None),
        options=words,
    )


def _in_words(baseline: object) -> str:
    """A baseline as the caller wrote it: its name, or what kind of thing it is."""
    if isinstance(baseline, str):
        return baseline
    return "given references" if hasattr(baseline, "shape") else getattr(baseline, "__name__", "a rule of the caller")
