"""Baselines as people write them: a name, an array of references, or a rule of their own."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution import dna_baselines
from seqinterp.attribution.baselines import blur, given, mean, zeros
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.protocol import Baseline
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Array, Inputs, References


@dataclass(frozen=True)
class NamedBaseline:
    """A baseline that is asked for by name; `draws` and `seed` are passed on where the rule takes them."""

    rule: Callable[..., References]
    dna_only: bool = False

    @property
    def options(self) -> set[str]:
        """The options of the rule."""
        return set(inspect.signature(self.rule).parameters) - {"inputs"}


BASELINES: dict[str, NamedBaseline] = {
    "zeros": NamedBaseline(zeros),
    "mean": NamedBaseline(mean),
    "blur": NamedBaseline(blur),
    "gc_matched": NamedBaseline(dna_baselines.gc_matched, dna_only=True),
    "uniform_shuffle": NamedBaseline(dna_baselines.uniform_shuffle, dna_only=True),
    "dinucleotide_shuffle": NamedBaseline(dna_baselines.dinucleotide_shuffle, dna_only=True),
}


def as_baseline(baseline: object, inputs: Inputs, *, draws: int | None = None, seed: int = 0) -> Baseline:
    """A rule from whatever names or holds references, checked on the first of `inputs`.

    Args:
        baseline: a name in `BASELINES`; an array of references, `(draws, *features)` for all examples or `(batch,
            draws, *features)`, some for each; or a callable from inputs to `(batch, draws, *features)`.
        inputs: what will be explained, `(batch, *features)`; references given per example belong to these.
        draws: references per example of a random baseline; None leaves the number to the baseline (20).
        seed: of a random baseline.

    A callable must be a rule of the example alone; one that draws anew at every call is refused.
    On DNA a blur, and references that are given, are set to zero where the example is N (a column of zeros), as the
    other named baselines are; what a callable returns is left as it is.

    Raises:
        InputError: no such baseline, draws of one that is not random, or references that are no finite numbers.
        ShapeError: references of another shape, or a DNA baseline for other inputs.
    """
    if isinstance(baseline, str):
        rule = _named(baseline, inputs, draws, seed)
    elif draws is not None:
        raise InputError(
            f"draws={draws} only means something for a random baseline with a name; references that are given, and"
            " callables, say themselves how many there are"
        )
    elif isinstance(baseline, Tensor | np.ndarray):
        rule = _n_kept(given(inputs, _as_tensor(baseline)), inputs)
    elif callable(baseline):
        rule = _Checked(baseline)
    else:
        raise InputError(
            f"baseline must be a name ({_names()}), an array of references or a callable, not a"
            f" {type(baseline).__name__}"
        )
    _refuse_moods(rule, inputs)
    return rule


def _refuse_moods(rule: Baseline, inputs: Inputs) -> None:
    """Ask about the first example alone and in company: a rule of the example alone says the same."""
    alone, beside = rule(inputs[:1]), rule(inputs[:2])[:1]
    if alone.shape != beside.shape or not torch.allclose(alone, beside, rtol=1e-3, atol=1e-5):
        raise InputError(
            "the baseline gave the first example other references when it was asked again, so no result could be"
            " repeated; seed it by the example, or give the references as an array"
        )


def _named(name: str, inputs: Inputs, draws: int | None, seed: int) -> Baseline:
    """The rule of this name, with its options bound."""
    if name not in BASELINES:
        raise InputError(f"there is no baseline {name!r}; choose one of {_names()}, or give references or a callable")
    entry = BASELINES[name]
    if entry.dna_only and not is_dna(inputs):
        others = ", ".join(repr(other) for other, its in BASELINES.items() if not its.dna_only)
        raise ShapeError(
            f"baseline {name!r} makes DNA, and inputs of shape {tuple(inputs.shape)} are not one-hot DNA (batch, 4,"
            f" position); use {others}, references or a callable"
        )
    if draws is not None and "draws" not in entry.options:
        raise InputError(
            f"baseline {name!r} is one reference by its rule, so draws={draws} means nothing; leave it out"
        )
    wanted = {"seed": seed, **({} if draws is None else {"draws": draws})}
    bound = {option: value for option, value in wanted.items() if option in entry.options}
    rule = partial(entry.rule, **bound) if bound else entry.rule
    return _n_kept(rule, inputs) if entry.rule is blur else rule


def _n_kept(rule: Baseline, inputs: Inputs) -> Baseline:
    """On DNA, the rule with the columns of N taken out."""
    return dna_baselines.n_kept(rule) if is_dna(inputs) else rule


def _as_tensor(references: Array) -> Tensor:
    """References as a tensor of numbers."""
    if isinstance(references, Tensor):
        return references
    if references.dtype.kind not in "biuf":
        raise InputError(f"references must be numbers, not an array of {references.dtype}")
    return torch.from_numpy(np.ascontiguousarray(references))


def _names() -> str:
    """The names there are."""
    return ", ".join(repr(name) for name in BASELINES)


@dataclass(frozen=True)
class _Checked:
    """A callable whose references are checked every time, and brought to the inputs' type and device."""

    rule: Callable[..., References]

    def __call__(self, inputs: Inputs, /) -> References:
        """The references, or a sentence that says what came instead."""
        references = self.rule(inputs)
        wanted = f"({len(inputs)}, draws, {', '.join(map(str, inputs.shape[1:]))})"
        if not isinstance(references, Tensor):
            raise InputError(f"the baseline must return a tensor of shape {wanted}, not a {type(references).__name__}")
        fits = references.ndim == inputs.ndim + 1 and references.shape[1] > 0
        if not fits or references.shape[0] != len(inputs) or references.shape[2:] != inputs.shape[1:]:
            raise ShapeError(
                f"the baseline must return references of shape {wanted}, not {tuple(references.shape)}; a single"
                " reference per example has draws = 1"
            )
        if not bool(torch.isfinite(references).all()):
            raise InputError("the baseline returned NaN or infinite values; references must be finite numbers")
        return references.detach().to(inputs)
