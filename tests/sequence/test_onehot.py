import time

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st

from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.sequence.alphabet import LETTERS
from seqinterp.sequence.onehot import _strings, decode, one_hot
from tests.naive import sequence as naive


@given(st.integers(1, 30).flatmap(lambda n: st.lists(st.text(LETTERS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_equals_the_oracle_and_comes_back(sequences):
    inputs = one_hot(sequences)
    assert inputs.dtype == torch.float32 and inputs.is_contiguous()
    np.testing.assert_allclose(inputs.numpy(), [naive.one_hot(s) for s in sequences], rtol=1e-6)
    assert decode(inputs) == sequences


def test_lower_case_counts_as_upper_case_and_one_string_is_a_batch_of_one():
    assert torch.equal(one_hot("acgtn"), one_hot(["ACGTN"]))
    assert one_hot("ACGTNR")[0].T.tolist() == [
        [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0.5, 0, 0.5, 0]
    ]  # fmt: skip


def test_decode_reads_a_quarter_of_each_base_as_n():
    assert decode(torch.full((1, 4, 2), 0.25)) == ["NN"]


@pytest.mark.parametrize("column", [[0.5, 0, 0, 0], [0.6, 0.4, 0, 0], [1, 1, 0, 0], [-1, 0, 0, 0]])
def test_decode_refuses_a_column_that_is_no_letter(column):
    inputs = one_hot(["ACGT", "ACGT"])
    inputs[1, :, 2] = torch.tensor(column)
    with pytest.raises(AlphabetError, match=r"example 1 is no IUPAC letter at position 3 \(counting from 1\)"):
        decode(inputs)


def test_wrong_shapes_and_names_are_refused():
    with pytest.raises(ShapeError, match=r"\(2, 3, 5\)"):
        decode(torch.zeros(2, 3, 5))
    with pytest.raises(InputError, match="1 names came for 2 sequences"):
        one_hot(["A", "C"], names=["x"])


def test_is_fast():
    rows = np.frombuffer(b"ACGT", dtype=np.uint8)[np.random.default_rng(0).integers(0, 4, (35_000, 101))]
    sequences = [row.tobytes().decode() for row in rows]
    times = []
    for _ in range(3):
        started = time.perf_counter()
        one_hot(sequences)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, iter], ids=lambda kind: kind.__name__)
def test_whatever_holds_strings_is_taken(kind):
    assert torch.equal(one_hot(kind(["ACGT", "TTNA"])), one_hot(["ACGT", "TTNA"]))


@pytest.mark.parametrize(
    ("values", "words"), [(["ACGT", 4], "number 2 is a int"), ([["ACGT"]], "number 1 is a list"), (7, "but a int came")]
)
def test_what_is_no_string_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        _strings(values)
