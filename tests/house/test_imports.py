"""`import seqinterp` is cheap, and every public name is there."""

import json
import subprocess
import sys

import pytest

import seqinterp

HEAVY = {"torch", "numba", "pandas", "matplotlib", "scipy", "sklearn", "Bio"}


def modules_after(statement: str) -> set[str]:
    """All modules of a fresh interpreter after `statement`."""
    program = f"{statement}; import sys; found = sorted(sys.modules); import json; print(json.dumps(found))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded_by(statement: str) -> set[str]:
    """Top-level modules of a fresh interpreter after `statement`."""
    return {module.split(".")[0] for module in modules_after(statement)}


def test_import_loads_nothing_heavy():
    assert not loaded_by("import seqinterp") & HEAVY, "load it inside the function that needs it"


def test_import_loads_few_modules():
    """Fewer than 60 beyond a bare interpreter, sub-modules counted: what makes an import quick, and can be counted."""
    bare, ours = (modules_after(statement) for statement in ("pass", "import seqinterp"))
    assert 0 < len(ours - bare) < 60


def test_help_loads_no_torch():
    statement = (
        "from typer.testing import CliRunner; from seqinterp.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert not loaded_by(statement) & {"torch", "numba", "matplotlib"}


@pytest.mark.parametrize("name", seqinterp.__all__)
def test_public_names_load(name):
    assert getattr(seqinterp, name) is not None
    assert name in dir(seqinterp)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'attribute_all'"):
        _ = seqinterp.attribute_all
