"""`seqinterp optimize`: options, a file of settings, rules, formats, and what is refused."""

import pandas as pd
import pytest

from seqinterp.io.fasta import read_fasta


@pytest.fixture
def optimize(run_folder, command, capsys):
    def run(*words):
        return command("optimize", run_folder, "--quiet", *words, capture=capsys)

    return run


def test_rules_given_as_options_are_kept(optimize, tmp_path):
    rules = ["--protect", "3:9", "--edits", 4, "--gc", "0.2:0.8", "--homopolymer", 5, "--forbid", "EcoRI"]
    words = ["--length", 60, "--count", 2, "--method", "greedy", "--steps", 6, *rules, "--apart", 2]
    assert optimize(*words, "--out", tmp_path / "d.tsv")[0] == 0
    table = pd.read_csv(tmp_path / "d.tsv", sep="\t")
    assert (table["edits"] <= 4).all()
    for start, end in zip(table["start"], table["sequence"], strict=True):
        assert start[3:9] == end[3:9]
        assert "GAATTC" not in end


def test_a_file_says_the_same_as_options(optimize, tmp_path):
    (tmp_path / "design.toml").write_text(
        'length = 60\ncount = 2\nmethod = "beam"\nsteps = 3\nseed = 4\n'
        '[options]\nwidth = 3\n[constraints]\nforbid = ["TGACTCA"]\ngc = [0.3, 0.7]\n[penalties]\nedits = 0.01\n'
    )
    assert optimize("--config", tmp_path / "design.toml", "--out", tmp_path / "a.tsv")[0] == 0
    assert optimize("--config", tmp_path / "design.toml", "--out", tmp_path / "b.tsv", "--seed", 5)[0] == 0
    one, other = (pd.read_csv(tmp_path / name, sep="\t") for name in ("a.tsv", "b.tsv"))
    assert one["start"].tolist() != other["start"].tolist()
    assert not one["sequence"].str.contains("TGACTCA|TGAGTCA").any()


@pytest.mark.parametrize("name", ["d.fasta", "d.gb", "d.safetensors", "d.csv"])
def test_formats(optimize, tmp_path, name):
    words = ["--length", 60, "--count", 2, "--steps", 20, "--out", tmp_path / name]
    assert optimize(*words)[0] == 0
    assert (tmp_path / name).stat().st_size > 100
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name == "d.fasta":
        assert [len(sequence) for sequence in read_fasta(tmp_path / name)[1]] == [60, 60]


def test_an_interrupted_search_goes_on(optimize, tmp_path, monkeypatch):
    from seqinterp.api.design_parts import run as design_run

    monkeypatch.setattr(design_run, "SAVED_EVERY", 0.0)
    words = ["--length", 60, "--count", 2, "--steps", 200]
    assert optimize(*words, "--out", tmp_path / "whole.tsv")[0] == 0
    save, rounds = design_run.save_walk, []

    def stop(*args):
        save(*args)
        rounds.append(1)
        if len(rounds) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(design_run, "save_walk", stop)
    assert optimize(*words, "--out", tmp_path / "d.tsv")[0] == 130
    assert {path.name for path in tmp_path.iterdir()} == {"whole.tsv", "d.tsv.unfinished"}
    monkeypatch.setattr(design_run, "save_walk", save)
    assert optimize(*words, "--out", tmp_path / "d.tsv")[0] == 0
    assert (tmp_path / "d.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"whole.tsv", "d.tsv"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--protect", "3-9"], "must be START:STOP"),
        (["--gc", "0.5"], "must be LOWEST:HIGHEST"),
        (["--protect", "50:90"], "60"),
        (["--forbid", "EcoR1"], "EcoR1"),
        (["--method", "luck"], "choose one of"),
        (["--method", "insert_motifs"], "needs motifs="),
        (["--require", "TGACTCA", "--forbid", "TGACTCA"], "TGACTCA"),
    ],
)
def test_refusals(optimize, tmp_path, words, said):
    code, _, err = optimize("--length", 60, "--steps", 2, *words, "--out", tmp_path / "d.tsv")
    assert code == 1
    assert said in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("length = ", "is not TOML"),
        ("size = 60", "has an entry 'size'"),
        ("constraints = 3", "must be a table"),
        ("length = 60\n[constraints]\nmax_edits = 3", "there is no entry 'max_edits'"),
        ("length = 60\n[options]\nwidth = 3", "has no option 'width'"),
    ],
)
def test_files_that_cannot_be_meant(optimize, tmp_path, text, said):
    (tmp_path / "design.toml").write_text(text)
    code, _, err = optimize("--config", tmp_path / "design.toml", "--out", tmp_path / "d.tsv")
    assert code == 1
    assert said in err


@pytest.mark.parametrize(
    "line",
    [
        'count = "2"',
        "length = 60.0",
        'prune = "a"',
        "seed = 1.5",
        "start = 3",
        "insert = 3",
        'ensemble = "run"',
        "ensemble = [3]",
        "count = true",
        'against = ["a"]',
        "minimize = true\nreach = 2.0",
        "[options]\nsteps = 7",
        "[options]\nconstraints = 5",
        "[options]\ncheckpoint = 'x'",
        "[options]\nmodel = 'x'",
        'method = "beam"\n[options]\nwidth = "5"',
        'method = "screen"\n[options]\nbackground = "x"',
        "[penalties]\nnatural = 5",
        "[penalties]\norder = 2.0",
    ],
)
def test_what_a_file_says_wrongly_is_one_sentence(optimize, tmp_path, line):
    (tmp_path / "design.toml").write_text(line)
    words = [] if line.startswith("length") else ["--length", 60]
    code, _, err = optimize(*words, "--config", tmp_path / "design.toml", "--out", tmp_path / "d.tsv")
    assert code == 1, err
    assert "Traceback" not in err


def test_goals(optimize, tmp_path):
    scores = {}
    for name, words in {"up": [], "down": ["--minimize"], "at": ["--reach", "0.5"]}.items():
        words = ["--length", 60, "--count", 2, "--method", "greedy", *words]
        assert optimize(*words, "--out", tmp_path / f"{name}.tsv")[0] == 0
        scores[name] = pd.read_csv(tmp_path / f"{name}.tsv", sep="\t")["score"]
    assert (-scores["down"]).max() < scores["up"].min()
    assert scores["at"].max() > -0.2
    code, _, err = optimize("--length", 60, "--against", 1, "--out", tmp_path / "c.tsv")
    assert code == 1
    assert "1 output" in err


def test_what_cannot_be_written_is_not_lost(optimize, tmp_path, monkeypatch):
    from seqinterp.cli import output

    words = ["--length", 60, "--count", 2, "--steps", 30, "--out", tmp_path / "d.tsv"]
    write = output.write_designs
    monkeypatch.setattr(output, "write_designs", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert optimize(*words)[0] == 130
    assert [path.name for path in tmp_path.iterdir()] == ["d.tsv.unfinished"]
    monkeypatch.setattr(output, "write_designs", write)
    assert optimize(*words)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["d.tsv"]
