"""The ways of `optimize`, one line each. Adding one: its file in design/search, its line here, its law in the tests."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any

from seqinterp.api.catalogue import option_names
from seqinterp.api.shared.motif_words import named_pwms
from seqinterp.design.codes import codes_of
from seqinterp.design.experiments.words import consensus
from seqinterp.design.search.anneal import anneal
from seqinterp.design.search.beam import beam
from seqinterp.design.search.evolve import evolve
from seqinterp.design.search.greedy import greedy
from seqinterp.design.search.hill_climb import hill_climb
from seqinterp.design.search.insert_motifs import insert_motifs
from seqinterp.design.search.random_library import random_library
from seqinterp.design.search.seq_prop import seq_prop
from seqinterp.design.search.straight_through import straight_through
from seqinterp.design.walk import Advance
from seqinterp.errors import InputError
from seqinterp.sequence.markov import Background


@dataclass(frozen=True)
class DesignMethod:
    """A way of looking for sequences.

    steps: how many rounds it makes unless the caller says.
    indels: whether it can insert and delete. front: whether it takes several targets.
    """

    advance: Callable[..., None]
    steps: int
    paper: str
    indels: bool = True
    front: bool = False


DESIGN_METHODS: dict[str, DesignMethod] = {
    "hill_climb": DesignMethod(hill_climb, 1000, "Ramsundar et al. 2019"),
    "greedy": DesignMethod(greedy, 20, "Vaishnav et al. 2022"),
    "insert_motifs": DesignMethod(insert_motifs, 5, "Taskiran et al. 2024", indels=False),
    "beam": DesignMethod(beam, 20, "Lowerre 1976"),
    "anneal": DesignMethod(anneal, 1000, "Kirkpatrick et al. 1983"),
    "evolve": DesignMethod(evolve, 100, "Deb et al. 2002", front=True),
    "straight_through": DesignMethod(straight_through, 500, "Schreiber et al. 2020", indels=False),
    "seq_prop": DesignMethod(seq_prop, 500, "Linder & Seelig 2021", indels=False),
    "screen": DesignMethod(random_library, 16, "random library", indels=False),
}


def find_design_method(name: str) -> DesignMethod:
    """The way of this name.

    Raises:
        InputError: there is none.
    """
    if name not in DESIGN_METHODS:
        raise InputError(f"there is no design method {name!r}; choose one of {', '.join(sorted(DESIGN_METHODS))}")
    return DESIGN_METHODS[name]


def bind_design(name: str, options: Mapping[str, Any]) -> Advance:
    """The rounds of a way with the caller's options.

    Raises:
        InputError: it does not take an option.
    """
    method = find_design_method(name)
    taken = option_names(method.advance)
    given = dict(options)
    if "words" in taken:
        taken = (taken - {"words"}) | {"motifs"}
    unknown = sorted(set(given) - taken)
    if unknown:
        offered = ", ".join(sorted(taken)) or "no options of its own"
        raise InputError(f"design method {name!r} has no option {unknown[0]!r}; it takes {offered}")
    for option, value in given.items():
        _check_number(name, option, value, inspect.signature(method.advance).parameters)
    if "motifs" in taken:
        if not given.get("motifs"):
            raise InputError("insert_motifs needs motifs= to put in; give at least one")
        given["words"] = [codes_of(consensus(pwm))[0] for pwm in named_pwms(given.pop("motifs")).values()]
    return partial(method.advance, **given)


def whole(value: Any) -> bool:
    """Whether this is a whole number, and no truth value."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_number(method: str, option: str, value: Any, parameters: Mapping[str, inspect.Parameter]) -> None:
    """Raise InputError where a number of another kind is meant."""
    kind = parameters[option].annotation if option in parameters else None
    if kind is int and not whole(value):
        raise InputError(f"{option} of design method {method!r} must be a whole number, not {value!r}")
    if kind in (float, float | None) and not (
        value is None or (isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value))
    ):
        raise InputError(f"{option} of design method {method!r} must be a number, not {value!r}")
    if kind is Background and not isinstance(value, Background):
        raise InputError(
            f"{option} of design method {method!r} must be a Background, as"
            " seqinterp.sequence.markov_fit.fit_background gives it,"
            f" not a {type(value).__name__}"
        )
