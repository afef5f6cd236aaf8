import pytest

from seqinterp.errors import FileError
from seqinterp.io.bundled import bundled


def test_bundled_files_are_found():
    assert bundled("jaspar_subset.meme").read_text().startswith("MEME version 4")
    with pytest.raises(FileError, match=r"no file named 'none.txt' comes with seqinterp"):
        bundled("none.txt")
