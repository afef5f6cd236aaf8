"""Settings of a run in a TOML file."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqinterp.errors import FileError


def read_settings(path: Path | str, known: Sequence[str]) -> dict[str, Any]:
    """The entries of a TOML file, of which the outermost have names out of `known`.

    Raises:
        FileError: the file cannot be read, is not TOML, or has an entry of another name.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: is not TOML ({error})") from error
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise FileError(f"{path}: has an entry {unknown[0]!r}; it can have {', '.join(known)}")
    return found
