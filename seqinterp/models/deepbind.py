"""The released DeepBind models as a torch module (Alipanahi et al., Nature Biotechnology 33:831, 2015).

The arithmetic follows the reference program, deepbind 0.1 (A. Delong, BSD 3-clause).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqinterp.models.network import Network, require_at_least
from seqinterp.sequence.strand import reverse_complement_inputs
from seqinterp.shapes import Outputs, Sequences


@dataclass(frozen=True)
class DeepBindSettings:
    """The shape of a released model, and how it is applied to a sequence.

    Attributes:
        filters: number of detectors.
        width: length of a detector, and of the windows that are scored.
        hidden: units of the hidden layer, 0 for none.
        average_pool: the mean activation of each detector is used beside the largest.
        reverse_complement: the larger score of the two strands counts (models of DNA-binding proteins); False for
            models of RNA-binding proteins.
        scan: score each window of `width` bases on its own and give the largest score, as the program does. False
            applies the network once to the whole sequence, the way it was trained; scores differ.
        skip_last_window: the program, version 0.1, forgets the last window of each strand of a sequence longer
            than a window. The published scores carry this error, so it is repeated by default.
    """

    filters: int
    width: int
    hidden: int = 0
    average_pool: bool = False
    reverse_complement: bool = True
    scan: bool = True
    skip_last_window: bool = True

    def __post_init__(self) -> None:
        require_at_least(1, filters=self.filters, width=self.width)
        require_at_least(0, hidden=self.hidden)


class DeepBind(Network):
    """Detectors, ReLU, pooling, dense layers; unknown bases and the padding at both ends count as 1/4 of each base."""

    Settings = DeepBindSettings

    def __init__(self, settings: DeepBindSettings) -> None:
        super().__init__()
        self.settings = settings
        self.filters = nn.Conv1d(4, settings.filters, settings.width)
        self.rectify = nn.ReLU()
        self.largest = nn.AdaptiveMaxPool1d(1)
        self.mean = nn.AdaptiveAvgPool1d(1) if settings.average_pool else None
        pooled = settings.filters * (2 if settings.average_pool else 1)
        self.hidden = nn.Sequential(nn.Linear(pooled, settings.hidden), nn.ReLU()) if settings.hidden else nn.Identity()
        self.output = nn.Linear(settings.hidden or pooled, 1)

    def forward(self, inputs: Sequences) -> Outputs:
        """Scores (batch, 1): a logit for models trained on ChIP-seq, a binding signal for others."""
        # A column that sums to less than one (zeros for N) is filled up evenly; one-hot columns stay as they are.
        filled = inputs + (1 - inputs.sum(dim=1, keepdim=True)) / 4
        scores = self._scan(filled) if self.settings.scan else self._once(filled)
        if self.settings.reverse_complement:
            other = reverse_complement_inputs(filled)
            scores = torch.maximum(scores, self._scan(other) if self.settings.scan else self._once(other))
        return scores

    def _scan(self, inputs: Tensor) -> Tensor:
        """The largest score of any window (batch, 1); a sequence that fits into one window is scored whole."""
        width = self.settings.width
        if inputs.shape[2] <= width:
            return self._once(inputs)
        windows = inputs.unfold(2, width, 1)  # (batch, 4, window, width)
        if self.settings.skip_last_window:
            windows = windows[:, :, :-1]
        count = windows.shape[2]
        scores = self._once(windows.transpose(1, 2).reshape(-1, 4, width))
        return scores.reshape(-1, count).amax(dim=1, keepdim=True)

    def _once(self, inputs: Tensor) -> Tensor:
        """The network itself (batch, 1): detectors may hang over both ends by all but one base."""
        overhang = self.settings.width - 1
        activations = self.rectify(self.filters(nn.functional.pad(inputs, (overhang, overhang), value=0.25)))
        pooled = self.largest(activations)
        if self.mean is not None:
            pooled = torch.cat([pooled, self.mean(activations)], dim=2)  # largest and mean of a detector side by side
        scores: Tensor = self.output(self.hidden(pooled.flatten(1)))
        return scores
