"""`seqinterp methods`."""

import io

import pandas as pd

from seqinterp.api.catalogue import METHODS


def test_the_list(command, capsys):
    code, out, _ = command("methods", capture=capsys)
    assert code == 0
    assert all(f"{name} (" in out for name in METHODS)


def test_one_method_and_a_table(command, capsys):
    code, out, _ = command("methods", "lime", capture=capsys)
    assert code == 0
    assert out.startswith("lime (Ribeiro et al. 2016)")
    assert "deeplift" not in out
    code, out, _ = command("methods", "--tsv", capture=capsys)
    assert pd.read_csv(io.StringIO(out), sep="\t")["method"].tolist() == list(METHODS)


def test_an_unknown_method(command, capsys):
    code, _, err = command("methods", "tarot", capture=capsys)
    assert code == 1
    assert "there is no attribution method 'tarot'" in err
