"""Tables of sites: which stretches of the inputs are meant, and to which motif they belong."""

import numpy as np
import pandas as pd
import torch

from seqinterp.design.experiments.windows import Windows
from seqinterp.errors import InputError
from seqinterp.shapes import Sequences

NEEDED = ("example", "start", "stop")
KEPT = (*NEEDED, "motif", "strand")
_OTHER_NAMES = {
    "example": ("example_idx", "sequence", "peak_id"),
    "start": ("begin", "seqlet_start"),
    "stop": ("end", "seqlet_end"),
}


def as_sites(table: pd.DataFrame, inputs: Sequences) -> tuple[pd.DataFrame, Windows]:
    """The columns that say where the sites are, with their index, and the same as windows.

    Raises:
        InputError: there is no row, a column is missing, or a row leaves the inputs; the row is named.
    """
    for name in NEEDED:
        if name not in table.columns:
            other = next((alias for alias in _OTHER_NAMES[name] if alias in table.columns), None)
            hint = "" if other is None else f"; rename {other!r}: table.rename(columns={{{other!r}: {name!r}}})"
            raise InputError(
                f"the table of sites lacks the column {name}; it needs {', '.join(NEEDED)}, 0-based and half-open,"
                f" and may have motif{hint}"
            )
    if len(table) == 0:
        raise InputError("the table of sites has no row; give at least one site")
    numbers = {name: _whole_numbers(table, name) for name in NEEDED}
    example, start, stop = (numbers[name] for name in NEEDED)
    count, length = len(inputs), inputs.shape[2]
    wrong = (example < 0) | (example >= count) | (start < 0) | (start >= stop) | (stop > length)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"row {row} of the table of sites: [{start[row]}, {stop[row]}) of example {example[row]} is empty or leaves"
            f" the inputs, which are {count} sequence(s) of {length} bases; examples count from 0, start and stop are"
            " 0-based and half-open"
        )
    kept = table[[name for name in KEPT if name in table.columns]].assign(**numbers)
    return kept, Windows(*(torch.from_numpy(numbers[name]) for name in NEEDED))


def motif_names(table: pd.DataFrame) -> np.ndarray:
    """The motif of every site; "all sites" where the table does not say."""
    if "motif" not in table.columns:
        return np.full(len(table), "all sites", dtype=object)
    return table["motif"].astype(str).to_numpy(dtype=object)


def _whole_numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    """One column as int64; InputError naming the first row that is no whole number."""
    column = table[name]
    if pd.api.types.is_integer_dtype(column) and not column.isna().any():
        return column.to_numpy(dtype=np.int64).copy()
    for row, value in enumerate(column):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise InputError(f"row {row} of the table of sites: {name} must be a whole number, not {value!r}")
    return np.array([int(value) for value in column], dtype=np.int64)
