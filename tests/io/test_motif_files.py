import gzip

import numpy as np
import pytest
from Bio import motifs as bio_motifs
from memelite.io import read_meme as memelite_read

from seqinterp.errors import FileError, InputError
from seqinterp.io.motif_files import read_motifs, write_meme
from seqinterp.motifs.motif import Motif

ROWS = " 0.8 0.1 0.1 0.0\n 0.0 0.0 0.5 0.5\n"
HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.3 C 0.2 G 0.2 T 0.3\n\n"
MATRIX = "letter-probability matrix: alength= 4 w= 2 nsites= 10 E= 0\n"
EXPECTED = np.array([[8.0, 0], [1, 0], [1, 5], [0, 5]])


def written(folder, content, name="x.meme"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        HEAD + "MOTIF MA1.1 JUND\n" + MATRIX + ROWS,
        HEAD + "MOTIF MA1.1 JUND\n" + MATRIX + ROWS.rstrip("\n"),
        HEAD + "MOTIF  MA1.1\tJUND\n\n" + MATRIX + ROWS.replace(" ", "\t ") + "\nURL http://jaspar\n",
        HEAD + "MOTIF MA1.1 JUND\n" + MATRIX.replace("= ", "=") + ROWS,
        HEAD + "MOTIF MA1.1 JUND\n" + MATRIX.replace(" E= 0", "E= 0") + ROWS,
        HEAD + "MOTIF MA1.1 JUND\nletter-probability matrix: nsites= 10\n" + ROWS,
        HEAD.replace("A 0.3 C 0.2 G 0.2 T 0.3", "A 0.3 C 0.2\nG 0.2 T 0.3") + "MOTIF MA1.1 JUND\n" + MATRIX + ROWS,
        (HEAD + "MOTIF MA1.1 JUND\n" + MATRIX + ROWS).replace("\n", "\r\n"),
        gzip.compress((HEAD + "MOTIF MA1.1 JUND\n" + MATRIX + ROWS).encode(), mtime=0),
    ],
)
def test_meme_is_read_however_it_is_laid_out(tmp_path, content):
    (motif,) = read_motifs(written(tmp_path, content))
    assert (motif.name, motif.label) == ("MA1.1", "JUND")
    np.testing.assert_allclose(motif.pfm, EXPECTED)
    np.testing.assert_allclose(motif.background, (0.3, 0.2, 0.2, 0.3))


def test_meme_without_sites_or_background_and_with_motifs_close_together(tmp_path):
    content = (
        "MEME version 4\nMOTIF a\nletter-probability matrix: alength= 4 w= 2\n"
        + ROWS
        + "MOTIF b two words\n"
        + MATRIX
        + ROWS
    )
    first, second = read_motifs(written(tmp_path, content))
    np.testing.assert_allclose(first.pfm, EXPECTED * 2)  # 20 sites where nothing is said
    assert (second.name, second.label, second.background) == ("b", "two words", (0.25, 0.25, 0.25, 0.25))


def test_the_full_output_of_meme_is_read(tmp_path):
    content = HEAD + (
        "MOTIF TGACTCA MEME-1\twidth =   2  sites =  10  llr = 9  E-value = 1e-9\n"
        "Simplified        A  8:\nlog-odds matrix: alength= 4 w= 2 n= 10 bayes= 1 E= 1e-9\n 100 -5 -5 -9\n -9 -9 8 8\n"
        + MATRIX + ROWS
    )  # fmt: skip
    (motif,) = read_motifs(written(tmp_path, content))
    assert (motif.name, motif.label, motif.width) == ("TGACTCA", "MEME-1", 2)


JASPAR = ">MA1.1\tJUND\nA  [ 8  0 ]\nC  [ 1  0 ]\nG  [ 1  5 ]\nT  [ 0  5 ]\n"
TRANSFAC = (
    "AC MA1.1\nXX\nID JUND\nXX\nDE MA1.1 JUND ; From JASPAR\nPO\tA\tC\tG\tT\n01\t8.0\t1.0\t1.0\t0.0\n"
    "02\t0.0\t0.0\t5.0\t5.0\nXX\nCC x\nXX\n//\n"
)


@pytest.mark.parametrize(
    "content",
    [
        JASPAR,
        JASPAR + "\n" + JASPAR,
        ">MA1.1 JUND\n8 0\n1 0\n1 5\n0 5\n",
        TRANSFAC,
        TRANSFAC * 2,
        TRANSFAC.replace("PO", "P0"),
    ],
)
def test_jaspar_and_transfac_are_read(tmp_path, content):
    for motif in read_motifs(written(tmp_path, content)):
        assert (motif.name, motif.label) == ("MA1.1", "JUND")
        np.testing.assert_array_equal(motif.pfm, EXPECTED)


