"""Names by Tomtom, and an honest "no match"."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.compare import best_matches, similarity
from seqinterp.motifs.motif import Match, Motif

DATABASE = read_motifs(bundled("jaspar_subset.meme"))
BY_NAME = {motif.name: motif for motif in DATABASE}
FACTORS = [name for name in BY_NAME if BY_NAME[name].label in ("JUND", "CTCF", "REST", "GABPA", "SRF", "TEAD1", "NFYA")]
AP1 = [name for name, motif in BY_NAME.items() if re.search("TGA[CGSN]TCA", motif.consensus)]
GENERATOR = np.random.default_rng(0)


def flanked(motif: Motif, left: int, right: int) -> Motif:
    """The motif in a wider frame of columns that say nothing."""
    flat = motif.nsites / 4
    return Motif("query", np.pad(motif.pfm, ((0, 0), (left, right)), constant_values=flat))


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_matrix_finds_itself_and_where_it_lies(name, reverse):
    query = flanked(BY_NAME[name], 4, 2)
    (match,) = best_matches([query.reverse_complement() if reverse else query], DATABASE)
    assert match.name == name
    assert match.q_value < 1e-4
    assert match.reverse == reverse
    assert match.offset == (2 if reverse else 4)
    assert match.label == BY_NAME[name].label


@pytest.mark.parametrize(
    "pfm",
    [
        np.full((4, 12), 25.0),
        GENERATOR.multinomial(200, [0.25] * 4, size=12).T.astype(float),
        np.tile([[70.0], [10], [10], [10]], (1, 6)),
    ],
    ids=["flat", "noise", "weak"],
)
def test_motifs_that_say_little_have_no_name(pfm):
    assert best_matches([Motif("query", pfm)], DATABASE, threshold=1.0) == [None]


def test_a_strange_motif_has_no_match():
    strange = Motif("query", np.eye(4)[[0, 3, 0, 3, 0, 3, 2, 2, 0, 3]].T * 100)
    assert best_matches([strange], DATABASE, threshold=1e-3) == [None]


def test_a_diffuse_motif_does_not_match_the_empty_middle_of_a_long_one():
    core = BY_NAME["MA0139.2"]
    hollow = np.concatenate([core.frequencies, np.full((4, 16), 0.25), core.frequencies[:, :4]], axis=1)
    long = Motif("long", hollow * 1000, label="long")
    found = Match("long", "long", 1e-9, 1e-9, offset=-core.width, reverse=False)
    diffuse = Motif("query", GENERATOR.dirichlet(np.ones(4), size=16).T * 50)
    assert similarity(diffuse, long, found) < 0.1
    assert similarity(core, long, replace(found, offset=0)) == pytest.approx(1, abs=1e-3)
    assert similarity(core.reverse_complement(), long, replace(found, offset=-20, reverse=True)) == pytest.approx(
        1, abs=1e-3
    )


def test_q_values_are_over_the_database():
    query = flanked(BY_NAME["MA0139.2"], 1, 1)
    few, many = (best_matches([query], base)[0] for base in (DATABASE[:40], DATABASE))
    assert few is None or few.q_value <= 0.05
    assert many.q_value >= many.p_value


def test_an_empty_database_is_refused():
    with pytest.raises(InputError, match="database is empty"):
        best_matches([BY_NAME["MA0139.2"]], [])


def test_members_of_a_family_are_named_too():
    blurred = Motif("query", BY_NAME["MA0491.3"].frequencies * 70 + 7.5)
    (match,) = best_matches([blurred], DATABASE)
    names = {match.label.upper(), *(label.upper() for label in match.also)}
    assert 2 <= len(names) <= 6
    assert "JUND" in names
    assert names <= {BY_NAME[name].label.upper() for name in AP1}
    assert len(names) == 1 + len(match.also)


def test_the_number_of_threads_is_left_alone():
    before = torch.get_num_threads()
    best_matches([BY_NAME["MA0491.3"]], DATABASE)
    assert torch.get_num_threads() == before == 1
