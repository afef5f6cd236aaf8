"""tangermeme (Schreiber 2026, doi:10.1038/s41592-026-03254-z), called as its users call it."""

from importlib import import_module
from typing import Any

from seqinterp.api.peers.tool import Call, Task, Tool


def _settings(task: Task) -> dict[str, Any]:
    return {"target": 0, "device": str(task.inputs.device), "batch_size": task.at_once}


def _deeplift(task: Task) -> Any:
    call = import_module("tangermeme.deep_lift_shap").deep_lift_shap
    return call(task.model, task.inputs, references=task.references, **_settings(task))


def _saliency(task: Task, *, hypothetical: bool) -> Any:
    call = import_module("tangermeme.saliency").saliency
    options = {"hypothetical": hypothetical, "gradient_correction": False}
    return call(task.model, task.inputs, **options, **_settings(task))


def _gradient(task: Task) -> Any:
    return _saliency(task, hypothetical=True)


def _gradient_times_input(task: Task) -> Any:
    return _saliency(task, hypothetical=False)


TANGERMEME = Tool(
    "tangermeme",
    {
        "deeplift": Call("deep_lift_shap", _deeplift),
        "gradient": Call("saliency, hypothetical=True, gradient_correction=False", _gradient),
        "gradient_times_input": Call("saliency, gradient_correction=False", _gradient_times_input),
    },
)
