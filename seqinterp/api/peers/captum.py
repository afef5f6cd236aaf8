"""captum (Kokhlikyan et al. 2020, arXiv:2009.07896), called as its users call it."""

from importlib import import_module
from typing import Any

from seqinterp.api.peers.tool import Call, Task, Tool

STEPS = 50  # captum's default


def _deeplift(task: Task) -> Any:
    """DeepLiftShap takes one set of references for all examples; this is what it does inside, pair by pair."""
    inputs, references = task.pairs()
    method = import_module("captum.attr").DeepLift(task.model)
    return task.over_draws(method.attribute(inputs, references, target=0).detach())


def _integrated_gradients(task: Task) -> Any:
    inputs, references = task.pairs()
    method = import_module("captum.attr").IntegratedGradients(task.model)
    size = max(len(inputs), task.at_once)
    found = method.attribute(inputs, references, target=0, n_steps=STEPS, internal_batch_size=size)
    return task.over_draws(found.detach())


def _gradient(task: Task) -> Any:
    return import_module("captum.attr").Saliency(task.model).attribute(task.inputs, target=0, abs=False)


def _gradient_times_input(task: Task) -> Any:
    return import_module("captum.attr").InputXGradient(task.model).attribute(task.inputs, target=0)


def _lrp(task: Task) -> Any:
    return import_module("captum.attr").LRP(task.model).attribute(task.inputs, target=0)


CAPTUM = Tool(
    "captum",
    {
        "deeplift": Call("DeepLift", _deeplift),
        "integrated_gradients": Call(f"IntegratedGradients, {STEPS} steps", _integrated_gradients),
        "gradient": Call("Saliency, abs=False", _gradient),
        "gradient_times_input": Call("InputXGradient", _gradient_times_input),
        "lrp": Call("LRP", _lrp),
    },
    chatter=("Setting forward, backward hooks", "required_grads has been set automatically"),
)
