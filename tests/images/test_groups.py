"""Patients are read off names, and chains of relations are followed."""

import numpy as np
import pytest
from hypothesis import given, strategies

from naive.images import chained
from seqinterp.errors import InputError
from seqinterp.images.groups import groups_of_names, kermany_patient, linked


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person123_bacteria_456.jpeg", "person123"),
        ("train/PNEUMONIA/person1000_virus_1681.jpeg", "person1000"),
        ("IM-0033-0001-0002.jpeg", "IM-0033"),
        ("NORMAL/IM-0009-0001.jpeg", "IM-0009"),
        ("NORMAL2-IM-0173-0001-0001.jpeg", "NORMAL2-IM-0173"),
    ],
)
def test_kermany_patients(name, patient):
    assert kermany_patient(name) == patient


def test_other_names_are_refused():
    with pytest.raises(InputError, match=r"cat\.png is not named like"):
        kermany_patient("cat.png")


def test_groups_by_pattern_and_by_function():
    names = ["a/p1_x.png", "a/p2_y.png", "b/p1_z.png"]
    assert groups_of_names(names, None) is None
    assert groups_of_names(names, r"(p\d)_") == ("p1", "p2", "p1")
    assert groups_of_names(names, lambda name: name[0]) == ("a", "a", "b")


@pytest.mark.parametrize(
    ("pattern", "message"), [("(p", "not a regular"), ("p1", "needs a parenthesis"), ("(q)", "does not fit a/p1")]
)
def test_patterns_that_do_not_fit(pattern, message):
    with pytest.raises(InputError, match=message):
        groups_of_names(["a/p1.png"], pattern)


@given(strategies.lists(strategies.tuples(strategies.integers(0, 11), strategies.integers(0, 11)), max_size=12))
def test_chains_are_followed(pairs):
    found = linked(12, np.array(pairs, dtype=np.int64).reshape(-1, 2)).tolist()
    expected = chained(12, pairs)
    assert [[a == b for b in found] for a in found] == [[a == b for b in expected] for a in expected]


def test_shared_keys_link_too():
    found = linked(5, np.array([[0, 1]]), ["a", "b", "b", "c", "d"], None, ["v", "w", "x", "y", "y"])
    assert found[0] == found[1] == found[2] != found[3] == found[4]
