"""What `optimize` raises: models, targets and penalties as objectives on a device."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from seqinterp.api.penalties import Penalties
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import as_target
from seqinterp.design.objective import Objective
from seqinterp.errors import InputError


@dataclass(frozen=True, eq=False)
class Goal:
    """Models of one ensemble, the targets that are raised, and what is taken off.

    Models that are given as one count as one, whatever they consist of.
    """

    models: tuple[nn.Module, ...]
    targets: tuple[Target, ...]
    penalties: Penalties

    @classmethod
    def of(
        cls,
        model: nn.Module | Sequence[nn.Module],
        target: int | Target | Sequence[int | Target],
        penalties: Penalties,
    ) -> "Goal":
        """Take what the public call takes.

        Raises:
            InputError: no model, no target, or an uncertainty of a single model.
        """
        if not isinstance(model, nn.Module | Sequence):
            raise InputError(f"the model must be a torch.nn.Module or a list of them, not {type(model).__name__}")
        models: tuple[nn.Module, ...] = (model,) if isinstance(model, nn.Module) else tuple(model)
        wrong = next((one for one in models if not isinstance(one, nn.Module)), None)
        if not models or wrong is not None:
            came = "no model" if wrong is None else type(wrong).__name__
            raise InputError(f"the model must be a torch.nn.Module or a list of them, not {came}")
        if len({number_type(one) for one in models}) > 1:
            raise InputError(
                "the models of an ensemble compute in different number types; convert them, as model.float()"
            )
        targets = tuple(target) if isinstance(target, Sequence) else (target,)
        if not targets:
            raise InputError("target is an empty list; name at least one output")
        if penalties.uncertainty and len(models) < 2:
            raise InputError(
                "a penalty for uncertainty needs an ensemble: pass a list of models, trained from different seeds"
            )
        return cls(models, tuple(as_target(one) for one in targets), penalties)

    def scores(self, target: Target) -> list[Score]:
        """The score of each model."""
        return [Score(model, target) for model in self.models]

    def objectives(self, device: torch.device, *, repeats: int = 1) -> list[Objective]:
        """One objective for each target."""
        terms, uncertainty = self.penalties.terms(), self.penalties.uncertainty
        return [
            Objective(self.scores(target), uncertainty, terms, self.dtype, device, repeats) for target in self.targets
        ]

    def plain(self, device: torch.device) -> list[Objective]:
        """The score of each model without anything taken off."""
        return [Objective([score], dtype=self.dtype, device=device) for score in self.scores(self.targets[0])]

    @property
    def dtype(self) -> torch.dtype:
        """What the first model computes in."""
        return number_type(self.models[0])

    @contextmanager
    def borrowed(self, device: torch.device) -> Iterator[None]:
        """All models held in evaluation mode on the device, and given back."""
        with ExitStack() as stack:
            for model in self.models:
                stack.enter_context(borrowed(model, device))
            yield


def number_type(model: nn.Module) -> torch.dtype:
    """What a model computes in."""
    held = (*model.parameters(), *model.buffers())
    return next((tensor.dtype for tensor in held if tensor.is_floating_point()), torch.float32)
