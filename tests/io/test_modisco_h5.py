import gc
import re
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

from seqinterp.errors import FileError, InputError
from seqinterp.io.modisco_h5 import read_modisco, write_modisco
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks

POSITIVE, NEGATIVE = "pos_patterns.pattern_", "neg_patterns.pattern_"
PLACE = ["example", "start", "stop", "strand", "motif", "sign"]
BASIC = {POSITIVE + "0": (8, 5), POSITIVE + "1": (6, 4), NEGATIVE + "0": (7, 3)}  # name: width, seqlets


def tracks_of(examples=20, length=60, hypothetical=True, seed=0):
    draw = np.random.default_rng(seed)
    inputs = np.eye(4, dtype=np.float32)[draw.integers(0, 4, (examples, length))].transpose(0, 2, 1).copy()
    inputs[0, :, 30] = 0  # an N
    scores = draw.normal(size=inputs.shape).astype(np.float32)
    return Tracks(inputs, inputs * scores, scores if hypothetical else None)


def cut(maps, row):
    """One seqlet (width, 4) in the way of its motif, by the definition."""
    found = maps[row.example][:, row.start : row.stop]
    return (found[::-1, ::-1] if row.strand == "-" else found).T


def cuts(maps, rows):
    """The seqlets of a table, (seqlet, width, 4)."""
    return np.array([cut(maps, row) for row in rows.itertuples()], np.float64)


def discovered(tracks, sizes, low=0, high=None, seed=1):
    """Motifs that are the means of seqlets drawn anywhere in [low, high)."""
    draw, high, motifs, tables = np.random.default_rng(seed), high or tracks.length, [], []
    for name, (width, count) in sizes.items():
        start = draw.integers(low, high - width + 1, count)
        rows = pd.DataFrame({"example": draw.integers(0, len(tracks), count), "start": start, "stop": start + width})
        rows = rows.assign(strand=draw.choice(["+", "-"], count), motif=name, sign=-1 if name.startswith("neg") else 1)
        given = cuts(tracks.contributions, rows)
        tables.append(rows.assign(attribution=given.sum((1, 2)), p_value=0.01, q_value=0.02))
        hypothetical = None if tracks.hypothetical is None else cuts(tracks.hypothetical, rows).mean(0).T
        matrices = {"cwm": given.mean(0).T, "hypothetical_cwm": hypothetical}
        pfm = cuts(tracks.inputs, rows).sum(0).T
        motifs.append(Motif(name, pfm, hits=count, sign=int(rows["sign"].iloc[0]), **matrices))
    return motifs, pd.concat(tables, ignore_index=True)


