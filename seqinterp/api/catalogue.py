"""The methods of `attribute`, one line each. Adding a method: its file, its line here, its formula in tests/naive."""

import inspect
from dataclasses import dataclass

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.protocol import Baseline, Explainer
from seqinterp.errors import InputError
from seqinterp.mutagenesis.every_base import hypothetical_mutagenesis, mutagenesis


@dataclass(frozen=True)
class Method:
    """One way to explain a score.

    hypothetical: the explainer whose product with one-hot inputs is this method, where there is one: what each
        base would contribute if it stood there.
    reference: the baseline whose score the attributions should add up to (from it to the score), if any.
    dna_only: whether it edits bases and so needs one-hot DNA.
    """

    explainer: Explainer
    paper: str
    hypothetical: Explainer | None = None
    reference: Baseline | None = None
    dna_only: bool = False


METHODS: dict[str, Method] = {
    "gradient": Method(gradient, "Simonyan et al. 2014", hypothetical=gradient),
    "gradient_times_input": Method(
        gradient_times_input, "Shrikumar et al. 2016", hypothetical=gradient, reference=zeros
    ),
    "mutagenesis": Method(mutagenesis, "Zhou & Troyanskaya 2015", hypothetical=hypothetical_mutagenesis, dna_only=True),
}


def find_method(name: str) -> Method:
    """The method of this name.

    Raises:
        InputError: there is none; the sentence lists those there are.
    """
    if name not in METHODS:
        raise InputError(f"there is no attribution method {name!r}; choose one of {', '.join(sorted(METHODS))}")
    return METHODS[name]


def option_names(explainer: Explainer) -> set[str]:
    """The keyword options an explainer takes."""
    parameters = inspect.signature(explainer).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
