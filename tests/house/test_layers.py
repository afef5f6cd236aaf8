"""Imports point down: a module may import its own floor's room or a lower floor (DESIGN: floors)."""

import ast
from pathlib import Path

import pytest

import seqinterp

ROOT = Path(seqinterp.__file__).parent
FLOORS = [
    {"shapes", "errors", "sequence", "kernels"},
    {"attribution", "models"},
    {"mutagenesis", "motifs", "design", "evaluation"},
    {"io", "plot", "report"},
    {"api"},
    {"cli", "__main__"},
]
STRANGERS = {"mutagenesis", "motifs", "design", "evaluation"}  # floor 2: uses of the core, unknown to one another
ACQUAINTED = {("design", "mutagenesis")}  # design asks what each edit would do
ONLY_FLOOR_3_AND_UP = {"matplotlib", "logomaker", "jinja2", "typer"}
FILES = sorted(ROOT.rglob("*.py"))


def room(module: str) -> str:
    return module.split(".")[1]


def floor(name: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if name in rooms)


def imported(path: Path):
    """Every module imported anywhere in a file, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def here(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_the_walk_sees_the_whole_house():
    assert {here(path) for path in FILES} - {"__init__"} == set().union(*FLOORS)


@pytest.mark.parametrize("path", [p for p in FILES if p.parent != ROOT or p.stem != "__init__"], ids=str)
def test_imports_point_down(path):
    mine = here(path)
    for module in imported(path):
        if module.startswith("seqinterp."):
            theirs = room(module)
            assert floor(theirs) <= floor(mine), f"{path.relative_to(ROOT)} (floor {floor(mine)}) imports {module}"
            strangers = {mine, theirs} <= STRANGERS and mine != theirs
            assert not strangers or (mine, theirs) in ACQUAINTED, f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_edges_stay_at_the_edge(path):
    if path.parent == ROOT or floor(here(path)) >= 3:
        return
    tops = {module.split(".")[0] for module in imported(path)}
    assert not tops & ONLY_FLOOR_3_AND_UP, f"{path.relative_to(ROOT)} imports {tops & ONLY_FLOOR_3_AND_UP}"
    if here(path) == "kernels":
        assert "torch" not in tops
    tree = ast.parse(path.read_text(encoding="utf-8"))
    opens = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "open"]
    assert not opens, f"{path.relative_to(ROOT)} opens a file below floor 3"
