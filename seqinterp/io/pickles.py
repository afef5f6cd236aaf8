"""Recognising pickles by their content, to refuse them: nothing is ever unpickled by this package."""

import bz2
import gzip
import lzma
import pickletools
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqinterp.errors import FileError

PROTOCOL = b"\x80"  # a pickle of protocol 2 or later starts with it
LARGEST = 1 << 20  # a pickle of protocol 0 or 1 has no mark of its own: its opcodes are read, in files up to 1 MiB


def refuse_pickle(path: str | Path) -> None:
    """Raise FileError where a file is a pickle, whatever its name: torch.save, joblib, plain or compressed.

    The file is looked at, never loaded.
    """
    path = Path(path)
    kind = _pickle_kind(path)
    if kind:
        raise FileError(
            f"{path} is {kind}, and loading it would run whatever code its maker put in; where you trust the maker, "
            "load it yourself, write model.state_dict() with safetensors.torch.save_file, and rebuild the module "
            "from its code with load_state_dict"
        )


def _pickle_kind(path: Path) -> str | None:
    """What kind of pickle a file is, in words; None where it is none."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if zipfile.is_zipfile(path):
            return _kind_of_zip(path)
        if start[257:262] == b"ustar":
            return _kind_of_tar(path)
        if start.startswith(PROTOCOL) and len(start) > 1 and start[1] <= 5:
            return "a Python pickle (torch.save, joblib and pickle.dump write such files)"
        if _unpacked_start(start, path).startswith(PROTOCOL):
            return "a compressed Python pickle (joblib.dump writes such files)"
        if path.stat().st_size <= LARGEST and _is_old_pickle(path.read_bytes()):
            return "a Python pickle of an old protocol"
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error
    return None


def _kind_of_zip(path: Path) -> str | None:
    """torch.save has written zip archives with a pickle inside since version 1.6; TorchScript does the same."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return None
    inside = any(name.rsplit("/", 1)[-1] == "data.pkl" or name.endswith((".pkl", ".pickle")) for name in names)
    return "a zip archive with a pickle inside (torch.save writes such files)" if inside else None


def _kind_of_tar(path: Path) -> str | None:
    """The first versions of torch.save wrote tar archives."""
    try:
        with tarfile.open(path) as archive:
            inside = any(name.rsplit("/", 1)[-1] in ("pickle", "storages") for name in archive.getnames())
    except tarfile.TarError:
        return None
    return "a tar archive with a pickle inside (old versions of torch.save wrote such files)" if inside else None


def _unpacked_start(start: bytes, path: Path) -> bytes:
    """The first byte under the compressions that joblib knows; nothing where there is none."""
    openers: dict[bytes, Callable[..., Any]] = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ": lzma.open,
        b"\x5d\x00\x00": lzma.open,
    }
    try:
        for mark, opener in openers.items():
            if start.startswith(mark):
                with opener(path, "rb") as file:
                    return bytes(file.read(1))
        if start.startswith(b"ZF"):  # joblib before 0.10: a header of text, then zlib
            return PROTOCOL
        if start[:1] == b"\x78":
            return zlib.decompressobj().decompress(start, 1)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, OSError):
        return b""
    return b""


def _is_old_pickle(content: bytes) -> bool:
    """Whether the bytes read as pickle opcodes from the first to a final STOP; nothing is carried out."""
    try:
        *_, (last, _, position) = pickletools.genops(content)
    except (ValueError, UnicodeDecodeError, IndexError):
        return False
    return last.name == "STOP" and position == len(content.rstrip()) - 1 and position > 0
