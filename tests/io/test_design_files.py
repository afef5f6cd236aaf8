"""Designed sequences as files: what Biopython reads back."""

import pandas as pd
import pytest
from Bio import SeqIO

from seqinterp.errors import InputError
from seqinterp.io.design_files import Feature, Record, write_fasta, write_genbank, write_tsv
from seqinterp.io.fasta import read_fasta

RECORDS = [
    Record(
        "design_0",
        "ACGTN" * 20,
        "score=1.5 seed=0",
        ["score: 1.5", "model: 12ab"],
        [
            Feature("variation", 3, 4, "", {"note": "A of the start was replaced by T", "replace": "a"}),
            Feature("misc_feature", 0, 9, "-", {"note": "site of MA0491.1 (JUND), p-value 1e-05", "label": "JUND"}),
            Feature("misc_feature", 95, 100, "+", {"note": "the last bases"}),
        ],
    ),
    Record("design_1", "GGCC"),
]


def test_fasta(tmp_path):
    write_fasta(tmp_path / "d.fasta", RECORDS)
    names, sequences = read_fasta(tmp_path / "d.fasta")
    assert names == ["design_0", "design_1"]
    assert sequences == [record.sequence for record in RECORDS]
    lines = (tmp_path / "d.fasta").read_text().splitlines()
    assert lines[0] == ">design_0 score=1.5 seed=0"
    assert max(map(len, lines[1:])) == 60


def test_genbank(tmp_path):
    path = tmp_path / "d.gb"
    write_genbank(path, RECORDS)
    with path.open() as file:
        first, second = SeqIO.parse(file, "genbank")
    assert (first.name, str(first.seq), first.description) == ("design_0", "ACGTN" * 20, "score=1.5 seed=0")
    assert first.annotations["molecule_type"] == "DNA"
    assert first.annotations["comment"].splitlines() == ["score: 1.5", "model: 12ab"]
    found = [(f.type, int(f.location.start), int(f.location.end), f.location.strand) for f in first.features]
    assert found == [("variation", 3, 4, 1), ("misc_feature", 0, 9, -1), ("misc_feature", 95, 100, 1)]
    assert first.features[0].qualifiers == {"note": ["A of the start was replaced by T"], "replace": ["a"]}
    assert first.features[1].qualifiers["label"] == ["JUND"]
    assert (str(second.seq), second.features, "comment" in second.annotations) == ("GGCC", [], False)


def test_the_same_records_give_the_same_bytes_and_replace_what_was_there(tmp_path):
    for name in ("a.gb", "b.gb"):
        (tmp_path / name).write_text("older")
        write_genbank(tmp_path / name, RECORDS)
    assert (tmp_path / "a.gb").read_bytes() == (tmp_path / "b.gb").read_bytes()


def test_tables_keep_their_numbers(tmp_path):
    frame = pd.DataFrame({"name": ["a", "b"], "score": [1 / 3, float("nan")], "motifs": ["JUN x2, FOS", ""]})
    write_tsv(tmp_path / "d.tsv", frame)
    again = pd.read_csv(tmp_path / "d.tsv", sep="\t", keep_default_na=False, na_values={"score": [""]})
    pd.testing.assert_frame_equal(again, frame, rtol=1e-8)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Record("design_00000000001", "ACGT"), "1 to 16 letters and no space"),
        (Record("a b", "ACGT"), "no space"),
        (Record("", "ACGT"), "cannot be one"),
        (Record("a", "ACGT", features=[Feature("variation", 4, 5, "", {})]), r"\[4, 5\) of a is empty or leaves"),
        (Record("a", "ACGT", features=[Feature("variation", 2, 2, "", {})]), "is empty"),
    ],
)
def test_refusals(tmp_path, record, message):
    with pytest.raises(InputError, match=message):
        write_genbank(tmp_path / "d.gb", [record])
    assert not (tmp_path / "d.gb").exists()
