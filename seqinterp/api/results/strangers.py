"""The result of `out_of_distribution`."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqinterp.uncertainty.shift import Shift


@dataclass(frozen=True, eq=False)
class Strangers:
    """table: one row per input: latent_distance, latent_p_value, on DNA log_likelihood (bits per base) and
    sequence_p_value, and p_value of both questions together. level: below which an input is flagged. shift: whether all
    inputs together come from the reference's distribution, by what the last layer reads; None for a single input.
    """

    table: pd.DataFrame
    level: float
    shift: Shift | None

    @property
    def flagged(self) -> np.ndarray:
        """Which inputs are unlike the reference, `(batch,)`."""
        return np.asarray(self.table["p_value"] <= self.level)

    def to_frame(self) -> pd.DataFrame:
        """The table, with the flag."""
        return self.table.assign(flagged=self.flagged)
