"""`attack`: how little must an input change for the model to be wrong about it?"""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.results.attacked import Attacked
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.unknown_options import refuse_unknown
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.design.gradients.attack import METHODS, Aim, Ball, check_steps, cross_entropy, fgsm, outputs_of, pgd
from seqinterp.design.gradients.confidence import Readout, read_out
from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Array, Indices, Inputs

OPTIONS = {"pgd": ("steps", "step_size", "readout"), "fgsm": ("readout",)}
KIND_EXAMPLES = 32  # enough to tell a logit from a probability


def attack(
    model: nn.Module,
    inputs: Array,
    labels: Any,
    *,
    method: str = "pgd",
    epsilon: float = 8 / 255,
    norm: str = "inf",
    targeted: bool = False,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
    device: Device = None,
    **options: Any,
) -> Attacked:
    """Change every input a little, so that the model says something else of it.

    Args:
        model: any module from `(batch, *features)` to `(batch,)` or `(batch, outputs)`; given back as it was found.
        inputs: pictures or other numbers, within the bounds. For DNA, whose bases cannot change a little, there is
            `flip_prediction`.
        labels: the true class of each, or with `targeted` the class that the model shall say. Of one output 1 is yes
            and 0 is no.
        method: "pgd", many steps from a random place in the ball, or "fgsm", one step.
        epsilon: how far an input may be moved, in units of the features. norm: "inf" (each feature) or "2" (in all).
        targeted: make the model say the labels instead of anything else.
        bounds: the lowest and the highest value of a feature; None sets none.
        seed: the random place of input i follows from it and i.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        options: of "pgd" `steps=` (40) and `step_size=` (2.5 epsilon / steps). `readout=` how outputs become
            probabilities: "sigmoid", "softmax" or "probability"; what is right is found out unless it is given.

    Returns:
        `Attacked`: the inputs, whether each attack succeeded, its distance, predictions and confidences.

    Raises:
        InputError: an option, label or bound that cannot be used.
        ShapeError: the labels are not one per input.
        ModelError: outputs or gradients are not finite, or there is no gradient.
    """
    given = {"steps": 40, "step_size": None, **_checked_options(method, options)}
    check_steps(given["steps"], given["step_size"])
    ball = Ball(float(epsilon), norm, bounds)
    originals = _originals(model, inputs, ball)
    place = choose_device(device)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place):
        here = originals.to(place, copy=True)
        aim = Aim(read_out(model, here[:KIND_EXAMPLES], given.get("readout")), targeted)
        wanted = _labels(labels, len(here), aim.readout.classes).to(place)
        before = outputs_of(model, here)
        already = aim.reached(before, wanted)
        ended, some = here.clone(), (~already).nonzero().flatten()
        if len(some):
            setting = {"steps": given["steps"], "step_size": given["step_size"], "seed": seed}
            run = fgsm if method == "fgsm" else partial(pgd, **setting)
            ended[some] = run(model, here[some], wanted[some], ball=ball, aim=aim, numbers=some.cpu())
        after = outputs_of(model, ended)
        success = aim.reached(after, wanted) & ~already
        columns = {"labels": wanted, "already": already, "success": success, "distance": ball.distance(ended, here)}
        columns |= _said(aim.readout, before, wanted, "before") | _said(aim.readout, after, wanted, "after")
    facts = {
        "method": method,
        "epsilon": ball.epsilon,
        "norm": ball.norm,
        "targeted": targeted,
        "bounds": None if bounds is None else list(bounds),
        "steps": given["steps"] if method == "pgd" else 1,
        "readout": aim.readout.rule,
        "model_hash": model_hash(model),
        "seed": seed,
        "device": str(place),
        "versions": versions(),
    }
    kept = {name: numbers.detach().cpu() for name, numbers in columns.items()}
    return Attacked(originals, ended.cpu(), **kept, origin=facts)


def _said(readout: Readout, outputs: Tensor, labels: Indices, when: str) -> dict[str, Tensor]:
    """Prediction, its probability, and the loss of the label, by name."""
    prediction = readout.predicted(outputs)
    return {
        f"prediction_{when}": prediction,
        f"confidence_{when}": readout.probability(outputs, prediction),
        f"loss_{when}": cross_entropy(readout, outputs, labels),
    }


def _checked_options(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a method; InputError for others and for an unknown method."""
    if method not in METHODS:
        raise InputError(f"there is no attack {method!r}; choose one of {', '.join(METHODS)}")
    refuse_unknown(options, OPTIONS[method], f"attack {method!r}")
    return options


def _originals(model: nn.Module, inputs: Any, ball: Ball) -> Inputs:
    """The inputs, which lie within the bounds and are no DNA."""
    checked = as_inputs(model, inputs)
    if is_dna(checked) and bool(((checked == 0) | (checked == 1)).all()):
        raise InputError(
            "these inputs are one-hot DNA, and a base cannot change a little; seqinterp.flip_prediction finds the"
            " fewest substitutions that change a prediction"
        )
    if ball.bounds is not None:
        low, high = float(checked.min()), float(checked.max())
        if low < ball.bounds[0] or high > ball.bounds[1]:
            raise InputError(
                f"the inputs go from {low:.4g} to {high:.4g}, outside the bounds {ball.bounds}; pass bounds= that they"
                " keep, those of pictures as the model is shown them"
            )
    return checked


def _labels(labels: Any, count: int, classes: int) -> Indices:
    """One class per input, `(count,)`."""
    given = torch.as_tensor(np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels))
    if given.shape != (count,):
        raise ShapeError(f"one label per input is needed, {count} of them, not labels of shape {tuple(given.shape)}")
    whole = given.long()
    if given.dtype == torch.bool or not bool((given == whole).all()):
        raise InputError("labels must be the numbers of classes, whole numbers from 0 on")
    if not bool(((whole >= 0) & (whole < classes)).all()):
        raise InputError(
            f"labels must be 0 to {classes - 1}, the classes of this model, not {int(whole.min())} to"
            f" {int(whole.max())}"
        )
    return whole
