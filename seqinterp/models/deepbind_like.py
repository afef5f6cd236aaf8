"""A network of DeepBind's shape, to be trained here (Alipanahi et al., Nature Biotechnology 33:831, 2015)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqinterp.models.network import Network, require_at_least, require_dropout, require_started_from
from seqinterp.shapes import Outputs, Sequences


@dataclass(frozen=True)
class DeepBindLikeSettings:
    """16 detectors of width 24, the largest (and on wish the mean) activation of each, a small hidden layer."""

    filters: int = 16
    width: int = 24
    average_pool: bool = False
    hidden: int = 32
    dropout: float = 0.5
    started_from: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        require_at_least(1, filters=self.filters, width=self.width)
        require_at_least(0, hidden=self.hidden)
        require_dropout(self.dropout)
        require_started_from(self.started_from, self.filters)


class DeepBindLike(Network):
    """Convolution that may hang over both ends, ReLU, pooling over all positions, dense layers; any length."""

    Settings = DeepBindLikeSettings

    def __init__(self, settings: DeepBindLikeSettings) -> None:
        super().__init__()
        self.settings = settings
        self.filters = nn.Conv1d(4, settings.filters, settings.width, padding=settings.width - 1)
        self.rectify = nn.ReLU()
        self.largest = nn.AdaptiveMaxPool1d(1)
        self.mean = nn.AdaptiveAvgPool1d(1) if settings.average_pool else None
        pooled = settings.filters * (2 if settings.average_pool else 1)
        self.hidden = nn.Sequential()
        if settings.hidden:
            self.hidden.extend([nn.Linear(pooled, settings.hidden), nn.ReLU()])
        self.hidden.append(nn.Dropout(settings.dropout))
        self.output = nn.Linear(settings.hidden or pooled, 1)

    def forward(self, inputs: Sequences) -> Outputs:
        """Logits (batch, 1)."""
        activations = self.rectify(self.filters(inputs))
        pooled = self.largest(activations)
        if self.mean is not None:
            pooled = torch.cat([pooled, self.mean(activations)], dim=1)
        logits: Tensor = self.output(self.hidden(pooled.flatten(1)))
        return logits
