"""What a person says of constraints, and what becomes of it."""

import tomllib

import numpy as np
import pytest

import seqinterp as si
from naive import constraints as naive, hits as naive_hits
from seqinterp.api.design_parts.restriction_sites import enzyme_sites, word_and_label
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import scan_sequences
from seqinterp.sequence.alphabet import letter_codes
from seqinterp.sequence.onehot import one_hot

COUNTS = np.array([[2, 0, 18, 1, 1, 20, 0], [3, 1, 1, 18, 1, 0, 19], [1, 19, 1, 0, 17, 0, 1], [14, 0, 0, 1, 1, 0, 0]])
MOTIF = Motif("TGACGAC", COUNTS.astype(float))


def coded(*texts):
    return np.stack([letter_codes(text, "it") for text in texts])


def keeps(design, start=None, **fields):
    rules = si.Constraints(**fields).rules(len(design))
    return bool(rules.keep(coded(design), coded(start or design))[0])


def test_every_field_becomes_a_rule():
    constraints = si.Constraints(
        protect=[(40, 60)], edits=5, gc=(0.4, 0.6), gc_window=50, homopolymer=5, forbid=["EcoRI", "TGACTCA"],
        require=["CACGTG"], keep_protein=[(0, 90), (3, 9, "-")], no_new_hits=[MOTIF], apart=10,
        also=lambda texts: [True] * len(texts),
    )  # fmt: skip
    names = [each.name for each in constraints.rules(101).constraints]
    assert names == [
        "bases 40 to 60 protected",
        "at most 5 edits",
        "protein of bases 0 to 90 kept",
        "protein of bases 3 to 9 on the other strand kept",
        "edits at least 10 bases apart",
        "runs of one base of at most 5",
        "GC between 0.4 and 0.6 in every window of 50 bases",
        "no EcoRI site (GAATTC)",
        "no TGACTCA",
        "CACGTG present",
        "no new hit of TGACGAC at p < 0.0001",
        "<lambda>",
    ]
    assert si.Constraints().rules(10).constraints == ()


def test_a_mapping_from_a_file_is_taken():
    text = """
    protect = [[4, 6]]
    edits = 5
    gc = [0, 0.6]
    forbid = ["EcoRI"]
    require = {CACGTG = 2}
    keep_protein = [[0, 3], [3, 9, "-"]]
    """
    constraints = si.Constraints(**tomllib.loads(text))
    assert constraints == si.Constraints(
        protect=[(4, 6)], edits=5, gc=(0.0, 0.6), forbid="EcoRI", require={"CACGTG": 2},
        keep_protein=[(0, 3, "+"), (3, 9, "-")],
    )  # fmt: skip
    assert "CACGTG present 2 times" in [each.name for each in constraints.rules(20).constraints]


def test_only_hand_made_entries_are_kept_as_they_are():
    constraints = si.Constraints(forbid=["ecori", "gaattc", "BsaI"], require="tgac")
    names = [each.name for each in constraints.rules(20).constraints]
    assert names == ["no EcoRI site (GAATTC)", "no BsaI site (GGTCTC)", "TGAC present"]


@pytest.mark.parametrize(
    ("enzyme", "design", "kept"),
    [
        ("EcoRI", "ACGAATTCAC", False),
        ("EcoRI", "ACGAATACAC", True),
        ("BsaI", "ACGGTCTCAC", False),
        ("BsaI", "ACGAGACCAC", False),  # on the other strand
        ("BsaI", "ACGAGACGAC", True),
        ("BstXI", "ACCAGTACGTTGGA", False),
        ("BstXI", "ACCAGTACGTTGCA", True),
        ("BstXI", "ACCAGTANGTTGGA", False),  # N is matched by N
        ("HincII", "AAGTTGACAA", False),
        ("HincII", "AAGTNGACAA", True),
    ],
)
def test_sites_of_enzymes(enzyme, design, kept):
    assert keeps(design, forbid=[enzyme]) is kept
    assert keeps(design, require=[enzyme]) is not kept


def test_sites_are_those_of_biopython():
    from Bio import Restriction

    for name in ("EcoRI", "BsaI", "BstXI", "NotI", "SapI"):
        assert word_and_label(name, "forbid") == (getattr(Restriction, name).site, name)


def test_no_name_of_an_enzyme_hides_a_word():
    """A name wins over a word; so far no enzyme has a name that is one."""
    assert not [name for name in enzyme_sites() if set(name) <= set(naive.LETTERS)]
    assert word_and_label("draw", "forbid") == ("DRAW", "")


