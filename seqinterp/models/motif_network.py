"""The default network: one bank of wide motif detectors, pooled over all positions of both strands.

Chosen by grouped cross-validation on JUND ChIP-seq windows. Standardising the pooled features was tried and left out:
on JUND it made no difference beyond noise, on simulated sites it was worse, and filters whose scale does not matter
stay diffuse as motifs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqinterp.models.network import Network, require_at_least, require_dropout, require_started_from
from seqinterp.sequence.strand import reverse_complement_inputs
from seqinterp.shapes import Outputs, Sequences


@dataclass(frozen=True)
class MotifNetworkSettings:
    """One bank of filters on both strands; the largest and the mean activation of each filter decide."""

    filters: int = 32
    width: int = 19
    dropout: float = 0.3
    started_from: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        require_at_least(1, filters=self.filters, width=self.width)
        require_dropout(self.dropout)
        require_started_from(self.started_from, self.filters)


class MotifNetwork(Network):
    """Convolution, ReLU, pooling over positions and strands, one dense logit; reads sequences of any length.

    Strands meet where filters are pooled: a site counts wherever and however it lies, and f(inputs) equals
    f(reverse complement of inputs) bit for bit. One filter stands for a motif and its reverse complement.
    """

    Settings = MotifNetworkSettings

    def __init__(self, settings: MotifNetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.filters = nn.Conv1d(4, settings.filters, settings.width, padding=settings.width // 2)
        self.rectify = nn.ReLU()
        self.largest = nn.AdaptiveMaxPool1d(1)
        self.mean = nn.AdaptiveAvgPool1d(1)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(2 * settings.filters, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, inputs: Sequences) -> Outputs:
        """Logits (batch, 1)."""
        forward = self.rectify(self.filters(inputs))
        reverse = self.rectify(self.filters(reverse_complement_inputs(inputs)))
        largest = torch.maximum(self.largest(forward), self.largest(reverse))
        mean = (self.mean(forward) + self.mean(reverse)) / 2
        pooled = torch.cat([largest, mean], dim=1).flatten(1)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits
