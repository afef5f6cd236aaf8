"""`import seqinterp` is cheap, and every public name is there."""

import json
import subprocess
import sys

import pytest

import seqinterp

HEAVY = {"torch", "numba", "pandas", "matplotlib", "scipy", "sklearn", "Bio"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `statement`."""
    program = f"import sys, json; {statement}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_loads_nothing_heavy():
    assert not loaded_by("import seqinterp") & HEAVY, "load it inside the function that needs it"


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
