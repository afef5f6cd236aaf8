"""The facts and the tables of a run come back as they were written."""

import pandas as pd
import pytest

from seqinterp.errors import FileError
from seqinterp.io.run_folder import FACTS, NEEDED, read_facts, read_table, write_facts, write_table

RUN = {
    "title": "JUND",
    "run_id": "ab12",
    "seed": 0,
    "created": "2024-01-01T00:00:00+00:00",
    "command": "seqinterp run",
    "versions": {"torch": "2"},
    "data": {},
    "settings": {},
    "split": "One fifth was held out.",
}


def test_facts_come_back(tmp_path):
    write_facts(tmp_path, RUN | {"notes": ["one"]})
    assert read_facts(tmp_path) == RUN | {"notes": ["one"]}


@pytest.mark.parametrize("name", NEEDED)
def test_a_fact_that_is_missing_or_of_another_kind_is_named(tmp_path, name):
    write_facts(tmp_path, {key: value for key, value in RUN.items() if key != name})
    with pytest.raises(FileError, match=f"lacks a proper entry '{name}'; the run is damaged"):
        read_facts(tmp_path)
    write_facts(tmp_path, RUN | {name: None})
    with pytest.raises(FileError, match=f"lacks a proper entry '{name}'"):
        read_facts(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"), [("{", "cannot be read as JSON"), ("[]", "does not describe a run"), ("{}", "'title'")]
)
def test_what_is_no_run_is_refused(tmp_path, content, message):
    with pytest.raises(FileError, match=r"is not a run: it holds no run\.json"):
        read_facts(tmp_path)
    (tmp_path / FACTS).write_text(content)
    with pytest.raises(FileError, match=message):
        read_facts(tmp_path)


def test_nan_is_no_fact(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_facts(tmp_path, {"seed": float("nan")})


@pytest.mark.parametrize("column", ["name", "locus", "match", "match_label", "database", "split", "sequence", "also"])
@pytest.mark.parametrize(
    "words", [["NA", "007", "1e5"], ["nan", "None", "null"], ["1", "2", "3"], ["True", "False", "True"]]
)
def test_words_survive(tmp_path, column, words):
    write_table(tmp_path / "x", pd.DataFrame({column: words, "score": [0.5, float("nan"), 1e-12]}))
    found = read_table(tmp_path / "x")
    assert found[column].tolist() == words
    assert found["score"].dtype == float and found["score"].isna().tolist() == [False, True, False]
    assert found["score"][2] == 1e-12


def test_numbers_are_numbers_and_empty_fields_are_missing(tmp_path):
    frame = pd.DataFrame({"name": ["a", ""], "hits": [3, 4], "reverse": [True, False], "q_value": [None, None]})
    write_table(tmp_path / "x", frame)
    found = read_table(tmp_path / "x")
    assert found["hits"].tolist() == [3, 4] and found["reverse"].tolist() == [True, False]
    assert found["q_value"].isna().all() and found["name"].isna().tolist() == [False, True]


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "empty").write_text("")
    for name in ("empty", "missing"):
        with pytest.raises(FileError, match="cannot be read as a table"):
            read_table(tmp_path / name)