def test_counts_that_are_not_whole_stay_as_they_are(tmp_path):
    (motif,) = read_motifs(written(tmp_path, TRANSFAC.replace("8.0", "8.125")))
    assert motif.pfm[0, 0] == 8.125


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("chr1\t10\t20\n", "x.meme, line 1: no motif file"),
        ("", "x.meme is empty"),
        (HEAD, "x.meme holds no motif"),
        (HEAD + "MOTIF\n" + MATRIX + ROWS, "line 10: a MOTIF line without a name"),
        (HEAD + MATRIX + ROWS, "line 10: a matrix before the first MOTIF"),
        (
            HEAD + "MOTIF a\n" + MATRIX.replace("w= 2", "w= 3") + ROWS,
            "line 11: the matrix says w= 3, but 2 rows follow",
        ),
        (HEAD + "MOTIF a\n" + MATRIX + " 0.8 0.1 0.1 0.0\n 0.8 0.1 0.1\n", "line 13: four probabilities that sum to 1"),
        (HEAD + "MOTIF a\n" + MATRIX + " 0.8 0.1 0.1 0.0\n 8 1 1 0\n", "line 13: .* sum to 1"),
        (HEAD + "MOTIF a\n" + MATRIX + " 0.8 x 0.1 0.0\n", "line 12: four probabilities"),
        (HEAD + "MOTIF a\n" + MATRIX + " nan 0.5 0.5 0.0\n", "line 12: four probabilities"),
        (HEAD + "MOTIF a\n" + MATRIX.replace("4", "20") + ROWS, "line 11: a DNA matrix has alength= 4, but it is 20"),
        (HEAD.replace("ACGT", "ACGU") + "MOTIF a\n" + MATRIX + ROWS, "line 3: the alphabet ACGT is wanted"),
        (HEAD.replace("A 0.3 C", "A x C") + "MOTIF a\n" + MATRIX + ROWS, "line 8: four background frequencies"),
        (JASPAR + ">b\nA [ 1 ]\nC [ 1 ]\nG [ 1 ]\n", "line 6: a JASPAR record needs"),
        (JASPAR + ">b\nA [ 1 2 ]\nC [ 1 ]\nG [ 1 ]\nT [ 1 ]\n", "line 6: "),
        (JASPAR + ">b\nA [ 1 x ]\nC [ 1 1 ]\nG [ 1 1 ]\nT [ 1 1 ]\n", "line 6: a JASPAR record that cannot be read"),
        (
            TRANSFAC + "\n" + TRANSFAC.replace("02\t", "03\t"),
            "line 14: a TRANSFAC record that cannot be read .*row number",
        ),
        (TRANSFAC.replace("\t5.0\t5.0", "\t5.0"), "line 1: a TRANSFAC record that cannot be read"),
        (TRANSFAC.replace("AC MA1.1\n", "").replace("ID JUND\n", ""), "line 1: .* has no name"),
        (TRANSFAC.replace("8.0", "-8.0"), "line 1: the counts of motif MA1.1 must be"),
    ],
)
def test_the_bad_line_is_named(tmp_path, content, message):
    with pytest.raises(FileError, match=message):
        read_motifs(written(tmp_path, content))


def random_motifs(count=6):
    rng = np.random.default_rng(0)
    widths = [1, 2, 8, 20, 5, 11][:count]
    tables = [rng.integers(0, 50, (4, width)) + np.eye(4, width) * 3 + 1 for width in widths]
    # Columns scaled to one sum, as counts of one set of sites have.
    return [
        Motif(f"MA{i}.1", table / table.sum(0) * 100 * (i + 1), (0.3, 0.2, 0.2, 0.3), label=f"TF{i}::X")
        for i, table in enumerate(tables)
    ]


