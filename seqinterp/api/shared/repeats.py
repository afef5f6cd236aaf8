"""The models that might have been one another: those given, or one thinned by its own dropout."""

from typing import Any

from torch import nn

from seqinterp.errors import InputError
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.thinned import has_dropout, thinned
from seqinterp.shapes import Inputs

FEWEST = 3  # repeats: of two, a spread says next to nothing


def models_of(model: Any) -> list[nn.Module]:
    """The module, the members of an `Ensemble`, or the several given.

    Raises:
        InputError: something else, or none.
    """
    models = [*model.members] if isinstance(model, Ensemble) else [model] if isinstance(model, nn.Module) else [*model]
    if not models or not all(isinstance(one, nn.Module) for one in models):
        raise InputError("model must be a torch.nn.Module or several of them")
    return models


def enough(count: int) -> None:
    """Refuse fewer than 3 repeats."""
    if count < FEWEST:
        raise InputError(
            f"at least {FEWEST} repeats are needed to tell how far it moves, not {count}; raise draws, or give more"
            " models"
        )


def alternatives(model: Any, inputs: Inputs, *, draws: int, seed: int) -> tuple[str, list[nn.Module]]:
    """ "members" and the models given, or "dropout" and `draws` networks thinned by the dropout layers of the one.

    inputs: one of those that the model reads, or more, of which `thinned` learns where the batch axis lies.

    Raises:
        InputError: one model without dropout, or fewer than 3 repeats.
        ModelError: the model cannot be copied, or a dropout layer reads what examples cannot be told apart in.
    """
    models = models_of(model)
    if len(models) > 1:
        enough(len(models))
        return "members", models
    if not has_dropout(models[0]):
        raise InputError("nothing varies: give several models, or one with layers nn.Dropout")
    enough(draws)
    return "dropout", [thinned(models[0], seed + number, inputs) for number in range(draws)]
