"""From what `seqinterp optimize` is told to what the call takes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqinterp.api.constraints import Constraints
from seqinterp.api.design_parts.run import SHARED
from seqinterp.api.penalties import Penalties
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.targets import contrast, output
from seqinterp.design.goals import minimize, reach
from seqinterp.errors import InputError
from seqinterp.io.load_model import load_model
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.sequences import read_sequences
from seqinterp.io.settings_file import read_settings

# what a file may say, and what each must be
PLAIN: dict[str, type | tuple[type, ...]] = {
    "start": (str, Path),
    "length": int,
    "count": int,
    "method": str,
    "steps": int,
    "kind": list,
    "prune": (int, float),
    "insert": (str, Path),
    "target": int,
    "minimize": bool,
    "reach": (int, float),
    "against": list,
    "ensemble": list,
    "seed": int,
    "device": str,
}
_WORDS = {str: "a text", int: "a whole number", list: "a list", bool: "true or false"}
TABLES = ("constraints", "penalties", "options")


def told(config: Path | None, given: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says, and over it what was given as options.

    Raises:
        FileError: the file cannot be read, or has an entry that nothing is known of.
        InputError: an entry is not what it must be.
    """
    found: dict[str, Any] = {name: {} for name in TABLES}
    if config is not None:
        found |= read_settings(config, (*PLAIN, *TABLES))
        _check_entries(config, found)
        _seen_from(config.parent, found)
    found |= {name: value for name, value in given.items() if value is not None}
    found["constraints"] |= {name: value for name, value in rules.items() if value is not None}
    return found


def _check_entries(config: Path, found: Mapping[str, Any]) -> None:
    """Raise InputError where an entry of a file is not what it must be."""
    for name, value in found.items():
        if name in TABLES and not isinstance(value, dict):
            raise InputError(f"{name} in {config} must be a table: write [{name}] above its entries")
        kind = PLAIN.get(name, dict)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            word = _WORDS[kind if isinstance(kind, type) else kind[0]]
            raise InputError(f"{name} in {config} must be {word}, not {value!r}")
    if not all(isinstance(path, str) for path in found.get("ensemble", ())):
        raise InputError(f"ensemble in {config} must be a list of paths, not {found['ensemble']!r}")


def _seen_from(folder: Path, found: dict[str, Any]) -> None:
    """Paths in a file are seen from where it lies."""
    for name in ("start", "insert"):
        if name in found:
            found[name] = folder / found[name]
    found["ensemble"] = [folder / path for path in found.get("ensemble", [])]
    for table, name in (("constraints", "no_new_hits"), ("penalties", "natural")):
        if isinstance(found[table].get(name), str):
            found[table][name] = folder / found[table][name]


def arguments(run: Path, settings: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments of `seqinterp.optimize`.

    Raises:
        InputError: a setting cannot be used.
        FileError: a file cannot be read.
    """
    models = [load_model(path) for path in (run, *settings.get("ensemble", ()))]
    start = settings.get("start")
    begin = None if start is None else list(read_sequences(Path(start)).sequences)
    names = ("length", "count", "method", "steps", "prune", "seed", "device")
    keyword = {name: settings[name] for name in names if name in settings}
    taken = {*PLAIN, *TABLES, *SHARED, "kinds", "motifs", "penalties", "model"} & set(settings["options"])
    if taken:
        raise InputError(f"[options] are those of the method; {sorted(taken)[0]} stands outside of it, or as an option")
    keyword |= {**settings["options"], "target": _target(settings)}
    if "kind" in settings:
        keyword["kinds"] = settings["kind"]
    if "insert" in settings:
        keyword["motifs"] = read_motifs(settings["insert"])
    keyword["constraints"] = Constraints(**_known(settings["constraints"], Constraints, "constraints"))
    keyword["penalties"] = Penalties(**_known(settings["penalties"], Penalties, "penalties"))
    return [models[0] if len(models) == 1 else models, begin], keyword


def searches(keyword: Mapping[str, Any], checkpoint: Path, *, quiet: bool) -> dict[str, Any]:
    """What a search is told beside: a library that is given is only scored."""
    if keyword.get("method") == "screen" and "length" not in keyword:
        return {}
    return {"checkpoint": checkpoint, "keep_checkpoint": True, "progress": not quiet}


def _target(settings: Mapping[str, Any]) -> Target:
    """What is raised."""
    index, others = settings.get("target", 0), settings.get("against")
    if others is not None and not all(isinstance(one, int) for one in others):
        raise InputError(f"against must be a list of outputs, not {others!r}")
    goal: Target = output(index) if others is None else contrast(index, others)
    if "reach" in settings and settings.get("minimize"):
        raise InputError("minimize and reach exclude each other; give one")
    if "reach" in settings:
        return reach(goal, float(settings["reach"]))
    return minimize(goal) if settings.get("minimize") else goal


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
