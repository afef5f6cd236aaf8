"""The result of `attribution_uncertainty`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from seqinterp.api.results.repeated import differs_from_zero, reach, same_sign
from seqinterp.api.results.tables import long_frame, same_shape
from seqinterp.errors import InputError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.shapes import Attributions, Inputs, PlaceMap, PlaceMask

CALLED = 0.05  # false discovery rate


@dataclass(frozen=True, eq=False)
class AttributionUncertainty:
    """What explanations of the same inputs have in common, over models, masks, seeds or references.

    inputs, mean, deviation, low, high: `(batch, *features)`. low and high hold what one more repeat would say with 95 %
        confidence (Student's t, Gaussian repeats); deviation is the standard deviation (n - 1).
    contributions, sign_agreement, q_value: `(batch, *places)`: the mean summed over bases or channels, the share of
        repeats with its sign, and the false discovery rate of calling it other than 0 (t-test over repeats, Benjamini
        and Hochberg over all places of all examples).
    calls: seqlets of the mean with the share of repeats that call them (`support`); None for inputs that are not DNA.
    repeats: how many. facts: method, what varied, models, seed, versions.
    """

    inputs: Inputs
    mean: Attributions
    deviation: Attributions
    low: Attributions
    high: Attributions
    contributions: PlaceMap
    sign_agreement: PlaceMap
    q_value: PlaceMap
    calls: pd.DataFrame | None
    repeats: int
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("mean", "deviation", "low", "high"):
            same_shape(name, getattr(self, name), self.inputs.shape)

    @classmethod
    def of(
        cls, inputs: Inputs, repeats: Tensor, calls: pd.DataFrame | None, facts: Mapping[str, Any]
    ) -> "AttributionUncertainty":
        """From attributions `(repeat, batch, *features)`."""
        maps = repeats.detach().cpu().double()
        count = len(maps)
        mean, deviation = maps.mean(dim=0), maps.std(dim=0)
        half = reach(deviation, count)
        places = maps.sum(dim=2) if maps.ndim > 3 else maps
        return cls(
            inputs.double(),
            mean,
            deviation,
            mean - half,
            mean + half,
            places.mean(dim=0),
            same_sign(places),
            differs_from_zero(places),
            calls,
            count,
            facts,
        )

    def called(self, *, level: float = CALLED) -> PlaceMask:
        """Places whose contribution is other than 0 at this false discovery rate, `(batch, *places)`."""
        return self.q_value <= level

    def to_frame(self) -> pd.DataFrame:
        """One row per feature: where it is, mean, deviation, low, high."""
        frame = long_frame(self.mean, "mean")
        for name in ("deviation", "low", "high"):
            frame[name] = getattr(self, name).flatten().numpy()
        return frame

    def plot(self, example: int = 0) -> Figure:
        """The logo of the mean, with the band of what one more repeat would say.

        Raises:
            InputError: the inputs are not DNA.
        """
        from seqinterp.plot.attribution_band import band_figure  # matplotlib's figures cost half a second to import

        if self.inputs.ndim != 3 or self.inputs.shape[1] != 4:
            raise InputError("a logo is drawn of DNA; for images draw the mean and the deviation")
        low, high = self.low[example].sum(dim=0), self.high[example].sum(dim=0)
        called = self.called()[example].numpy()
        return band_figure(self.mean[example].numpy(), low.numpy(), high.numpy(), called)

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        calls = None if self.calls is None else self.calls.to_dict("list")
        save_arrays(path, "attribution uncertainty", arrays, {**_told(self), "calls": calls})

    @classmethod
    def load(cls, path: Path | str) -> "AttributionUncertainty":
        """Read what `save` wrote."""
        arrays, facts = load_arrays(path, "attribution uncertainty", needed=_ARRAYS)
        calls = None if facts["calls"] is None else pd.DataFrame(facts["calls"])
        told: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        return cls(**told, calls=calls, repeats=facts["repeats"], facts=facts["facts"])


_ARRAYS = ("inputs", "mean", "deviation", "low", "high", "contributions", "sign_agreement", "q_value")


def _told(found: AttributionUncertainty) -> dict[str, Any]:
    return {"repeats": found.repeats, "facts": dict(found.facts)}
