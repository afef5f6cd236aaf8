"""Which picture files there are and of which class: in folders named after the classes."""

from dataclasses import dataclass
from pathlib import Path

from seqinterp.errors import FileError
from seqinterp.io.image_pixels import SUFFIXES

# What the parts of a split are called in folders and tables, in any case.
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
PARTS |= dict.fromkeys(("valid", "val", "validation"), "valid")
HIDDEN = (".", "__")  # what the names of hidden folders begin with


@dataclass(frozen=True)
class Listed:
    """A picture file that is to be read: where it is, what it is called, and what is known of it."""

    file: Path
    name: str
    label: str
    group: str | None = None
    split: str | None = None


def folder_listing(root: Path) -> list[Listed]:
    """The pictures in folders named after their classes, below train, valid and test where such folders are there.

    Names are paths from `root`, sorted within each class. Other files, and hidden files and folders, are left out.

    Raises:
        FileError: no folders, pictures beside them, or a folder without pictures.
    """
    tops = _folders(root)
    if not tops:
        raise FileError(f"{root} holds no folders; a folder for each class is wanted, with its pictures in it")
    parts = [PARTS.get(top.name.lower()) for top in tops]
    if not any(parts):
        return _classes(root, root, None)
    if not all(parts):
        other = next(top.name for top, part in zip(tops, parts, strict=True) if part is None)
        raise FileError(
            f"{root} holds folders of a split and also {other}; keep either train, valid and test alone or the classes"
        )
    listed = [row for top, part in zip(tops, parts, strict=True) for row in _classes(root, top, part)]
    order = ["train", "valid", "test"]
    return sorted(listed, key=lambda row: order.index(row.split or ""))  # stable: classes and names stay in order


def _classes(root: Path, folder: Path, split: str | None) -> list[Listed]:
    """The pictures in the folders of classes within a folder."""
    loose = sorted(file.name for file in folder.iterdir() if _is_picture(file, folder))
    if loose:
        raise FileError(
            f"{folder} holds pictures ({loose[0]}) of no class; put each in a folder named after its class, or give a"
            " table"
        )
    listed: list[Listed] = []
    for top in _folders(folder):
        files = pictures(top)
        if not files:
            raise FileError(f"{top} holds no pictures ({', '.join(sorted(SUFFIXES))}); remove the folder or fill it")
        listed += [Listed(file, file.relative_to(root).as_posix(), top.name, None, split) for file in files]
    if not listed:
        raise FileError(f"{folder} holds no folders; a folder for each class is wanted, with its pictures in it")
    return listed


def pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and below it, sorted; hidden ones, as `._one.png` of a Mac, are left out."""
    return sorted(file for file in folder.rglob("*") if _is_picture(file, folder))


def _is_picture(file: Path, folder: Path) -> bool:
    """Whether it is a picture file that people see."""
    inside = file.relative_to(folder).parts
    hidden = inside[-1].startswith(".") or any(part.startswith(HIDDEN) for part in inside[:-1])
    return file.suffix.lower() in SUFFIXES and not hidden and file.is_file()


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, by name, without hidden ones."""
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(HIDDEN))
