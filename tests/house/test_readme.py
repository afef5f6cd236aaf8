"""Every Python block of the README runs, top to bottom, in one interpreter; every `seqinterp` line names a verb."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.exists() else ""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_readme_has_code():
    assert len(blocks("python")) >= 2
    assert blocks("bash")


def test_python_blocks_run(tmp_path):
    program = "\n".join(blocks("python"))
    (tmp_path / "readme.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-W", "error", "readme.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_commands_exist():
    from typer.main import get_command

    from seqinterp.cli import app

    verbs = set(get_command(app).commands)
    named = {verb for block in blocks("bash") for verb in re.findall(r"^seqinterp (\w+)", block, flags=re.MULTILINE)}
    assert named, "the README shows the command line"
    assert named <= verbs


@pytest.mark.parametrize(
    "target", sorted({t for block in blocks("bash") for t in re.findall(r"^make (\S+)", block, re.M)})
)
def test_make_targets_exist(target):
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
