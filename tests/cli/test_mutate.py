"""`seqinterp mutate` and `seqinterp variants`: what they write, and that they write it whole."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

import seqinterp as si
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.io.checkpoint import save_checkpoint
from seqinterp.models.networks import build
from seqinterp.plot.heatmap import mutagenesis_figure

SEQUENCES = ["ACGTTAGGCATTAGCCATTAGGACCATGACTCAACGTTAGG", "TTTTTTTTTTTTTTTTTTTTNCCCCCCCCCCCCCCCCCCCC"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with a small model that nobody trained, and two sequences."""
    folder = tmp_path_factory.mktemp("small")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_checkpoint(folder / "model", build("deepbind"))
    names = ("one chr1:5/7", "two")
    (folder / "two.fa").write_text("".join(f">{n}\n{s}\n" for n, s in zip(names, SEQUENCES, strict=True)))
    return folder


def expected(small, **window):
    return si.mutate(si.load_model(small / "model"), si.one_hot(SEQUENCES), device="cpu", **window)


@pytest.mark.parametrize("name", ["m.h5", "m.npz"])
def test_arrays_for_other_programs(small, tmp_path, command, capsys, name):
    words = ["mutate", small / "model", small / "two.fa", "--start", 3, "--stop", 30, "--device", "cpu", "--quiet"]
    assert command(*words, "--out", tmp_path / name, capture=capsys)[0] == 0
    known = expected(small, start=3, stop=30)
    if name.endswith("h5"):
        with h5py.File(tmp_path / name) as file:
            arrays, facts = {part: file[part][()] for part in file}, dict(file.attrs)
        assert set(arrays) == {"inputs", "effects", "score", "attributions"}
        start, stop, origin = facts["start"], facts["stop"], json.loads(facts["origin"])
    else:
        arrays = dict(np.load(tmp_path / name))
        held = json.loads(str(arrays.pop("facts")))
        start, stop, origin = held["start"], held["stop"], held["origin"]
    assert (start, stop) == (3, 30)
    assert origin == known.origin
    assert arrays["inputs"].dtype == np.uint8
    np.testing.assert_array_equal(arrays["inputs"], known.inputs)
    assert arrays["effects"].any()
    for part in ("effects", "score", "attributions"):
        assert arrays[part].dtype == np.float32
        np.testing.assert_allclose(arrays[part], getattr(known, part), atol=1e-6)
    first = (tmp_path / name).read_bytes()
    assert command(*words, "--out", tmp_path / name, "--force", capture=capsys)[0] == 0
    assert (tmp_path / name).read_bytes() == first


def test_mixtures_stay_what_they_are(tmp_path):
    from seqinterp.cli.output import write_mutagenesis

    inputs = si.one_hot("ACRT")
    score = torch.zeros(1)
    write_mutagenesis(tmp_path / "m.h5", Mutagenesis(inputs, torch.ones(1, 4, 4), score, 0, 4, {}))
    with h5py.File(tmp_path / "m.h5") as file:
        np.testing.assert_array_equal(file["inputs"][()], inputs)
        assert file["effects"].dtype == np.float32


