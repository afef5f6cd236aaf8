"""Reading both strands: a sequence and its reverse complement get the same logit."""

import torch
from torch import nn

from seqinterp.errors import InputError
from seqinterp.sequence.strand import reverse_complement_inputs
from seqinterp.shapes import Outputs, Sequences


class BothStrands(nn.Module):
    """A network asked about both strands; the logit is the mean or the larger of the two.

    The law f(inputs) == f(reverse complement of inputs) holds exactly, not only to rounding: both strands are
    read in a batch of the same size, and addition and maximum do not depend on the order of two terms.
    """

    def __init__(self, network: nn.Module, combine: str = "mean") -> None:
        super().__init__()
        if combine not in ("mean", "max"):
            raise InputError(f"two strands are combined by 'mean' or 'max', not by {combine!r}")
        self.network = network
        self.combine = combine

    def forward(self, inputs: Sequences) -> Outputs:
        """Logits (batch, 1)."""
        forward, reverse = self.network(inputs), self.network(reverse_complement_inputs(inputs))
        return (forward + reverse) / 2 if self.combine == "mean" else torch.maximum(forward, reverse)
