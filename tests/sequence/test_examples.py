import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from seqinterp.errors import AlphabetError, InputError
from seqinterp.sequence.examples import Examples, Locus, Site

SITE = Site("MA0491.3", 2, 6, "+", "site", (2, 3, 5))
DECOY = Site("TGAC", 0, 4, "-", "decoy", ())


def some(**changes):
    fields = {
        "sequences": ("ACGTAC", "acgtnn", "TTTTTT"),
        "labels": np.array([1.0, 0.0, 1.0]),
        "names": ("a", "b", "c"),
        "loci": (Locus("chr1", 10, 16), None, None),
        "sites": ((SITE, DECOY), (DECOY,), ()),
        "split": ("train", "test", "valid"),
    }
    return Examples(**{**fields, **changes})


def test_examples_hold_what_was_given():
    examples = some()
    assert len(examples) == 3
    assert examples.sequences[1] == "ACGTNN"
    assert examples.inputs.shape == (3, 4, 6) and examples.inputs is examples.inputs
    assert examples.inputs[1].sum() == 4


def test_truth_is_the_informative_positions_of_sites_and_not_of_decoys():
    truth = some().truth()
    assert truth.dtype == torch.bool
    assert truth.nonzero().tolist() == [[0, 2], [0, 3], [0, 5]]
    with pytest.raises(InputError, match="no planted sites"):
        some(sites=None).truth()


def test_take_keeps_every_field_in_step():
    taken = some().take([2, 0])
    assert taken.names == ("c", "a") and taken.sequences == ("TTTTTT", "ACGTAC")
    assert taken.labels.tolist() == [1, 1] and taken.loci == (None, Locus("chr1", 10, 16))
    assert taken.sites == ((), (SITE, DECOY)) and taken.split == ("valid", "train")
    assert some().take(np.array([False, True, False])).names == ("b",)
    with pytest.raises(InputError, match="at least one index"):
        some().take([])


def test_plain_lists_get_names():
    examples = Examples.of(["AC", "GT"], [0, 1])
    assert examples.names == ("sequence_1", "sequence_2") and examples.loci == (None, None)
    assert examples.sites is None and examples.split is None and examples.labels.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"names": ("a", "b")}, InputError, "one entry of names per sequence .* 2 came for 3"),
        ({"sequences": ("ACGTAC", "ACG", "TTTTTT")}, InputError, r"'a' \(number 1\) has 6 letters and sequence 'b'"),
        ({"sequences": ("ACGTAC", "ACGUAC", "TTTTTT")}, AlphabetError, r"'b' \(number 2\) has 'U' at position 4"),
        ({"labels": np.array([1.0, 2.0, 0.0])}, InputError, r"'b' \(number 2\) has 2.0"),
        ({"labels": np.array([1.0, np.nan, 0.0])}, InputError, "has nan"),
        ({"split": ("train", "train", "dev")}, InputError, "train, valid, test, but 'c' has 'dev'"),
        ({"loci": (Locus("chr1", 10, 17), None, None)}, InputError, "chr1:10-17 of 'a' spans 7 bases, .* has 6"),
        ({"sites": ((Site("X", 3, 7, "+", "site", ()),), (), ())}, InputError, "'a' reaches past its 6 bases"),
    ],
)
def test_fields_that_do_not_fit_are_named(changes, error, message):
    with pytest.raises(error, match=message):
        some(**changes)


@pytest.mark.parametrize(
    "locus", [Locus("chr22", 10, 111), Locus("chrUn_KI270302v1", 0, 1), Locus("2L", 5, 9, "-"), Locus("HLA-A*01", 1, 2)]
)
def test_a_locus_is_read_back(locus):
    assert Locus.parse(str(locus)) == locus
    assert str(Locus("chr22", 10, 111)) == "chr22:10-111" and len(Locus("chr22", 10, 111)) == 101


@pytest.mark.parametrize(
    "text", ["chr1", "chr1:10", "chr1:20-10", "chr1:10-10", "chr1:-5-10", "", "chr1:1e3-2e3", "a b:1-2"]
)
def test_what_is_no_locus_is_refused(text):
    with pytest.raises(InputError, match="locus"):
        Locus.parse(text)


@given(
    st.sampled_from(["MA0491.3", "FOS::JUN", "NFIC(var.2)", "a:1-2:+"]),
    st.integers(0, 50),
    st.integers(1, 20),
    st.sampled_from("+-"),
    st.sampled_from(["site", "decoy"]),
    st.data(),
)
def test_a_site_is_read_back(motif, start, width, strand, kind, data):
    informative = sorted(data.draw(st.sets(st.integers(start, start + width - 1))))
    site = Site(motif, start, start + width, strand, kind, tuple(informative))
    assert Site.parse(str(site)) == site


def test_a_site_is_written_short_where_it_can_be():
    assert str(Site("MA0491.3", 34, 43, "+", "site", tuple(range(34, 43)))) == "MA0491.3:34-43:+"
    assert str(Site("TGAC", 60, 64, "+", "decoy", ())) == "TGAC:60-64:+:decoy"
    assert str(Site("X", 34, 43, "-", "site", (35, 36, 41))) == "X:34-43:-:site:35-37,41-42"
    assert str(Site("X", 34, 43, "-", "site", ())) == "X:34-43:-:site:"
    assert Site.parse("MA0491.3:34-43:+").informative == tuple(range(34, 43))


@pytest.mark.parametrize(
    "text",
    ["X:34-43", "X:34-43:*", "X:43-34:+", "X:1-4:+:motif", ":1-4:+", "X:1-4:+:site:8-9", "X:1-4:+:site:2", "a b:1-2:+"],
)
def test_what_is_no_site_is_refused(text):
    with pytest.raises(InputError):
        Site.parse(text)
