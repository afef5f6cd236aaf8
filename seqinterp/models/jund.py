"""The classic JUND network (Ramsundar et al., Deep Learning for the Life Sciences, 2019, chapter 6)."""

from dataclasses import dataclass

from torch import Tensor, nn

from seqinterp.errors import ShapeError
from seqinterp.models.network import Network, require_at_least, require_dropout, require_started_from
from seqinterp.shapes import Outputs, Sequences


@dataclass(frozen=True)
class JundSettings:
    """Three layers of 15 filters of width 10 on sequences of one length."""

    length: int
    filters: int = 15
    width: int = 10
    layers: int = 3
    dropout: float = 0.5
    started_from: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        require_at_least(1, length=self.length, filters=self.filters, width=self.width, layers=self.layers)
        require_dropout(self.dropout)
        require_started_from(self.started_from, self.filters)


class Jund(Network):
    """Convolutions with 'same' padding, each with ReLU and dropout, then one dense logit over all positions."""

    Settings = JundSettings

    def __init__(self, settings: JundSettings) -> None:
        super().__init__()
        self.settings = settings
        # 'same' padding of an even width is one-sided by one base, as in TensorFlow: 4 left, 5 right of width 10.
        same = ((settings.width - 1) // 2, settings.width // 2)
        self.pad = nn.ZeroPad1d(same)
        self.filters = nn.Conv1d(4, settings.filters, settings.width)
        self.later = nn.Sequential(nn.ReLU(), nn.Dropout(settings.dropout))
        for _ in range(settings.layers - 1):
            self.later.extend([nn.ZeroPad1d(same), nn.Conv1d(settings.filters, settings.filters, settings.width)])
            self.later.extend([nn.ReLU(), nn.Dropout(settings.dropout)])
        self.flatten = nn.Flatten()
        self.output = nn.Linear(settings.filters * settings.length, 1)

    def forward(self, inputs: Sequences) -> Outputs:
        """Logits (batch, 1); ShapeError for sequences of another length than the network was built for."""
        if inputs.shape[2] != self.settings.length:
            raise ShapeError(
                f"this network reads sequences of {self.settings.length} bases, but these have {inputs.shape[2]}; cut "
                "or pad them to its length"
            )
        logits: Tensor = self.output(self.flatten(self.later(self.filters(self.pad(inputs)))))
        return logits
