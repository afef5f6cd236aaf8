"""Every Python block of the README runs, top to bottom, in one interpreter; every `seqinterp` line can be parsed."""

import re
import shlex
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


def command_lines() -> list[list[str]]:
    """The words of every `seqinterp ...` line of the README, comments off, continued lines joined."""
    text = "\n".join(blocks("bash")).replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["seqinterp"]]


def test_the_readme_shows_the_command_line():
    assert len(command_lines()) >= 5


@pytest.mark.parametrize("words", command_lines(), ids=" ".join)
def test_commands_and_their_options_exist(words):
    from typer.main import get_command

    from seqinterp.cli import app

    verbs = get_command(app).commands
    assert words[0] in verbs
    verb = verbs[words[0]]
    known = {name for parameter in verb.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words[1:] if word.startswith("-")} <= known
    verb.make_context(words[0], words[1:])  # refuses missing or superfluous arguments and values of the wrong kind


@pytest.mark.parametrize(
    "target", sorted({t for block in blocks("bash") for t in re.findall(r"^make (\S+)", block, re.M)})
)
def test_make_targets_exist(target):
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
