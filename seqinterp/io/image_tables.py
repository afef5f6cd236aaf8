"""Which picture files there are and of which class: in a table."""

import csv
from pathlib import Path

from seqinterp.errors import FileError
from seqinterp.io.image_listings import PARTS, Listed
from seqinterp.io.text import read_lines

# What a column may be called, in any case.
COLUMNS = {
    "file": ("file", "path", "image", "filename"),
    "label": ("label", "class", "target"),
    "group": ("group", "patient", "patient_id"),
    "split": ("split", "part", "fold"),
}
NEEDED = ("file", "label")


def table_listing(path: Path) -> list[Listed]:
    """The pictures that a TSV or CSV names, in its order; files are looked for from the folder of the table.

    Raises:
        FileError: a column is missing or there twice, a field is empty, a split is unknown; with the line.
    """
    lines = read_lines(path)
    table = csv.reader(lines, delimiter="\t" if "\t" in lines[0] else ",", strict=True)
    listed: list[Listed] = []
    try:
        header = next(table)
        places = _places(path, header)
        for fields in table:
            if "".join(fields).strip():
                listed.append(_listed(path, table.line_num, fields, places, len(header)))
    except csv.Error as error:
        raise FileError(f"{path}, line {table.line_num}: {error}; check the quotes") from error
    if not listed:
        raise FileError(f"{path} has a header and nothing below it")
    return listed


def _places(path: Path, header: list[str]) -> dict[str, int]:
    """Which column plays which role."""
    named = [name.strip().lower() for name in header]
    places: dict[str, int] = {}
    for role, known in COLUMNS.items():
        found = [place for place, name in enumerate(named) if name in known]
        if len(found) > 1:
            raise FileError(f"{path} has {len(found)} columns for the {role} ({', '.join(known)}); keep one")
        if found:
            places[role] = found[0]
        elif role in NEEDED:
            raise FileError(
                f"{path} has no column for the {role} (named {' or '.join(known)}); the columns found are"
                f" {', '.join(name.strip()[:30] for name in header)}"
            )
    return places


def _listed(path: Path, line: int, fields: list[str], places: dict[str, int], columns: int) -> Listed:
    """A line of the table."""
    if len(fields) != columns:
        raise FileError(f"{path}, line {line}: {columns} columns are wanted, but {len(fields)} came")
    values = {role: fields[place].strip() for role, place in places.items()}
    empty = next((role for role, value in values.items() if not value), None)
    if empty:
        raise FileError(f"{path}, line {line}: the {empty} is empty; fill it in")
    part = values.get("split")
    if part is not None and part.lower() not in PARTS:
        raise FileError(f"{path}, line {line}: a split is one of train, valid, test, but {part!r} came")
    split = None if part is None else PARTS[part.lower()]
    return Listed(path.parent / values["file"], values["file"], values["label"], values.get("group"), split)