def test_what_is_written_is_read_back_by_us_by_memelite_and_by_biopython(tmp_path):
    motifs, path = random_motifs(), tmp_path / "out.meme"
    write_meme(path, motifs)
    ours, theirs = read_motifs(path), memelite_read(str(path))
    with path.open() as handle:
        biopython = bio_motifs.parse(handle, "minimal")
    assert len(ours) == len(theirs) == len(biopython) == len(motifs)
    for motif, our, (key, their), bio in zip(motifs, ours, theirs.items(), biopython, strict=True):
        assert (our.name, our.label) == (motif.name, motif.label) and key == f"{motif.name} {motif.label}"
        assert bio.name == motif.name
        np.testing.assert_allclose(our.background, motif.background)
        np.testing.assert_allclose(list(bio.background.values()), motif.background)
        np.testing.assert_allclose(our.frequencies, motif.frequencies, atol=1e-7)
        np.testing.assert_allclose(our.pfm, motif.pfm, atol=1e-7 * motif.nsites)
        np.testing.assert_allclose(their, motif.frequencies, atol=1e-6)
        rounded = [bio.counts[base] for base in "ACGT"]  # Biopython keeps whole counts only
        np.testing.assert_allclose(rounded, motif.pfm, atol=0.501)


def test_the_layout_suits_old_readers(tmp_path):
    write_meme(tmp_path / "out.meme", random_motifs(2))
    text = (tmp_path / "out.meme").read_text()
    headers = [line for line in text.splitlines() if line.startswith("letter")]
    assert [line.split()[5] for line in headers] == ["1", "2"]  # where they look for the width
    assert text.endswith("\n\n")  # they drop a motif that ends with the file
    assert "\n\nMOTIF MA1.1 TF1::X\n" in text


def test_a_motif_that_nothing_activates_can_be_written(tmp_path):
    write_meme(tmp_path / "out.meme", [Motif("dead", np.zeros((4, 3)))])
    (motif,) = read_motifs(tmp_path / "out.meme")
    np.testing.assert_allclose(motif.frequencies, 0.25)


@pytest.mark.parametrize(
    ("motifs", "message"),
    [
        ([], "at least one motif"),
        ([Motif("a b", EXPECTED)], "no spaces and are used once, but 'a b'"),
        ([Motif("a", EXPECTED), Motif("a", EXPECTED)], "no spaces and are used once, but 'a'"),
        ([Motif("a", EXPECTED), Motif("b", EXPECTED, (0.3, 0.2, 0.2, 0.3))], "a and b have two"),
        ([Motif("a", EXPECTED, label="x\ny")], "one line"),
    ],
)
def test_what_meme_cannot_hold_is_refused(tmp_path, motifs, message):
    with pytest.raises(InputError, match=message):
        write_meme(tmp_path / "out.meme", motifs)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_only_by_force(tmp_path):
    write_meme(tmp_path / "out.meme", random_motifs(1))
    with pytest.raises(FileError, match="exists and is not replaced"):
        write_meme(tmp_path / "out.meme", random_motifs(2))
    write_meme(tmp_path / "out.meme", random_motifs(2), force=True)
    assert len(read_motifs(tmp_path / "out.meme")) == 2


@pytest.mark.real_data
def test_one_release_in_two_formats_holds_the_same(shared_data):
    meme = read_motifs(shared_data("jaspar/JASPAR_CORE_2016_vertebrates.meme"))
    jaspar = {motif.name: motif for motif in read_motifs(shared_data("jaspar/pfm_vertebrates.txt"))}
    assert len(meme) == len(jaspar) == 519
    for motif in meme:
        other = jaspar[motif.name]
        assert motif.label == other.label
        np.testing.assert_allclose(motif.frequencies, other.frequencies, atol=2e-6)


@pytest.mark.real_data
def test_the_release_of_2024_is_read_and_written(shared_data, tmp_path):
    motifs = read_motifs(shared_data("jaspar/JASPAR2024_CORE_vertebrates_non-redundant_pfms_transfac.txt"))
    assert len(motifs) == 879 == len({motif.name for motif in motifs})
    by_name = {motif.name: motif for motif in motifs}
    assert (by_name["MA0491.3"].label, by_name["MA0491.3"].consensus) == ("JUND", "ATGACTCAT")
    assert by_name["MA0004.1"].pfm[:, 0].tolist() == [4, 16, 0, 0]
    # The old release has some of the same matrices, version for version.
    old = {motif.name: motif for motif in read_motifs(shared_data("jaspar/pfm_vertebrates.txt"))}
    both = sorted(set(old) & set(by_name))
    assert len(both) > 50
    for name in both:
        np.testing.assert_array_equal(by_name[name].pfm, old[name].pfm)
    write_meme(tmp_path / "all.meme", motifs)
    for motif, again in zip(motifs, read_motifs(tmp_path / "all.meme"), strict=True):
        np.testing.assert_allclose(again.frequencies, motif.frequencies, rtol=0, atol=1e-7)
        np.testing.assert_allclose(again.pfm.sum(0), motif.nsites, rtol=1e-6, atol=0.5)
