"""A run on disk: one folder that holds a model, its evidence and its explanations, each file readable by itself."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from seqinterp.errors import FileError

FACTS = "run.json"
PREDICTIONS = "predictions.tsv"
HISTORY = "history.tsv"
FILTERS = "filters.meme"
FILTER_TABLE = "filters.tsv"
MATCHES = "matches.meme"
TOP = "top_sequences.safetensors"
TOP_TABLE = "top_sequences.tsv"
MUTAGENESIS = "mutagenesis.safetensors"
DESIGNS = "designs.safetensors"
TRUTH = "planted_truth.tsv"
SCORECARD = "scorecard"  # a folder
REPORT = "report.html"

# What every run says about itself, and of which kind it is.
NEEDED: Mapping[str, type] = MappingProxyType(
    {
        "title": str,
        "run_id": str,
        "seed": int,
        "created": str,
        "command": str,
        "versions": dict,
        "data": dict,
        "settings": dict,
        "split": str,
    }
)
# Columns of words, which a reader of numbers would change: NA is a name, and so are 007 and 1e5.
TEXT = (
    *("name", "locus", "match", "match_label", "also", "started_from", "consensus", "database", "method", "truth"),
    *("split", "sequence"),
)


def sha256(path: Path | str) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write what is known about a run; NaN is no JSON and is refused."""
    (folder / FACTS).write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what `write_facts` wrote.

    Raises:
        FileError: the folder is not a run, or run.json lacks what a run says about itself.
    """
    path = folder / FACTS
    if not path.is_file():
        raise FileError(f"{folder} is not a run: it holds no {FACTS}; `seqinterp run` or `seqinterp train` makes one")
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileError(f"{path} cannot be read as JSON ({error}); the run is damaged") from error
    if not isinstance(facts, dict):
        raise FileError(f"{path} does not describe a run; the run is damaged")
    for name, kind in NEEDED.items():
        if not isinstance(facts.get(name), kind):
            raise FileError(f"{path} lacks a proper entry {name!r}; the run is damaged")
    return facts


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as TSV with enough digits to read the same numbers back."""
    frame.to_csv(path, sep="\t", index=False, float_format="%.9g")


def read_table(path: Path) -> pd.DataFrame:
    """Read what `write_table` wrote: columns of TEXT as they are written, all others as numbers where they are such.

    An empty field is a missing value, in either kind of column.

    Raises:
        FileError: the file is missing or no table.
    """
    try:
        return pd.read_csv(path, sep="\t", dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=[""])
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileError(f"{path} cannot be read as a table ({error}); the run is damaged") from error
