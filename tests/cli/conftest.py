"""A small table, a quick way to run the command, and one trained run that the verbs share."""

import sys

import pytest

from seqinterp.cli.main import main
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.tables import read_examples, write_examples
from seqinterp.sequence.simulate import simulate


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """400 sequences of 60 bases, half with an AP-1 site."""
    path = tmp_path_factory.mktemp("data") / "small.tsv"
    motifs = {m.name: m.pwm for m in read_motifs(bundled("jaspar_subset.meme")) if m.label in ("JUND", "FOS")}
    write_examples(path, simulate(motifs, count=400, length=60, seed=1))
    return path


@pytest.fixture(scope="session")
def fasta(table, tmp_path_factory):
    """The positives and the negatives of the small table, as two FASTA files without labels."""
    examples = read_examples(table)
    folder = tmp_path_factory.mktemp("fasta")
    for name, label in (("bound.fa", 1), ("unbound.fa", 0)):
        chosen = examples.take(examples.labels == label)
        pairs = zip(chosen.names, chosen.sequences, strict=True)
        (folder / name).write_text("\n" + "".join(f">{name}\n{sequence}\n" for name, sequence in pairs))
    return folder / "bound.fa", folder / "unbound.fa"


@pytest.fixture(scope="session")
def command():
    """Run `seqinterp ...` in this process; gives exit code, stdout and stderr."""

    def run(*words, capture):
        before, sys.argv = sys.argv, ["seqinterp", *map(str, words)]
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        finally:
            sys.argv = before
        out, err = capture.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="session")
def run_folder(table, tmp_path_factory):
    """A whole run on the small table."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    before, sys.argv = sys.argv, ["seqinterp", "run", str(table), "--out", str(folder), "--epochs", "4", "--quiet"]
    try:
        main()
    except SystemExit as stopped:
        assert not stopped.code
    finally:
        sys.argv = before
    return folder
