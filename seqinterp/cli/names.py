"""Names for help texts, read from the source that defines them: importing it would load torch."""

import ast
from importlib.resources import files


def names_in(module: str, table: str) -> list[str]:
    """The keys of the dictionary `table` of a module of `seqinterp.api`, in their order."""
    tree = ast.parse(files("seqinterp.api").joinpath(f"{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == table:
            assert isinstance(node.value, ast.Dict)
            return [
                key.value for key in node.value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
    raise LookupError(f"{module} has no table {table}")
