"""Text files, plain or gzipped, with one sentence for everything that can be wrong with one."""

import gzip
import zlib
from pathlib import Path

from seqinterp.errors import FileError

_GZIP = b"\x1f\x8b"


def read_lines(path: str | Path) -> list[str]:
    """The lines of a text file without their ends; gzip is recognised by content, a BOM and CRLF are taken off.

    Raises FileError, naming the file, if it is missing, a folder, not allowed, empty, not text, truncated, or
    named .gz without being gzipped.
    """
    path = Path(path)
    content = _unpacked(path, _content(path))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(f"{path}, line {line}: not text (UTF-8); give a plain or gzipped text file") from error
    if "\0" in text:
        raise FileError(f"{path}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: binary data; give a text file")
    if not text.strip():
        raise FileError(f"{path} is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")


def _content(path: Path) -> bytes:
    """The bytes of a file."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(f"{path} does not exist; check the name and the folder") from error
    except IsADirectoryError as error:
        raise FileError(f"{path} is a folder; give a file in it") from error
    except PermissionError as error:
        raise FileError(f"{path} may not be read: permission denied") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def _unpacked(path: Path, content: bytes) -> bytes:
    """The content, gunzipped where it is gzipped."""
    if not content:
        raise FileError(f"{path} is empty")
    if not content.startswith(_GZIP):
        if path.suffix == ".gz":
            raise FileError(f"{path} is named .gz but is not gzipped; gzip it, or take .gz off its name")
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, OSError) as error:
        raise FileError(f"{path} is gzipped but cut short or damaged ({error}); fetch it again") from error
