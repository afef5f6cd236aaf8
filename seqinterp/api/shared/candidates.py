"""From what the caller calls methods to methods that are ready to be put on trial."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seqinterp.api.catalogue import METHODS, Method, find_method, option_names
from seqinterp.api.shared.bind import bind
from seqinterp.attribution.dna import SLACK, is_dna
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.run import explain
from seqinterp.errors import InputError, ModelError, SeqinterpError
from seqinterp.evaluation.scorecard.candidate import Candidate
from seqinterp.shapes import Attributions, Inputs

RESEEDED = 2  # more runs, each with another seed
DRAWN = ("gc_matched", "uniform_shuffle", "dinucleotide_shuffle")  # baselines that draw
# what a careful person might have chosen instead, beside another baseline
SETTINGS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "occlusion": ({"window": 3}, {"window": 7}),
    "smoothgrad": ({"noise_level": 0.05}, {"noise_level": 0.3}),
    "lime": ({"kernel_width": 0.1}, {"kernel_width": 1.0}),
    "lrp": ({"rule": "epsilon_plus"}, {"rule": "gamma"}),
    "gradcam": ({"rectify": False},),
}
DNA_BASELINES, IMAGE_BASELINES = ("zeros", "dinucleotide_shuffle"), ("zeros", "mean", "blur")
Asked = Any  # names, or a mapping from names to options or explainers: `wanted` says what is wrong with it


@dataclass(frozen=True)
class Wanted:
    """A method as it was asked for: its name in the catalogue and its options, or an explainer of the caller's.

    method is empty for such an explainer.
    """

    name: str
    method: str
    options: Mapping[str, Any]
    explainer: Explainer | None = None


def wanted(asked: Asked) -> list[Wanted]:
    """The methods that were asked for, by name; None is all of the catalogue.

    Raises:
        InputError: a name that is not in the catalogue, one that comes twice, or nothing.
    """
    if asked is None:
        return [Wanted(name, name, {}) for name in METHODS]
    if isinstance(asked, str):
        raise InputError(f"methods must be a list of names, such as [{asked!r}], or a mapping from names to options")
    if not isinstance(asked, Iterable):
        raise InputError(f"methods must be names, or a mapping from names to options or explainers, not {asked!r}")
    listed = list(asked)
    named = dict(asked) if isinstance(asked, Mapping) else {name: {} for name in listed}
    if not named or len(named) != len(listed):
        raise InputError("methods must name at least one method, and none of them twice")
    return [_one(name, what) for name, what in named.items()]


def _one(name: str, what: Any) -> Wanted:
    """One entry: options of a method in the catalogue (`method=` names it where the entry is called otherwise)."""
    if callable(what):
        return Wanted(name, "", {}, what)
    if not isinstance(what, Mapping):
        raise InputError(f"method {name!r} must come with a mapping of options or an explainer, not {what!r}")
    options = dict(what)
    method = options.pop("method", name)
    find_method(method)
    return Wanted(name, method, options)


def candidate(one: Wanted, inputs: Inputs, *, seed: int, **setting: Any) -> Candidate:
    """A method, its explainers running in batches on the device of what they are given.

    Raises what `bind` raises.
    """
    if one.explainer is not None:
        own = _projected(partial(_explained, one.explainer, name=one.name, setting=setting))
        return Candidate(one.name, own, reseeded=(own,))  # run again as it is: it may draw without a seed
    entry = find_method(one.method)

    def bound(options: Mapping[str, Any], own_seed: int) -> Explainer:
        return _ready(one.method, entry, inputs, {**one.options, **options}, own_seed, setting)

    draws = _draws(entry, inputs, one.options)
    return Candidate(
        name=one.name,
        explainer=bound({}, seed),
        reseeded=tuple(bound({}, seed + more) for more in range(1, RESEEDED + 1)) if draws else (),
        settings={_in_words(other): bound(other, seed) for other in _other_settings(one, entry, inputs)},
    )


def _ready(
    method: str, entry: Method, inputs: Inputs, options: Mapping[str, Any], seed: int, setting: Mapping[str, Any]
) -> Explainer:
    """The values of a method that is bound to these options."""
    found = bind(method, entry, inputs, options, seed)

    def explainer(score: Score, rows: Inputs, /) -> Attributions:
        values, _ = found.explain(score, rows, **setting)
        return values.to(rows)

    return _projected(explainer)


def _explained(
    explainer: Explainer, score: Score, rows: Inputs, /, *, name: str, setting: Mapping[str, Any]
) -> Attributions:
    """What the caller's own explainer says.

    Raises:
        ModelError: it raises, or gives something else than finite attributions of the inputs' shape.
    """

    def asked(given: Score, part: Inputs, /) -> Attributions:
        try:
            found = explainer(given, part)
        except SeqinterpError:
            raise
        except Exception as error:  # whatever other people's code raises belongs to their method
            raise ModelError(f"the explainer {name!r} raised {type(error).__name__}: {error}") from error
        if not isinstance(found, Tensor) or found.shape != part.shape:
            came = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ModelError(
                f"the explainer {name!r} must give a tensor of the inputs' shape {tuple(part.shape)}, not {came}"
            )
        return found

    return explain(asked, score, rows, **setting).to(rows)


def _projected(explainer: Explainer) -> Explainer:
    """On DNA, what is said of the base that stands there."""

    def projected(score: Score, rows: Inputs, /) -> Attributions:
        return of_present_bases(explainer(score, rows), rows)

    return projected


def of_present_bases(values: Attributions, inputs: Inputs) -> Attributions:
    """On DNA what is said of the base that stands there, zero for the other three; as it is on other inputs.

    A slope that belongs to an absent base is no contribution. Columns of N and of mixtures are left as they are.
    """
    if not is_dna(inputs):
        return values
    whole = (inputs.sum(dim=1, keepdim=True) - 1).abs() < SLACK
    return torch.where(whole, values * inputs, values)


def _draws(entry: Method, inputs: Inputs, options: Mapping[str, Any]) -> bool:
    """Whether another seed gives other attributions."""
    taken = option_names(entry.explainer)
    usual = entry.dna_baseline if is_dna(inputs) else "zeros"
    return "seed" in taken or ("baseline" in taken and options.get("baseline", usual) in DRAWN)


def _other_settings(one: Wanted, entry: Method, inputs: Inputs) -> Iterator[Mapping[str, Any]]:
    """Settings that differ from those asked for: what the method lists, and another baseline."""
    yield from (other for other in SETTINGS.get(one.method, ()) if not set(other) & set(one.options))
    if "baseline" not in option_names(entry.explainer) or "baseline" in one.options:
        return
    own = entry.dna_baseline if is_dna(inputs) else "zeros"
    others = DNA_BASELINES if is_dna(inputs) else IMAGE_BASELINES if inputs.ndim == 4 else ()
    yield from ({"baseline": name} for name in others if name != own)


def _in_words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())


@contextmanager
def counted_rows(score: Score) -> Iterator[Callable[[], int]]:
    """Count the rows that the model is shown inside the block."""
    seen = 0

    def count(_: torch.nn.Module, arguments: tuple[Tensor, ...]) -> None:
        nonlocal seen
        seen += len(arguments[0])

    hook = score.register_forward_pre_hook(count)
    try:
        yield lambda: seen
    finally:
        hook.remove()
