from pathlib import Path

import pytest

from seqinterp.errors import FileError
from seqinterp.io.atomic import written_whole


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def write(path, text="new", **options):
    with written_whole(path, **options) as whole:
        assert whole.name == path.name and whole != path
        whole.write_text(text)


def make(path, text="new", **options):
    with written_whole(path, **options) as whole:
        whole.mkdir()
        (whole / "run.json").write_text(text)


def test_files_and_folders_appear_whole(tmp_path):
    write(tmp_path / "deep" / "er" / "x.tsv.gz")
    make(tmp_path / "run")
    assert listing(tmp_path) == ["deep", "deep/er", "deep/er/x.tsv.gz", "run", "run/run.json"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_left_of_what_did_not_end_well(tmp_path, stop, force):
    path = tmp_path / "deep" / "run"
    if force:
        make(path, "old")
    before = listing(tmp_path)
    with pytest.raises(stop), written_whole(path, force=force) as whole:
        whole.mkdir()
        (whole / "half").write_text("half")
        raise stop
    assert listing(tmp_path) == before
    assert not force or (path / "run.json").read_text() == "old"


@pytest.mark.parametrize("first", [write, make])
@pytest.mark.parametrize("second", [write, make])
def test_only_force_replaces(tmp_path, first, second):
    path = tmp_path / "x"
    first(path, "old")
    with pytest.raises(FileError, match=r"x exists and is not replaced; .* use force"):
        second(path)
    assert (path if first is write else path / "run.json").read_text() == "old"
    second(path, force=True)
    assert (path if second is write else path / "run.json").read_text() == "new"
    assert listing(tmp_path) == (["x"] if second is write else ["x", "x/run.json"])


@pytest.mark.parametrize("mark", ["run.json", "model.json", None])
def test_force_replaces_only_folders_of_ours(tmp_path, mark):
    path = tmp_path / "x"
    path.mkdir()
    if mark:
        (path / mark).write_text("{}")
        (path / "more").mkdir()
    make(path, force=True)
    assert listing(tmp_path) == ["x", "x/run.json"]


@pytest.mark.parametrize("put", [write, make])
@pytest.mark.parametrize("mine", ["thesis.tex", "deep/run.json", "run.json/thesis.tex", ".git/config"])
def test_force_leaves_other_folders_alone(tmp_path, put, mine):
    file = tmp_path / "x" / mine
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = listing(tmp_path)
    with pytest.raises(FileError, match="x is a folder with files that are no run or model of seqinterp"):
        put(tmp_path / "x", force=True)
    assert listing(tmp_path) == before and file.read_text() == "mine"


def test_a_folder_that_was_filled_in_between_is_not_replaced(tmp_path):
    path = tmp_path / "x"
    path.mkdir()
    with pytest.raises(FileError, match="no run or model"), written_whole(path, force=True) as whole:
        whole.mkdir()
        (path / "theirs").write_text("theirs")
    assert listing(tmp_path) == ["x", "x/theirs"]


def test_what_came_in_between_is_not_replaced(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(FileError, match="exists"), written_whole(path) as whole:
        whole.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs" and listing(tmp_path) == ["x"]


def test_the_folder_in_use_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "project" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "sub")
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for path in (tmp_path / "project", tmp_path / "project" / "sub", tmp_path / "home"):
        with pytest.raises(FileError, match="holds your home or the folder you work in"):
            make(path, force=True)
    assert listing(tmp_path) == ["home", "project", "project/sub"]


def test_writing_nothing_or_nowhere_is_refused(tmp_path):
    with pytest.raises(FileError, match="nothing was written"), written_whole(tmp_path / "x"):
        pass
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="cannot be written"):
        write(tmp_path / "file" / "x")
    assert listing(tmp_path) == ["file"]


def test_a_failed_rename_brings_the_old_folder_back(tmp_path, monkeypatch):
    make(tmp_path / "run", "old")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "replace", refuse)
    with pytest.raises(PermissionError):
        make(tmp_path / "run", force=True)
    assert listing(tmp_path) == ["run", "run/run.json"] and (tmp_path / "run" / "run.json").read_text() == "old"


def test_a_path_without_a_name_is_refused():
    with pytest.raises(FileError, match="no name for a file or folder"):
        write(Path("/"), force=True)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(FileError, match="cannot be written: Permission denied; choose another place"):
        write(tmp_path / "new" / "x")
    assert listing(tmp_path) == []
