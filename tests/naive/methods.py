"""The oracle of every method in the catalogue, and the settings under which the two are compared."""

from dataclasses import dataclass, field
from functools import partial

import pytest
import torch

from naive import attribution, backprop, deeplift, lrp, perturbation, smoothing


def integrated_gradients(model, inputs, index=0, steps=2000):
    """The gradient at the middles of many equal pieces of the path from zero."""
    alphas = (torch.arange(steps, dtype=inputs.dtype) + 0.5) / steps
    result = torch.zeros_like(inputs)
    for example, one in enumerate(inputs):
        points = (alphas.reshape(-1, *[1] * one.ndim) * one).requires_grad_()
        (slopes,) = torch.autograd.grad(model(points).reshape(steps, -1)[:, index].sum(), points)
        result[example] = slopes.mean(0) * one
    return result


@dataclass(frozen=True)
class Oracle:
    """A formula, the options that keep it affordable, and how near the method has to come."""

    formula: object
    options: dict = field(default_factory=dict)
    rtol: float = 1e-5
    atol: float = 1e-8


ORACLES = {
    "gradient": Oracle(attribution.gradient),
    "gradient_times_input": Oracle(attribution.gradient_times_input),
    "corrected_gradient": Oracle(smoothing.corrected_gradient_times_input),
    "smoothgrad": Oracle(smoothing.smoothgrad, {"draws": 4}),
    "vargrad": Oracle(smoothing.vargrad, {"draws": 4}),
    "squared_smoothgrad": Oracle(smoothing.squared_smoothgrad, {"draws": 4}),
    "discrete_smoothgrad": Oracle(smoothing.discrete_smoothgrad, {"draws": 4}),
    "integrated_gradients": Oracle(integrated_gradients, {"steps": 16}, atol=2e-3),
    "exact_integrated_gradients": Oracle(integrated_gradients, atol=2e-4),
    "expected_gradients": Oracle(smoothing.expected_gradients, {"draws": 4}),
    "deeplift": Oracle(deeplift.deeplift),
    "lrp": Oracle(lrp.lrp),
    "guided_backprop": Oracle(backprop.guided_backprop),
    "deconvnet": Oracle(backprop.deconvnet),
    "gradcam": Oracle(backprop.gradcam),
    "gradcam_plus_plus": Oracle(backprop.gradcam_plus_plus),
    "occlusion": Oracle(perturbation.occlusion),
    "shapley": Oracle(perturbation.METHODS["shapley"], {"draws": 4}),
    "kernel_shap": Oracle(perturbation.METHODS["kernel_shap"], {"draws": 64}),
    "lime": Oracle(perturbation.METHODS["lime"], {"draws": 60}),
    "mutagenesis": Oracle(attribution.mutagenesis),
}


# a layer with places is needed; a network of straight pieces is needed
REFUSED = {
    "gradcam": ("recurrent",),
    "gradcam_plus_plus": ("recurrent",),
    "exact_integrated_gradients": ("recurrent", "batchnorm"),
}


def pairs(methods, cases):
    """(name, case) for every method and every case it can explain, for `parametrize`."""
    return [
        pytest.param(name, case, id=f"{name}-{case.name}")
        for name, method in methods.items()
        for case in cases
        if (case.dna or not method.dna_only) and case.name not in REFUSED.get(name, ())
    ]


def explainer(name, methods):
    """The method of the catalogue, with the options its oracle is given."""
    entry = methods[name].explainer
    return partial(entry, **ORACLES[name].options) if ORACLES[name].options else entry


def expected(name, model, inputs, index):
    """What the formula says, or None where it is not written out for such a model."""
    formula = ORACLES[name].formula
    used = {k: v for k, v in ORACLES[name].options.items() if name != "integrated_gradients"}
    return formula(model, inputs, index, **used)
