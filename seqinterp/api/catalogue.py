"""The methods of `attribute`, one line each. Adding a method: its file, its line here, its formula in tests/naive."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.deconvnet import deconvnet
from seqinterp.attribution.deeplift import deeplift, hypothetical_deeplift
from seqinterp.attribution.exact_integrated_gradients import (
    exact_integrated_gradients,
    hypothetical_exact_integrated_gradients,
)
from seqinterp.attribution.expected_gradients import expected_gradients, hypothetical_expected_gradients
from seqinterp.attribution.gradcam import gradcam, gradcam_plus_plus
from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.guided_backprop import guided_backprop
from seqinterp.attribution.integrated_gradients import hypothetical_integrated_gradients, integrated_gradients
from seqinterp.attribution.kernel_shap import kernel_shap
from seqinterp.attribution.lime import lime
from seqinterp.attribution.lrp import lrp
from seqinterp.attribution.occlusion import occlusion
from seqinterp.attribution.protocol import Baseline, Explainer
from seqinterp.attribution.shapley import shapley
from seqinterp.attribution.simplex import corrected_gradient, corrected_gradient_times_input
from seqinterp.attribution.smoothgrad import discrete_smoothgrad, smoothgrad, squared_smoothgrad, vargrad
from seqinterp.errors import InputError
from seqinterp.mutagenesis.every_base import hypothetical_mutagenesis, mutagenesis


@dataclass(frozen=True)
class Method:
    """One way to explain a score.

    hypothetical: what each base would contribute if it stood there, for methods that can say it. On DNA the method's
        values are this times the inputs.
    promised: the relative error up to which the attributions add up to the score less that of the baseline, or None
        for methods that do not promise a sum.
    reference: the baseline that is meant, for methods without an option `baseline`, where there is one.
    dna_baseline: the name of the baseline on DNA unless the caller names another; "zeros" on other inputs.
    dna_only: whether it edits bases and so needs one-hot DNA.
    """

    explainer: Explainer
    paper: str
    hypothetical: Explainer | None = None
    promised: float | None = None
    reference: Baseline | None = None
    dna_baseline: str = "zeros"
    dna_only: bool = False


COMPLETE = 1e-3  # by construction: only rounding is missing
SAMPLED = 0.1  # on average over the draws

METHODS: dict[str, Method] = {
    "gradient": Method(gradient, "Simonyan et al. 2014", hypothetical=gradient),
    "gradient_times_input": Method(
        gradient_times_input, "Shrikumar et al. 2016", hypothetical=gradient, reference=zeros
    ),
    "corrected_gradient": Method(
        corrected_gradient_times_input, "Majdandzic et al. 2023", hypothetical=corrected_gradient, dna_only=True
    ),
    "smoothgrad": Method(smoothgrad, "Smilkov et al. 2017", hypothetical=smoothgrad),
    "vargrad": Method(vargrad, "Adebayo et al. 2018"),
    "squared_smoothgrad": Method(squared_smoothgrad, "Hooker et al. 2019"),
    "discrete_smoothgrad": Method(
        discrete_smoothgrad, "Smilkov et al. 2017", hypothetical=discrete_smoothgrad, dna_only=True
    ),
    "integrated_gradients": Method(
        integrated_gradients,
        "Sundararajan et al. 2017",
        hypothetical=hypothetical_integrated_gradients,
        promised=COMPLETE,
    ),
    "exact_integrated_gradients": Method(
        exact_integrated_gradients,
        "Sundararajan et al. 2017",
        hypothetical=hypothetical_exact_integrated_gradients,
        promised=COMPLETE,
    ),
    "expected_gradients": Method(
        expected_gradients,
        "Erion et al. 2021",
        hypothetical=hypothetical_expected_gradients,
        promised=SAMPLED,
        dna_baseline="dinucleotide_shuffle",
    ),
    "deeplift": Method(
        deeplift,
        "Shrikumar et al. 2017",
        hypothetical=hypothetical_deeplift,
        promised=COMPLETE,
        dna_baseline="dinucleotide_shuffle",
    ),
    "lrp": Method(lrp, "Bach et al. 2015", promised=COMPLETE),
    "guided_backprop": Method(guided_backprop, "Springenberg et al. 2015"),
    "deconvnet": Method(deconvnet, "Zeiler & Fergus 2014"),
    "gradcam": Method(gradcam, "Selvaraju et al. 2017"),
    "gradcam_plus_plus": Method(gradcam_plus_plus, "Chattopadhay et al. 2018"),
    "occlusion": Method(occlusion, "Zeiler & Fergus 2014"),
    "shapley": Method(shapley, "Castro et al. 2009", promised=COMPLETE),
    "kernel_shap": Method(kernel_shap, "Lundberg & Lee 2017", promised=COMPLETE),
    "lime": Method(lime, "Ribeiro et al. 2016"),
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


def option_names(function: Callable[..., Any]) -> set[str]:
    """The keyword options that an explainer or a way of designing takes."""
    parameters = inspect.signature(function).parameters.values()
    return {parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
