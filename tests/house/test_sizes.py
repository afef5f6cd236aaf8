"""Small rooms: no file over 400 lines, and most functions under 40."""

import ast
from pathlib import Path
from statistics import median

import seqinterp

ROOT = Path(seqinterp.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def lines_of_functions():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                documented = ast.get_docstring(node, clean=False) or ""
                yield node.end_lineno - node.lineno + 1 - documented.count("\n"), f"{path.name}:{node.name}"


def test_no_file_is_over_400_lines():
    long = {path.name: n for path in FILES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long


def test_the_median_file_is_about_120_lines_or_less():
    sizes = [n for path in FILES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 1]
    assert median(sizes) <= 130


def test_functions_are_short():
    lines = list(lines_of_functions())
    assert not [name for count, name in lines if count > 60]
    assert sum(count > 40 for count, _ in lines) / len(lines) < 0.03