def test_pictures(small, tmp_path, command, capsys):
    base = ["mutate", small / "model", small / "two.fa", "--stop", 25, "--device", "cpu", "--quiet"]
    place, pictures = tmp_path / "m.tsv", tmp_path / "deep" / "maps"
    words = [*base, "--out", place, "--plot", pictures]
    assert command(*words, capture=capsys)[0] == 0
    assert sorted(path.name for path in pictures.iterdir()) == ["001_one.png", "002_two.png"]
    first = (pictures / "001_one.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    code, _, err = command(*base, "--out", tmp_path / "n.tsv", "--plot", pictures, capture=capsys)
    assert code == 1
    assert "holds files already" in err
    assert not (tmp_path / "n.tsv").exists()
    (pictures / "001_one.png").write_bytes(b"")
    assert command(*words, "--plots", 1, "--force", capture=capsys)[0] == 0
    assert (pictures / "001_one.png").read_bytes() == first
    code, _, err = command(*base, "--out", tmp_path / "n.tsv", "--plot", place, capture=capsys)
    assert code == 1
    assert "is a file; give the name of a folder" in err


def test_names_of_pictures_are_names_of_files(tmp_path):
    from seqinterp.cli.output import write_maps

    result = Mutagenesis(si.one_hot(SEQUENCES), torch.zeros(2, 4, 41), torch.zeros(2), 0, 41, {})
    write_maps(tmp_path / "maps", result, ("../chr1:5/7 $x$", "b" * 300), 5)
    names = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert names == ["001_.._chr1_5_7_x_.png", f"002_{'b' * 80}.png"]


def test_a_title_stands_above_the_first_logo_alone():
    effects = np.zeros((4, 500))
    titles = [axes.get_title(loc="left") for axes in mutagenesis_figure(effects, effects, "A" * 500, title="$x$").axes]
    assert titles.count("$x$") == 1
    assert titles[0] == "$x$"


def test_other_endings_are_refused(small, tmp_path, command, capsys):
    words = ["mutate", small / "model", small / "two.fa", "--out", tmp_path / "m.xlsx"]
    code, _, err = command(*words, capture=capsys)
    assert code == 1
    assert ".npz, .h5, .safetensors" in err


@pytest.fixture(scope="module")
def variants(small):
    rows = [["one", 8, "C", "G", "rs1"], ["one", 7, "GCA", "G", "rs2"], ["two", 3, "", "TTGACTCA", ""]]
    table = pd.DataFrame(rows, columns=["chromosome", "position", "reference", "alternative", "name"])
    table.to_csv(small / "v.tsv", sep="\t", index=False)
    table.to_csv(small / "v.csv", index=False)
    return table


@pytest.mark.parametrize("ending", ["tsv", "csv"])
def test_variants(small, variants, tmp_path, command, capsys, ending):
    words = ["variants", small / "model", "--sequences", small / "two.fa", "--variants", small / f"v.{ending}"]
    words += ["--length", 21, "--device", "cpu", "--quiet", "--out", tmp_path / "e.tsv"]
    code, out, err = command(*words, capture=capsys)
    assert code == 0, err
    assert out.strip() == str((tmp_path / "e.tsv").resolve())
    found = pd.read_csv(tmp_path / "e.tsv", sep="\t", keep_default_na=False)
    genome = dict(zip(("one", "two"), SEQUENCES, strict=True))
    known = si.variant_effects(si.load_model(small / "model"), genome, variants, length=21, device="cpu")
    assert list(found.columns) == list(known.columns)
    assert found[["chromosome", "reference", "alternative", "name"]].equals(known[list(found)[:1] + list(found)[2:5]])
    np.testing.assert_allclose(found["effect"], known["effect"], rtol=1e-6)
    assert np.abs(found["effect"]).max() > 0
    assert found["padded"].tolist() == [2, 1, 7]


def test_variants_over_several_runs(small, variants, tmp_path, command, capsys):
    words = ["variants", small / "model", "--sequences", small / "two.fa", "--variants", small / "v.tsv"]
    words += ["--models", f"{small / 'model'}, {small / 'model'}", "--length", 21, "--quiet", "--device", "cpu"]
    code, _, err = command(*words, "--out", tmp_path / "e.tsv", capture=capsys)
    assert code == 0, err
    found = pd.read_csv(tmp_path / "e.tsv", sep="\t", keep_default_na=False)
    assert found["deviation"].tolist() == [0, 0, 0]  # thrice the same
    assert found["same_sign"].tolist() == [1, 1, 1]
    assert found["low"].tolist() == found["effect"].tolist()


def test_variants_over_dropout_masks_of_one_run(small, variants, tmp_path, command, capsys):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build("default", {"filters": 6, "width": 5, "dropout": 0.4})
        model.output.weight.data.normal_()
    save_checkpoint(tmp_path / "dropped", model)
    words = ["variants", tmp_path / "dropped", "--sequences", small / "two.fa", "--variants", small / "v.tsv"]
    words += ["--length", 21, "--quiet", "--device", "cpu", "--force", "--out", tmp_path / "e.tsv"]
    genome = dict(zip(("one", "two"), SEQUENCES, strict=True))
    tables = {}
    for seed in (0, 3):
        code, _, err = command(*words, "--draws", 20, "--seed", seed, capture=capsys)
        assert code == 0, err
        found = tables[seed] = pd.read_csv(tmp_path / "e.tsv", sep="\t", keep_default_na=False)
        run = si.load_model(tmp_path / "dropped")
        known = si.variant_uncertainty(run, genome, variants, length=21, draws=20, seed=seed, device="cpu")
        assert list(found.columns) == list(known.columns)
        np.testing.assert_allclose(found["deviation"], known["deviation"], rtol=1e-5)
        assert found["deviation"].min() > 0
    assert (tables[0]["deviation"] != tables[3]["deviation"]).all()
    assert command(*words, capture=capsys)[0] == 0
    assert "deviation" not in pd.read_csv(tmp_path / "e.tsv", sep="\t").columns
    code, _, err = command(*words, "--draws", 20, "--models", str(tmp_path / "dropped"), capture=capsys)
    assert code == 1 and "leave one out" in err
    save_checkpoint(tmp_path / "plain", build("default", {"filters": 6, "width": 5, "dropout": 0.0}))
    words[1] = tmp_path / "plain"
    code, _, err = command(*words, "--draws", 20, capture=capsys)
    assert code == 1 and "nothing varies" in err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("chromosome\tposition\treference\talternative\none\tx\tC\tG\n", "line 2: position must be a whole number"),
        (
            "chromosome\tposition\treference\talternative\none\t8\tA\tG\n",
            "row 0 (one:8 A>G): the reference allele is A",
        ),
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\n", "is VCF; give a table"),
        ("chromosome,position\na,1,2\nb,1\n c,1,2,3,4\n", "every line needs the fields of the header"),
        ("chrom\tpos\tref\talt\none\t9\tC\tG\n", "lacks the column position, 0-based; 'pos' counts from 1"),
    ],
)
def test_variants_that_cannot_be_read(small, tmp_path, command, capsys, text, sentence):
    (tmp_path / "v.tsv").write_text(text)
    words = ["variants", small / "model", "--sequences", small / "two.fa", "--variants", tmp_path / "v.tsv"]
    code, _, err = command(*words, "--length", 21, "--out", tmp_path / "e.tsv", capture=capsys)
    assert code == 1
    assert sentence in err
    assert not (tmp_path / "e.tsv").exists()