def test_new_hits_are_those_of_a_scan():
    generator = np.random.default_rng(0)
    start = "".join(generator.choice(list("ACGT"), size=200))
    start = start[:50] + "TGACGAC" + start[57:]
    rules = si.Constraints(no_new_hits=MOTIF, no_new_hits_p=1e-3).rules(200)
    designs = []
    for place in range(0, 190, 6):
        word = ["TGACGAC", "GTCGTCA", "TGACGTC", "AGACGAC"][place % 4]
        designs.append(start[:place] + word + start[place + 7 :])

    def scanned(text):
        found = scan_sequences(one_hot(text).numpy(), [MOTIF], threshold=1e-3)
        return set(zip(found["start"], found["strand"], strict=True))

    kept = rules.keep(coded(*designs), coded(*[start] * len(designs)))
    assert kept.tolist() == [scanned(design) <= scanned(start) for design in designs]
    assert 0 < kept.sum() < len(kept)
    rows, _ = naive_hits.fimo([start], [MOTIF], 1e-3)
    assert {(row[1], row[3]) for row in rows} == scanned(start)


def test_callables_are_asked_and_named():
    def no_gata(texts):
        return ["GATA" not in text for text in texts]

    rules = si.Constraints(also=[no_gata]).rules(8)
    assert rules.keep(coded("ACGATACC", "ACGTTACC"), coded("ACGTTACC", "ACGTTACC")).tolist() == [False, True]
    assert rules.report(*coded("ACGATACC", "ACGTTACC")) == [
        {"constraint": "no_gata", "kept": False, "said": "it says no"}
    ]


def test_other_genetic_codes():
    assert keeps("ATGTGG", start="ATGTGA", keep_protein=[(0, 6)], code=2)  # W and W in mitochondria
    assert not keeps("ATGTGG", start="ATGTGA", keep_protein=[(0, 6)])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"protect": [(5, 5)]}, "protect: the span 5 to 5 is empty"),
        ({"protect": (40, 60)}, r"protect takes spans \(start, stop\) in a list"),
        ({"protect": [(-1, 5)]}, "protect: start and stop must be a whole number of 0 or more, not -1"),
        ({"protect": 5}, "protect takes a list, not 5"),
        ({"edits": -1}, "edits must be a whole number of 0 or more, not -1"),
        ({"edits": True}, "edits must be a whole number"),
        ({"edits": 2.5}, "edits must be a whole number"),
        ({"gc": (0.6, 0.4)}, "gc takes the lowest and the highest share"),
        ({"gc": (40, 60)}, "two numbers from 0 to 1 in order"),
        ({"gc": 0.5}, "gc takes the lowest and the highest share"),
        ({"gc": (float("nan"), 0.5)}, "gc takes the lowest and the highest share"),
        ({"gc_window": 50}, "gc_window is given without gc"),
        ({"gc": (0, 1), "gc_window": 0}, "gc_window must be a whole number of 1 or more"),
        ({"homopolymer": 0}, "homopolymer must be a whole number of 1 or more"),
        ({"forbid": ["EcoR1"]}, "forbid: 'EcoR1' is neither a word .* enzymes with such a name are EcoRV, EcoRI"),
        ({"forbid": ["NNN"]}, "'NNN' stands for any sequence"),
        ({"forbid": [7]}, "an entry is a word of IUPAC letters or the name of an enzyme, not 7"),
        ({"forbid": {"EcoRI": 1}}, "forbid takes a list"),
        ({"require": ["HELLO"]}, "require: 'HELLO' is neither a word"),
        ({"require": {"CACGTG": 0}}, "require: the count of CACGTG must be a whole number of 1 or more"),
        ({"keep_protein": [(0, 10)]}, "the span 0 to 10 has 10 bases, which is not a multiple of 3"),
        ({"keep_protein": [(0, 9, "x")]}, "the strand of a span is '\\+' or '-', not 'x'"),
        ({"keep_protein": ["abc"]}, "keep_protein takes spans"),
        ({"code": 7}, "there is no genetic code 7"),
        ({"no_new_hits": ["motifs.meme"]}, "no_new_hits takes Motif objects, as seqinterp.read_motifs gives them"),
        ({"no_new_hits_p": 0}, "no_new_hits_p is a p-value"),
        ({"apart": 0}, "apart must be a whole number of 1 or more"),
        ({"also": ["x"]}, "also takes callables"),
    ],
)
def test_refusals(fields, message):
    with pytest.raises(InputError, match=message):
        si.Constraints(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"protect": [(5, 11)]}, "protect: the span 5 to 11 leaves the sequences, which have 10 bases"),
        ({"keep_protein": [(3, 12)]}, "keep_protein: the span 3 to 12 leaves the sequences"),
        ({"gc": (0, 1), "gc_window": 11}, "gc_window is 11, but the sequences have 10 bases"),
        ({"forbid": ["BstXI"]}, "forbid: BstXI has 12 bases, but the sequences have 10"),
        ({"require": ["ACGTACGTACG"]}, "require: ACGTACGTACG has 11 bases"),
        ({"no_new_hits": MOTIF, "no_new_hits_p": 1e-6}, "the best match of motif TGACGAC has a p-value of"),
        ({"no_new_hits": Motif("wide", np.ones((4, 11)))}, "motif wide is 11 wide"),
    ],
)
def test_refusals_by_length(fields, message):
    with pytest.raises(InputError, match=message):
        si.Constraints(**fields).rules(10)
