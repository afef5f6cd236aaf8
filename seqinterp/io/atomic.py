"""Files and folders that appear whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqinterp.errors import FileError

# any of them makes a folder a run, a checkpoint, a discovery, a scorecard or a study
OURS = ("run.json", "model.json", "discovery.json", "scorecard.safetensors", "image_study.safetensors")


@contextmanager
def written_whole(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A path to write a file to, or to make a folder at, that becomes `path` once the block has ended well.

    The path lies in a temporary folder beside `path` and has the same name. On any exception, Ctrl-C included,
    it is removed with all it holds and `path` stays as it was. Missing parent folders are made.

    With `force` an older file is replaced, and a folder with all it holds if it is a run, a checkpoint, a discovery or
    a scorecard (a file of OURS is in it) or empty. Raises FileError if `path` exists and may not be replaced, if it
    holds the current folder or your home, or if it cannot be written.
    """
    path = Path(path)
    _refuse(path, force=force)
    room, made = _make_room(path)
    done = False
    try:
        yield room / path.name
        if not (room / path.name).exists():
            raise FileError(f"nothing was written for {path}")
        _refuse(path, force=force)
        _swap_in(room, path)
        done = True
    finally:
        shutil.rmtree(room, ignore_errors=True)
        if not done:
            _remove(made)


def _refuse(path: Path, *, force: bool) -> None:
    """FileError unless `path` is free or may be replaced."""
    if not path.name:
        raise FileError(f"{path} is no name for a file or folder; give one inside it")
    kept = (Path.cwd(), Path("~").expanduser().resolve())
    if path.is_dir() and any(folder.is_relative_to(path.resolve()) for folder in kept):
        raise FileError(f"{path} holds your home or the folder you work in and is not replaced; give a name inside it")
    if not force and (path.exists() or path.is_symlink()):
        raise FileError(f"{path} exists and is not replaced; choose another name, or use force")
    if path.is_dir() and not any((path / name).is_file() for name in OURS) and any(path.iterdir()):
        raise FileError(
            f"{path} is a folder with files that are no run or model of seqinterp, so it is not replaced; "
            "choose another name"
        )


def _make_room(path: Path) -> tuple[Path, list[Path]]:
    """Make a temporary folder beside `path`, and the missing parents, which come back innermost first."""
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)), missing
    except OSError as error:
        _remove(missing)
        raise FileError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error


def _remove(folders: list[Path]) -> None:
    """Remove those of the folders that are there and hold nothing."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _swap_in(room: Path, path: Path) -> None:
    """Rename the finished file or folder to `path`; what stood there goes into `room`, and back on failure."""
    old = room / f"{path.name}.old"
    # A rename replaces a file by a file in one step; where a folder is part of it, the old one must step aside first.
    replaced = path.exists() and (path.is_dir() or (room / path.name).is_dir())
    if replaced:
        path.rename(old)
    try:
        (room / path.name).replace(path)
    except BaseException:
        if replaced:
            old.rename(path)
        raise
