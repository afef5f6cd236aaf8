import gzip
import os

import pytest

from seqinterp.errors import FileError
from seqinterp.io.text import read_lines


@pytest.mark.parametrize(
    "content", [b"a\nb\n", b"a\r\nb\r\n", b"\xef\xbb\xbfa\nb", b"a\rb", gzip.compress(b"a\nb\n\n", mtime=0)]
)
def test_lines_are_read_however_they_end(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert read_lines(path) == ["a", "b"] == read_lines(str(path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", b"", "x.tsv is empty"),
        ("x.tsv", b" \n\n", "x.tsv is empty"),
        ("x.tsv.gz", gzip.compress(b"", mtime=0), "x.tsv.gz is empty"),
        ("x.tsv.gz", b"plain text", "named .gz but is not gzipped"),
        ("x.tsv.gz", gzip.compress(b"text" * 1000, mtime=0)[:-9], "cut short or damaged"),
        ("x.tsv.gz", gzip.compress(b"text" * 1000, mtime=0)[:15] + b"\0" * 9, "cut short or damaged"),
        ("x.tsv", b"ok\n\xff\xfe\n", "x.tsv, line 2: not text"),
        ("x.tsv", b"ok\nok\n\0\n", "x.tsv, line 3: binary data"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=message):
        read_lines(tmp_path / name)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileError, match=r"none.txt does not exist"):
        read_lines(tmp_path / "none.txt")
    with pytest.raises(FileError, match="is a folder; give a file in it"):
        read_lines(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="cannot be read"):
        read_lines(tmp_path / "file" / "inside")


@pytest.mark.parametrize("refused", [PermissionError(13, "Permission denied")])
def test_no_permission(tmp_path, monkeypatch, refused):
    path = tmp_path / "x.tsv"
    path.write_text("a")
    if os.geteuid() == 0:  # root may read everything

        def refuse(_):
            raise refused

        monkeypatch.setattr(type(path), "read_bytes", refuse)
    else:
        path.chmod(0)
    with pytest.raises(FileError, match="may not be read: permission denied"):
        read_lines(path)