def everything(path):
    """Every group (None) and dataset of a file but for sub-patterns, and its attributes."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, held: found.update({name: held[()] if hasattr(held, "shape") else None}))
        facts = {name: int(value) for name, value in file.attrs.items()}
    return {name: array for name, array in found.items() if "subpattern_" not in name}, facts


def same(found, motifs):
    assert [motif.name for motif in found] == [motif.name for motif in motifs]
    for ours, theirs in zip(found, motifs, strict=True):
        assert (ours.hits, ours.sign) == (theirs.hits, theirs.sign)
        np.testing.assert_array_equal(ours.pfm, theirs.pfm)
        np.testing.assert_array_equal(ours.cwm, theirs.cwm)
        if theirs.hypothetical_cwm is None:
            assert ours.hypothetical_cwm is None
        else:
            np.testing.assert_array_equal(ours.hypothetical_cwm, theirs.hypothetical_cwm)


@pytest.mark.parametrize("hypothetical", [True, False])
@pytest.mark.parametrize(("length", "window"), [(60, None), (61, None), (60, 40), (61, 40), (60, 41), (61, 41)])
def test_what_is_written_comes_back(tmp_path, hypothetical, length, window):
    tracks = tracks_of(length=length, hypothetical=hypothetical)
    low = 0 if window is None else length // 2 - window // 2
    high = length if window is None else low + 2 * (window // 2)
    motifs, seqlets = discovered(tracks, BASIC, low, high)
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets, window=window)
    found, table = read_modisco(tmp_path / "x.h5", length=length)
    same(found, motifs)
    pd.testing.assert_frame_equal(table[PLACE], seqlets[PLACE])
    np.testing.assert_allclose(table["attribution"], seqlets["attribution"], atol=1e-6)
    assert table["p_value"].isna().all() and table["q_value"].isna().all()
    assert [*table] == [*PLACE, "attribution", "p_value", "q_value"]
    _, as_written = read_modisco(tmp_path / "x.h5")
    np.testing.assert_array_equal(as_written["start"] + low, seqlets["start"])


def test_the_tree_is_that_of_tf_modisco(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, {POSITIVE + "0": (8, 5), NEGATIVE + "0": (7, 3)})
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    held, facts = everything(tmp_path / "x.h5")
    found = {name: () if array is None else (array.shape, str(array.dtype)) for name, array in held.items()}
    assert facts == {"window_size": 60}
    expected = {}
    for group, width, count in (("pos_patterns", 8, 5), ("neg_patterns", 7, 3)):
        pattern = f"{group}/pattern_0"
        expected |= {group: (), pattern: (), f"{pattern}/seqlets": (), f"{pattern}/seqlets/n_seqlets": ((1,), "int64")}
        for name in ("sequence", "contrib_scores", "hypothetical_contribs"):
            expected[f"{pattern}/{name}"] = ((width, 4), "float64")
            expected[f"{pattern}/seqlets/{name}"] = ((count, width, 4), "float32")
        for name, kind in (("start", "int64"), ("end", "int64"), ("example_idx", "int64"), ("is_revcomp", "bool")):
            expected[f"{pattern}/seqlets/{name}"] = ((count,), kind)
    assert found == expected


@pytest.mark.parametrize("hypothetical", [True, False])
def test_seqlets_are_stored_in_the_way_of_their_motif(tmp_path, hypothetical):
    tracks = tracks_of(hypothetical=hypothetical)
    motifs, seqlets = discovered(tracks, BASIC)
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    assert set(seqlets["strand"]) == {"+", "-"}
    with h5py.File(tmp_path / "x.h5") as file:
        for motif in motifs:
            pattern = file[motif.name.replace(".", "/")]
            rows = seqlets[seqlets["motif"] == motif.name]
            for name, maps in (
                ("sequence", tracks.inputs),
                ("contrib_scores", tracks.contributions),
                ("hypothetical_contribs", tracks.hypothetical if hypothetical else tracks.contributions),
            ):
                np.testing.assert_array_equal(pattern["seqlets"][name][:], cuts(maps, rows))
                np.testing.assert_allclose(pattern[name][:], pattern["seqlets"][name][:].mean(0), atol=1e-7)


def test_more_than_ten_patterns_keep_their_order(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, {f"{group}{i}": (6, 2) for group in (POSITIVE, NEGATIVE) for i in range(12)})
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    with h5py.File(tmp_path / "x.h5") as file:
        assert list(file["pos_patterns"])[:3] == ["pattern_0", "pattern_1", "pattern_10"]
    same(read_modisco(tmp_path / "x.h5")[0], motifs)


def test_a_group_without_motifs_is_absent_and_no_motifs_are_no_error(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, {NEGATIVE + "0": (6, 2)})
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    with h5py.File(tmp_path / "x.h5") as file:
        assert list(file) == ["neg_patterns"]
    write_modisco(tmp_path / "none.h5", [], tracks, seqlets)
    found, table = read_modisco(tmp_path / "none.h5")
    assert found == [] and len(table) == 0 and [*table][:3] == ["example", "start", "stop"]


def test_motifs_with_names_of_their_own_are_numbered_by_sign(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, BASIC)
    called = dict(zip(BASIC, ("JUND", POSITIVE + "0", "neg"), strict=True))
    motifs = [replace(motif, name=called[motif.name]) for motif in motifs]
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets.assign(motif=seqlets["motif"].map(called)))
    found, table = read_modisco(tmp_path / "x.h5")
    assert [motif.name for motif in found] == list(BASIC)
    assert table["motif"].tolist() == seqlets["motif"].tolist()


def test_seqlets_without_motif_are_left_out_and_the_bytes_are_always_the_same(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, BASIC)
    loose = seqlets.head(4).assign(motif="", strand=".")
    for name, table in (("a.h5", seqlets), ("b.h5", pd.concat([loose, seqlets]))):
        write_modisco(tmp_path / name, motifs, tracks, table)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_all_patterns_may_be_made_equally_wide(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, {POSITIVE + "0": (8, 40), NEGATIVE + "0": (7, 40)}, low=10, high=50)
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets, window=40, width=11)
    found, table = read_modisco(tmp_path / "x.h5", length=60)
    assert [motif.width for motif in found] == [11, 11]
    wide = seqlets.copy()
    for i, row in seqlets.iterrows():
        left = 1 if row["motif"] == POSITIVE + "0" else 2
        right = 11 - left - (row["stop"] - row["start"])
        before = right if row["strand"] == "-" else left
        wide.loc[i, ["start", "stop"]] = row["start"] - before, row["start"] - before + 11
    kept = wide[(wide["start"] >= 10) & (wide["stop"] <= 50)].reset_index(drop=True)
    assert 60 < len(kept) < 80
    pd.testing.assert_frame_equal(table[PLACE], kept[PLACE])
    for motif in found:
        rows = kept[kept["motif"] == motif.name]
        assert motif.hits == len(rows)
        np.testing.assert_array_equal(motif.pfm, cuts(tracks.inputs, rows).sum(0).T)
        np.testing.assert_allclose(motif.cwm, cuts(tracks.contributions, rows).mean(0).T, atol=1e-12)


def spoil(column, value):
    return lambda motifs, seqlets: (motifs, seqlets.assign(**{column: [value, *seqlets[column][1:]]}))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda m, s: ([replace(m[0], cwm=None), *m[1:]], s), {}, "pos_patterns.pattern_0 has no cwm or no sign"),
        (lambda m, s: ([replace(m[0], sign=0), *m[1:]], s), {}, "no cwm or no sign"),
        (lambda m, s: (m, s.drop(columns="strand")), {}, "a table of seqlets has a column 'strand'"),
        (lambda m, s: ([m[0], *m], s), {}, "'pos_patterns.pattern_0' came twice"),
        (lambda m, s: (m, s[s["motif"] != m[1].name]), {}, "pos_patterns.pattern_1 has no seqlets in the table"),
        (spoil("start", 3), {}, "is not 8 positions wide as the motif is"),
        (spoil("example", 20), {}, "in example 20 is of none of the 20 inputs"),
        (spoil("strand", "."), {}, "is on neither strand"),
        (lambda m, s: (m, s), {"window": 20}, "is not within the positions 20 to 40 of the window"),
        (lambda m, s: (m, s), {"window": 61}, "the window must be 2 to 60 positions"),
        (lambda m, s: (m, s), {"width": 7}, "the width must be 8 (as pos_patterns.pattern_0 has) to 60 columns"),
        (lambda m, s: (m, s), {"width": 60}, "has room for 60 columns"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, change, options, message):
    tracks = tracks_of()
    motifs, seqlets = change(*discovered(tracks, BASIC))
    with pytest.raises(InputError, match=re.escape(message)):
        write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets, **options)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_kept_unless_forced(tmp_path):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, BASIC)
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    with pytest.raises(FileError, match="exists"):
        write_modisco(tmp_path / "x.h5", motifs[:1], tracks, seqlets)
    write_modisco(tmp_path / "x.h5", motifs[:1], tracks, seqlets, force=True)
    same(read_modisco(tmp_path / "x.h5")[0], motifs[:1])


def replaced(name, array=None):
    def change(file):
        del file[name]
        if array is not None:
            file[name] = array

    return change


@pytest.mark.parametrize(
    ("change", "length", "message"),
    [
        (replaced("pos_patterns/pattern_0/sequence"), None, "sequence"),
        (replaced("pos_patterns/pattern_0/seqlets"), None, "seqlets"),
        (replaced("pos_patterns/pattern_1/seqlets/start", np.zeros(3, int)), None, "cannot be read as TF-MoDISco"),
        (replaced("pos_patterns/pattern_1/seqlets/n_seqlets", np.zeros(0, int)), None, "cannot be read as TF-MoDISco"),
        (
            replaced("pos_patterns/pattern_1/sequence", np.full((6, 4), np.nan)),
            None,
            "pos_patterns.pattern_1 must be finite",
        ),
        (replaced("pos_patterns", np.zeros(3)), None, "cannot be read as TF-MoDISco"),
        (lambda file: file.attrs.pop("window_size"), 60, "does not say its window_size"),
        (lambda file: None, 50, "has a window of 60 positions"),
        (lambda file: (file.attrs.pop("window_size"), file.clear()), None, "neither pos_patterns nor"),
        (lambda file: file.create_group("metacluster_idx_to_submetacluster_results"), None, "`modisco convert`"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, change, length, message):
    tracks = tracks_of()
    motifs, seqlets = discovered(tracks, BASIC)
    write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets)
    with h5py.File(tmp_path / "x.h5", "a") as file:
        change(file)
    with pytest.raises(FileError, match=re.escape(message)):
        read_modisco(tmp_path / "x.h5", length=length)


def test_a_file_that_is_missing_or_no_hdf5_is_refused(tmp_path):
    (tmp_path / "x.h5").write_text("no")
    for name in ("x.h5", "y.h5"):
        with pytest.raises(FileError, match=name):
            read_modisco(tmp_path / name)


class TestModiscoLite:
    """modisco-lite 3 reads what is written here, and what it writes is read here."""

    @pytest.fixture
    def modisco(self):
        return pytest.importorskip("modiscolite", reason="needs modisco-lite")

    @pytest.fixture
    def written(self, tmp_path):
        tracks = tracks_of()
        tracks.inputs[0, 0, 30] = 1
        sizes = {f"{POSITIVE}{i}": (8, 5) for i in range(11)} | {NEGATIVE + "0": (8, 6)}
        motifs, seqlets = discovered(tracks, sizes, low=10, high=50)
        write_modisco(tmp_path / "x.h5", motifs, tracks, seqlets, window=40)
        return tmp_path / "x.h5", motifs, tracks, seqlets

    def test_meme(self, modisco, written, tmp_path):
        path, motifs, _, _ = written
        modisco.io.write_meme_from_h5(path, modisco.util.MemeDataType.PFM, tmp_path / "x.meme", True)
        found = {motif.name: motif for motif in read_motifs(tmp_path / "x.meme")}
        assert set(found) == {motif.name for motif in motifs}
        for motif in motifs:
            np.testing.assert_allclose(found[motif.name].frequencies, motif.frequencies, atol=2e-6)

    def test_bed_and_fasta(self, modisco, written, tmp_path):
        path, _, tracks, seqlets = written
        peaks = "".join(f"chr1\t{1000 * i + 100}\t{1000 * i + 160}\tp{i}\t0\t.\n" for i in range(20))
        (tmp_path / "peaks.bed").write_text(peaks)
        modisco.io.write_bed_from_h5(path, tmp_path / "peaks.bed", tmp_path / "x.bed", "*", None, True)
        lines = [line.split("\t") for line in (tmp_path / "x.bed").read_text().splitlines() if line.startswith("chr1")]
        # Its starts are one too high, so its intervals and sequences lack the first position.
        found = sorted((int(line[1]) - 1, int(line[2]), line[5]) for line in lines)
        at = 1000 * seqlets["example"] + 100
        assert found == sorted(zip(at + seqlets["start"], at + seqlets["stop"], seqlets["strand"], strict=True))
        np.savez_compressed(tmp_path / "x.npz", tracks.inputs[:, :, 10:50])
        modisco.io.write_fasta_from_h5(
            path, tmp_path / "peaks.bed", tmp_path / "x.npz", tmp_path / "x.fa", "*", None, True
        )
        sequences = sorted((tmp_path / "x.fa").read_text().splitlines()[1::2])
        shown = [
            "".join("ACGT"[base] for base in tracks.inputs[row.example, :, row.start + 1 : row.stop].argmax(0))
            for row in seqlets.itertuples()
        ]
        assert sequences == sorted(shown)

    def test_descriptive_report(self, modisco, written):
        report = pytest.importorskip("modiscolite.descriptive_report")
        path, motifs, _, seqlets = written
        found = report.extract_seqlet_data(str(path), ["pos_patterns", "neg_patterns"])
        assert list(found) == [motif.name for motif in motifs]
        for motif in motifs:
            theirs, rows = found[motif.name], seqlets[seqlets["motif"] == motif.name]
            assert theirs["n_seqlets"] == motif.hits
            np.testing.assert_array_equal(theirs["cwm"].T, motif.cwm)
            np.testing.assert_array_equal(theirs["hcwm"].T, motif.hypothetical_cwm)
            np.testing.assert_array_equal(theirs["seqlet_starts"] + 10, rows["start"])
            np.testing.assert_allclose(np.sum(theirs["seqlet_contribs"], axis=(1, 2)), rows["attribution"], atol=1e-5)

    def test_the_first_format_and_back(self, modisco, written, tmp_path):
        path, motifs, _, seqlets = written
        modisco.io.convert_new_to_old(path, tmp_path / "old.h5")
        modisco.io.convert(tmp_path / "old.h5", tmp_path / "new.h5")
        gc.collect()  # it leaves its files open
        found, table = read_modisco(tmp_path / "new.h5")
        same(found, motifs)
        np.testing.assert_array_equal(table["start"] + 10, seqlets["start"])
        assert table["strand"].tolist() == seqlets["strand"].tolist() and table["attribution"].isna().all()

    def test_what_its_own_writer_wrote(self, modisco, tmp_path):
        tracks = tracks_of()
        motifs, seqlets = discovered(tracks, {f"{POSITIVE}{i}": (8, 5) for i in range(11)} | {NEGATIVE + "0": (7, 6)})
        seqlets = seqlets.drop_duplicates(["example", "start", "stop", "motif"])  # as its sets of seqlets do
        three = (maps.transpose(0, 2, 1) for maps in (tracks.inputs, tracks.contributions, tracks.hypothetical))
        held, patterns = modisco.core.TrackSet(*three), {}
        for motif in motifs:
            rows = seqlets[seqlets["motif"] == motif.name].itertuples()
            theirs = [modisco.core.Seqlet(r.example, r.start, r.stop, r.strand == "-") for r in rows]
            patterns.setdefault(motif.sign, []).append(modisco.core.SeqletSet(held.create_seqlets(theirs)))
        modisco.io.save_hdf5(tmp_path / "x.h5", patterns[1], patterns[-1], 60)
        found, table = read_modisco(tmp_path / "x.h5", length=60)
        for ours, motif in zip(found, motifs, strict=True):
            rows = seqlets[seqlets["motif"] == motif.name]
            assert (ours.name, ours.hits, ours.sign) == (motif.name, len(rows), motif.sign)
            np.testing.assert_array_equal(ours.pfm, cuts(tracks.inputs, rows).sum(0).T)
            np.testing.assert_allclose(ours.cwm, cuts(tracks.contributions, rows).mean(0).T, atol=1e-12)
        pd.testing.assert_frame_equal(table[PLACE], seqlets[PLACE].reset_index(drop=True))
        write_modisco(tmp_path / "ours.h5", found, tracks, table)
        self.same_file(tmp_path / "x.h5", tmp_path / "ours.h5")

    @staticmethod
    def same_file(theirs, ours):
        """Every group, dataset, shape, type and number."""
        (first, facts), (second, other) = everything(theirs), everything(ours)
        assert facts == other and first.keys() == second.keys()
        for name, array in first.items():
            if array is not None:
                assert (array.dtype, array.shape) == (second[name].dtype, second[name].shape), name
                np.testing.assert_allclose(second[name], array, rtol=1e-14, err_msg=name)

    @pytest.mark.slow
    def test_a_run_of_it(self, modisco, tmp_path):
        draw, words = np.random.default_rng(0), np.array([[3, 2, 0, 1, 3, 1, 0], [0, 2, 0, 3, 0, 0, 2]])
        codes = draw.integers(0, 4, (200, 240))
        scores = draw.normal(scale=0.05, size=(200, 4, 240)).astype(np.float32)
        for example, bases in enumerate(codes):
            for word, at in zip(words, draw.integers((40, 120), (100, 180)), strict=True):
                word = word if draw.integers(2) else 3 - word[::-1]
                bases[at : at + 7] = word
                scores[example, word, np.arange(at, at + 7)] += draw.uniform(0.5, 1)
        inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)
        cropped = (maps[:, :, 20:220].transpose(0, 2, 1) for maps in (inputs, scores))
        positive, negative = modisco.tfmodisco.TFMoDISco(*cropped, n_leiden_runs=2)
        modisco.io.save_hdf5(tmp_path / "x.h5", positive, negative, 200)
        found, table = read_modisco(tmp_path / "x.h5", length=240)
        assert len(found) == len(positive) == 2
        for motif in found:
            assert re.search("TGACTCA|TGAGTCA|AGATAAG|CTTATCT", "".join("ACGT"[k] for k in motif.pfm.argmax(0)))
        tracks = Tracks(inputs, inputs * scores, scores)
        write_modisco(tmp_path / "ours.h5", found, tracks, table, window=200)
        self.same_file(tmp_path / "x.h5", tmp_path / "ours.h5")
