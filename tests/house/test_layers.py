"""Imports point down: a module may import its own floor's room or a lower floor (DESIGN: floors)."""

import ast
from pathlib import Path

import pytest

import seqinterp

ROOT = Path(seqinterp.__file__).parent
FLOORS = [
    {"shapes", "errors", "sequence", "kernels"},
    {"attribution", "models"},
    {"mutagenesis", "motifs", "design", "evaluation", "uncertainty", "cases", "images", "concepts"},
    {"io", "plot", "report"},
    {"api"},
    {"cli", "__main__"},
]
# floor 2: uses of the core, unknown to one another
STRANGERS = {"mutagenesis", "motifs", "design", "evaluation", "uncertainty", "cases", "images", "concepts"}
ACQUAINTED = {("design", "mutagenesis")}  # design asks what each edit would do
ONLY_FLOOR_3_AND_UP = {"matplotlib", "logomaker", "jinja2", "typer"}
TOUCHES_FILES = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "unlink", "mkdir", "touch"}
FILES = sorted(ROOT.rglob("*.py"))
PUBLIC = seqinterp._PUBLIC  # public name -> the module that defines it


def room(module: str) -> str:
    return module.split(".")[1]


def floor(name: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if name in rooms)


def imported(tree: ast.Module):
    """Every module imported anywhere in a file, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == ROOT.name:  # `from seqinterp import api` takes a room, `... import one_hot` its module
                named = (PUBLIC.get(alias.name, alias.name) for alias in node.names)
                yield from (f"{ROOT.name}.{name}" for name in named if not name.startswith("__"))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def file_calls(tree: ast.Module) -> list[str]:
    """The calls in a file that open, read, write, make or remove files: open(...) and those of pathlib."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [getattr(func, "id", getattr(func, "attr", "")) for func in calls]
    return [name for name in names if name in TOUCHES_FILES]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def here(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_the_walk_sees_the_whole_house():
    assert {here(path) for path in FILES} - {"__init__"} == set().union(*FLOORS)


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("from seqinterp import api", "seqinterp.api"),
        ("from seqinterp import attribute", "seqinterp.api.attribute"),
        ("from seqinterp.api import discover", "seqinterp.api"),
        ("import seqinterp.io.tables as tables", "seqinterp.io.tables"),
        ("def f():\n    from seqinterp import cli as here", "seqinterp.cli"),
    ],
)
def test_the_walk_sees_every_spelling(line, module):
    assert module in list(imported(ast.parse(line)))


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        ("open('a')", ["open"]),
        ("with Path('a').open() as file: file.read()", ["open"]),
        ("path.read_text(); path.write_text('')", ["read_text", "write_text"]),
        ("Path('a').read_bytes(); (a / b).write_bytes(b'')", ["read_bytes", "write_bytes"]),
        ("opened = reopen(a.opening)", []),
    ],
)
def test_the_walk_sees_files_being_touched(line, calls):
    assert sorted(file_calls(ast.parse(line))) == calls


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != ROOT or p.stem != "__init__"], ids=str)
def test_imports_point_down(path):
    mine = here(path)
    for module in imported(parsed(path)):
        if module.startswith("seqinterp."):
            theirs = room(module)
            assert floor(theirs) <= floor(mine), f"{path.relative_to(ROOT)} (floor {floor(mine)}) imports {module}"
            strangers = {mine, theirs} <= STRANGERS and mine != theirs
            assert not strangers or (mine, theirs) in ACQUAINTED, f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_edges_stay_at_the_edge(path):
    if path.parent == ROOT or floor(here(path)) >= 3:
        return
    tree = parsed(path)
    tops = {module.split(".")[0] for module in imported(tree)}
    assert not tops & ONLY_FLOOR_3_AND_UP, f"{path.relative_to(ROOT)} imports {tops & ONLY_FLOOR_3_AND_UP}"
    if here(path) == "kernels":
        assert "torch" not in tops
    assert not file_calls(tree), f"{path.relative_to(ROOT)} calls {file_calls(tree)} below floor 3"
