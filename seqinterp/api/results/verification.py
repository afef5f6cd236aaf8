"""The result of `verify`: one line per tool and method."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from seqinterp.api.catalogue import COMPLETE
from seqinterp.attribution.certificate import COMPANY
from seqinterp.errors import InputError
from seqinterp.io.atomic import written_whole

HEADER = ("method", "tool", "misses", "in company", "differs", "r", "seconds", "remarks")
NUMBERS = HEADER[2:-1]
OURS = "seqinterp"
NO_METHOD = "no such method"
LEGEND = (
    "misses      largest gap between the sum of the attributions and the score less the mean reference score, as a",
    "            part of the largest such difference of scores",
    "in company  how much the first example's attributions change when it is explained alone, as a part of the largest",
    "differs, r  largest difference from seqinterp's attributions, as a part of their largest, and the correlation",
    "!           more than 0.001, which is no rounding",
)
SHORT = 20  # letters of a remark that stands in its line; a longer one stands below the table


@dataclass(frozen=True)
class Comparison:
    """One method of one tool on the user's model.

    tool, version, call: what was run, as its users write it; method: our name for it, empty for a tool that is not
        installed.
    completeness_error: largest |sum of attributions - (score - mean reference score)| over the examples, relative to
        the largest difference of scores; None for methods that do not promise a sum.
    batch_deviation: largest change of the first example's attributions when it is explained alone (a single example:
        beside a copy of itself), relative to the largest attribution.
    difference, correlation: largest difference from ours relative to our largest attribution, and Pearson's r over
        all attributions; on DNA over those of each position, summed over the bases, except for the gradient.
    seconds: for all examples, after one call to warm up; the references were drawn before.
    remark: what went wrong, what it warned of, or what it cannot do.
    """

    method: str
    tool: str
    version: str = ""
    call: str = ""
    completeness_error: float | None = None
    batch_deviation: float | None = None
    difference: float | None = None
    correlation: float | None = None
    seconds: float | None = None
    remark: str = ""

    @property
    def suspect(self) -> tuple[bool, bool]:
        """Whether it misses, and whether company matters, by more than rounding."""
        return _above(self.completeness_error, COMPLETE), _above(self.batch_deviation, COMPANY)

    def cells(self, remark: str) -> tuple[str, ...]:
        """The line as words, one per column of `HEADER`, with `remark` in the last."""
        misses, company = self.suspect
        return (
            self.method,
            f"{self.tool} {self.version}".rstrip(),
            _number(self.completeness_error) + " !" * misses,
            _number(self.batch_deviation) + " !" * company,
            _number(self.difference),
            "-" if self.correlation is None else f"{self.correlation:.4f}",
            "-" if self.seconds is None else f"{self.seconds:.3f}",
            remark,
        )


@dataclass(frozen=True)
class Verification:
    """What other tools make of the same question, beside ours.

    rows: grouped by method, ours first.
    facts: the question: examples, shape, target, baseline, draws, device, seed, model hash, kind of output, versions.
    """

    rows: tuple[Comparison, ...]
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        """The question in one line."""
        shape = " x ".join(map(str, self.facts["shape"]))
        draws, count = self.facts["draws"], self.facts["examples"]
        return (
            f"{count} example{'s' * (count != 1)} of {shape}, target {self.facts['target']}, baseline"
            f" {self.facts['baseline']} ({draws} reference{'s' * (draws != 1)} each), {self.facts['device']}"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per method of a tool."""
        return pd.DataFrame([asdict(row) for row in self.rows])

    def save(self, path: Path | str) -> None:
        """Write the table (.tsv, .csv), or the table with its facts (.json); an older file is replaced.

        Raises:
            InputError: the name has another ending.
        """
        path = Path(path)
        if path.suffix not in (".tsv", ".csv", ".json"):
            raise InputError(f"{path.name} has none of the endings .tsv, .csv, .json; give one that it can be")
        with written_whole(path, force=True) as place:
            if path.suffix == ".json":
                rows = [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows]
                place.write_text(json.dumps({"facts": dict(self.facts), "rows": rows}, indent=1), encoding="utf-8")
            else:
                separator = "," if path.suffix == ".csv" else "\t"
                self.to_frame().to_csv(place, sep=separator, index=False, float_format="%.6g")

    def lines(self) -> list[tuple[str, ...]]:
        """The cells of the printed table: the rows with an answer, a method named once, long remarks numbered."""
        notes = self.notes
        found: list[tuple[str, ...]] = []
        before = None
        for row in self._asked:
            remark = f"see {notes.index(row.remark) + 1}" if row.remark in notes else row.remark
            cells = row.cells(remark)
            found.append(cells if row.method != before else ("", *cells[1:]))
            before = row.method
        return found

    @property
    def notes(self) -> list[str]:
        """The remarks that are too long for the printed table, in the order of their numbers."""
        return list(dict.fromkeys(row.remark for row in self._asked if len(row.remark) > SHORT))

    @property
    def below(self) -> list[str]:
        """What stands below the printed table: long remarks, what the tools lack, and what the columns mean."""
        notes = [f"{number:2d}. {note}" for number, note in enumerate(self.notes, start=1)]
        blocks = [notes, self._lacking, list(LEGEND)]
        return [line for block in blocks if block for line in ("", *block)]

    @property
    def _asked(self) -> list[Comparison]:
        return [row for row in self.rows if row.method and row.remark != NO_METHOD]

    @property
    def _lacking(self) -> list[str]:
        """One line per tool that is missing or lacks methods."""
        lacks: dict[str, list[str]] = {}
        for row in self.rows:
            if row.remark == NO_METHOD:
                lacks.setdefault(f"{row.tool} {row.version}".rstrip(), []).append(row.method)
        missing = [f"{row.tool}: {row.remark}" for row in self.rows if not row.method]
        return [f"{tool} has no {', '.join(methods)}" for tool, methods in lacks.items()] + missing

    def __str__(self) -> str:
        """The table as plain text."""
        lines = [HEADER, *self.lines()]
        columns = map(_aligned, zip(*lines, strict=True))
        text = [line.rstrip() for line in map("  ".join, zip(*columns, strict=True))]
        for index in reversed([index for index, line in enumerate(lines) if index > 1 and line[0]]):
            text.insert(index, "")
        return "\n".join([self.title, "", *text, *self.below])


def _aligned(column: tuple[str, ...]) -> list[str]:
    """A column of equal width: words to the left, numbers to the right with room for marks."""
    if column[0] not in NUMBERS:
        return [cell.ljust(max(map(len, column))) for cell in column]
    marked = any(cell.endswith("!") for cell in column)
    padded = [cell if cell.endswith("!") or not marked else f"{cell}  " for cell in column]
    return [cell.rjust(max(map(len, padded))) for cell in padded]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"


def _above(value: float | None, limit: float) -> bool:
    """NaN counts as above."""
    return value is not None and not value <= limit


def _plain(value: object) -> object:
    """A value as JSON can hold it: numbers that are not finite as words."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
