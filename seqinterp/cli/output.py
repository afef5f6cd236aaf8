"""What a result is written as: the ending of the file's name says it, and says it before work starts."""

from pathlib import Path

import pandas as pd

from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.errors import InputError

TABLES = (".tsv", ".tsv.gz", ".csv")
ARRAYS = (".safetensors",)

Result = Attribution | Mutagenesis | Designs


def refuse_other_endings(out: Path, *endings: str) -> None:
    """InputError unless the name of `out` has one of the endings."""
    if not out.name.endswith(endings):
        raise InputError(f"--out {out.name} has none of the endings {', '.join(endings)}; give one that it can be")


def write_result(place: Path, result: Result) -> None:
    """A table or arrays, by the ending of the name."""
    if place.name.endswith(ARRAYS):
        result.save(place)
    else:
        write_frame(place, result.to_frame())


def write_frame(place: Path, frame: pd.DataFrame) -> None:
    """TSV or CSV, gzipped for .gz, with enough digits to read the same numbers back; the same bytes every time."""
    separator = "," if ".csv" in place.suffixes else "\t"
    packed = {"method": "gzip", "mtime": 0} if place.suffix == ".gz" else None
    frame.to_csv(place, sep=separator, index=False, float_format="%.9g", compression=packed)
