"""shap (Lundberg & Lee 2017, arXiv:1705.07874), called as its users call it."""

from importlib import import_module
from typing import Any

import torch

from seqinterp.api.peers.tool import Call, Task, Tool, as_values


def _deeplift(task: Task) -> Any:
    """One explainer for all examples where they share their references, else one for each."""
    if task.shared:
        return _explained(task)
    return torch.cat([_explained(task.take([example])) for example in range(len(task.inputs))])


def _explained(task: Task) -> torch.Tensor:
    explainer = import_module("shap").DeepExplainer(task.model, task.references[0])
    return as_values(explainer.shap_values(task.inputs, check_additivity=False), task.inputs)


SHAP = Tool("shap", {"deeplift": Call("DeepExplainer, check_additivity=False", _deeplift)})
