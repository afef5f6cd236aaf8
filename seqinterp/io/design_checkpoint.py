"""Where a search for designs stands, in one file, so that an interrupted one goes on where it was."""

from pathlib import Path

import numpy as np
import torch

from seqinterp.design.walk import Walk
from seqinterp.errors import FileError
from seqinterp.io.arrays import load_arrays, save_arrays

KIND = "search for designs"
_FIELDS = ("starts", "codes", "values", "trajectory", "done")


def save_walk(path: Path | str, search: str, walk: Walk) -> None:
    """Write the state; `search` tells what is looked for, and how."""
    arrays = {name: getattr(walk, name) for name in _FIELDS}
    arrays |= {f"memory/{name}": array for name, array in walk.memory.items()}
    held = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    save_arrays(path, KIND, held, {"search": search})


def load_walk(path: Path | str, search: str) -> Walk | None:
    """What `save_walk` wrote; None where there is no such file.

    Raises:
        FileError: the file cannot be read, or is of another search.
    """
    if not Path(path).exists():
        return None
    arrays, facts = load_arrays(path, KIND, needed=_FIELDS)
    if facts.get("search") != search:
        raise FileError(f"{path} belongs to a search for something else or another way; remove it, or name another")
    kept = [name for name in arrays if name.startswith("memory/")]
    memory: dict[str, np.ndarray] = {name.removeprefix("memory/"): arrays[name].numpy() for name in kept}
    return Walk(**{name: arrays[name].numpy() for name in _FIELDS}, memory=memory)


def forget_walk(path: Path | str) -> None:
    """Remove what `save_walk` wrote, if anything."""
    Path(path).unlink(missing_ok=True)
