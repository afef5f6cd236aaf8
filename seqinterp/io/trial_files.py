"""Finished parts of a long evaluation, one file each in a folder, so that an interrupted one goes on where it was."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.io.arrays import load_arrays, save_arrays

KIND = "trial"


@dataclass(frozen=True)
class TrialFiles:
    """A folder of finished parts; `identity` tells what is evaluated, and how.

    Raises:
        FileError: the folder is a file.
    """

    folder: Path
    identity: str

    def __post_init__(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder} is a file; name a folder for the parts of an evaluation")

    def save(self, name: str, own: str, arrays: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Keep one part; `own` tells it from others of its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        save_arrays(self._path(name), KIND, arrays, {"identity": self.identity, "own": own, **facts})

    def load(self, name: str, own: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """A part that was kept, or None.

        Raises:
            FileError: it cannot be read, or belongs to another evaluation.
        """
        path = self._path(name)
        if not path.exists():
            return None
        arrays, facts = load_arrays(path, KIND)
        if (facts.pop("identity", None), facts.pop("own", None)) != (self.identity, own):
            raise FileError(
                f"{path} belongs to an evaluation of another model, of other inputs or with other options; remove"
                f" {self.folder}, or name another"
            )
        return arrays, facts

    def _path(self, name: str) -> Path:
        """The file of a part; its name may hold letters that no file can."""
        plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)[:60]
        return self.folder / f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.safetensors"
