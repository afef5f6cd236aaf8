"""From what `seqinterp optimize` is told to what the call takes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqinterp.api.constraints import Constraints
from seqinterp.api.penalties import Penalties
from seqinterp.errors import InputError
from seqinterp.io.load_model import load_model
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.sequences import read_sequences
from seqinterp.io.settings_file import read_settings

PLAIN = (
    "start",
    "length",
    "count",
    "method",
    "steps",
    "kind",
    "prune",
    "insert",
    "target",
    "ensemble",
    "seed",
    "device",
)
TABLES = ("constraints", "penalties", "options")


def told(config: Path | None, given: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says, and over it what was given as options; paths in a file are seen from where it lies."""
    found = {} if config is None else read_settings(config, (*PLAIN, *TABLES))
    for name in TABLES:
        if not isinstance(found.setdefault(name, {}), dict):
            raise InputError(f"{name} in {config} must be a table: write [{name}] above its entries")
    if config is not None:
        for name in ("start", "insert"):
            if name in found:
                found[name] = config.parent / found[name]
        found["ensemble"] = [config.parent / path for path in found.get("ensemble", [])]
        for table, name in (("constraints", "no_new_hits"), ("penalties", "natural")):
            if isinstance(found[table].get(name), str):
                found[table][name] = config.parent / found[table][name]
    found |= {name: value for name, value in given.items() if value is not None}
    found["constraints"] |= {name: value for name, value in rules.items() if value is not None}
    return found


def arguments(run: Path, settings: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments of `seqinterp.optimize`.

    Raises:
        InputError: a setting cannot be used.
        FileError: a file cannot be read.
    """
    models = [load_model(path) for path in (run, *settings.get("ensemble", ()))]
    start = settings.get("start")
    begin = None if start is None else list(read_sequences(Path(start)).sequences)
    names = ("length", "count", "target", "method", "steps", "prune", "seed", "device")
    keyword = {name: settings[name] for name in names if name in settings} | dict(settings["options"])
    if "kind" in settings:
        keyword["kinds"] = settings["kind"]
    if "insert" in settings:
        keyword["motifs"] = read_motifs(settings["insert"])
    keyword["constraints"] = Constraints(**_known(settings["constraints"], Constraints, "constraints"))
    keyword["penalties"] = Penalties(**_known(settings["penalties"], Penalties, "penalties"))
    return [models[0] if len(models) == 1 else models, begin], keyword


def _known(table: Mapping[str, Any], kind: type, name: str) -> dict[str, Any]:
    """A table whose entries are fields, files read."""
    offered = [field for field in kind.__dataclass_fields__ if field != "also"]  # type: ignore[attr-defined]
    unknown = sorted(set(table) - set(offered))
    if unknown:
        raise InputError(f"there is no entry {unknown[0]!r} among the {name}; there can be {', '.join(offered)}")
    found = dict(table)
    if isinstance(found.get("no_new_hits"), Path | str):
        found["no_new_hits"] = read_motifs(found["no_new_hits"])
    if isinstance(found.get("natural"), Path | str):
        found["natural"] = list(read_sequences(Path(found["natural"])).sequences)
    return found


def spans(texts: Sequence[str] | None, name: str) -> list[tuple[int | str, ...]] | None:
    """START:STOP of each, and a strand where one is named."""
    if texts is None:
        return None
    found: list[tuple[int | str, ...]] = []
    for text in texts:
        parts = text.split(":")
        if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts[:2]):
            raise InputError(f"--{name} must be START:STOP, as 40:60, not {text!r}")
        found.append((int(parts[0]), int(parts[1]), *parts[2:]))
    return found


def shares(text: str | None) -> tuple[float, float] | None:
    """LOWEST:HIGHEST."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError as error:
        raise InputError(f"--gc must be LOWEST:HIGHEST, as 0.4:0.6, not {text!r}") from error
    return low, high
