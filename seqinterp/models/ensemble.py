"""Several networks that answer as one (Lakshminarayanan et al., NeurIPS 2017)."""

from collections.abc import Sequence

import torch
from torch import nn

from seqinterp.errors import InputError
from seqinterp.shapes import Outputs, Sequences


class Ensemble(nn.Module):
    """The mean of the logits of its members: the answer stays a logit, so attributions of members add up."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise InputError("an ensemble needs at least one member")
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Sequences) -> Outputs:
        """Logits (batch, 1)."""
        return torch.stack([member(inputs) for member in self.members]).mean(dim=0)
