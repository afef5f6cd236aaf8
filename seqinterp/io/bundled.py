"""The small data files that come with the package."""

from pathlib import Path

from seqinterp.errors import FileError


def bundled(name: str) -> Path:
    """The path of a file of `data/`, in the installed package or in the repository; FileError if there is none."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data", package.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise FileError(f"no file named {name!r} comes with seqinterp; data/README.md lists those that do")
