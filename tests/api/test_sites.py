"""Tables of sites."""

import numpy as np
import pandas as pd
import pytest

from naive import motif_questions as naive
from seqinterp.api.shared.sites import as_sites, motif_names
from seqinterp.errors import InputError

INPUTS = naive.stacked(naive.random_sequences(3, 20))
TABLE = pd.DataFrame(
    {"example": [0, 2], "start": [3, 0], "stop": [9, 20], "motif": ["a", "b"], "p_value": [0.1, 0.2]}, index=[7, 4]
)


def test_what_says_where_the_sites_are_is_kept():
    table, windows = as_sites(TABLE, INPUTS)
    assert list(table.columns) == ["example", "start", "stop", "motif"]
    assert list(table.index) == [7, 4]
    assert (windows.example.tolist(), windows.start.tolist(), windows.stop.tolist()) == ([0, 2], [3, 0], [9, 20])
    assert motif_names(table).tolist() == ["a", "b"]
    assert motif_names(table.drop(columns="motif")).tolist() == ["all sites"] * 2


@pytest.mark.parametrize("kind", ["int32", "uint8", object])
def test_whole_numbers_of_any_kind(kind):
    numbers = TABLE.assign(start=TABLE["start"].astype(kind))
    assert as_sites(numbers, INPUTS)[1].start.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.rename(columns={"stop": "end"}), "lacks the column stop; .* rename 'end'"),
        (TABLE.rename(columns={"example": "example_idx"}), "lacks the column example; .* rename 'example_idx'"),
        (TABLE.drop(columns="start"), "lacks the column start"),
        (TABLE.iloc[:0], "has no row"),
        (TABLE.assign(start=[3, 20]), r"row 1 of the table of sites: \[20, 20\) of example 2 is empty or leaves"),
        (TABLE.assign(example=[3, 0]), "row 0 .* of example 3 is empty or leaves the inputs, which are 3 sequence"),
        (TABLE.assign(start=[-1, 0]), "row 0"),
        (TABLE.assign(stop=[9, 21]), "row 1"),
        (TABLE.assign(start=[0.5, 0]), "row 0 of the table of sites: start must be a whole number, not 0.5"),
        (TABLE.assign(start=[0, np.nan]), "start must be a whole number"),
        (TABLE.assign(start=["3", "4"]), "start must be a whole number, not '3'"),
        (TABLE.assign(start=[True, False]), "start must be a whole number, not True"),
    ],
)
def test_refusals(table, message):
    with pytest.raises(InputError, match=message):
        as_sites(table, INPUTS)
