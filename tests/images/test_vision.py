import subprocess
import sys
from importlib import import_module

import pytest

from seqinterp.errors import ModelError
from seqinterp.images import vision as door
from seqinterp.images.vision import vision


def test_where_torchvision_is_not_installed_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)  # what makes an import fail as if it were not there
    with pytest.raises(ModelError, match=r"pip install 'seqinterp\[image\]'"):
        vision()


def test_another_missing_module_is_not_mistaken_for_torchvision(monkeypatch):
    def lacking(name):
        raise ModuleNotFoundError("No module named 'PIL'", name="PIL")

    monkeypatch.setattr(door, "import_module", lacking)
    with pytest.raises(ModuleNotFoundError, match="PIL"):
        vision()


def test_another_error_of_its_import_is_passed_on(monkeypatch):
    def broken(name):
        raise RuntimeError("undefined symbol")

    monkeypatch.setattr(door, "import_module", broken)
    with pytest.raises(RuntimeError, match="undefined symbol"):
        vision()


def test_missing_schemas_are_registered_and_the_import_tried_again(monkeypatch):
    calls, schemas = [], []

    def twice(name):
        calls.append(name)
        if len(calls) == 1:
            sys.modules["torchvision.half"] = sys  # what a broken import leaves behind
            raise RuntimeError("operator torchvision::nms does not exist")
        return import_module("math")

    monkeypatch.setattr(door, "import_module", twice)
    monkeypatch.setattr(door, "_schemas", lambda: schemas.append(True))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert vision() is import_module("math")
    assert len(calls) == 2 and schemas == [True] and "torchvision.half" not in sys.modules


@pytest.mark.torchvision
def test_torchvision_imports_in_a_fresh_process(torchvision):
    program = (
        "import torch; from seqinterp.images.vision import vision; models = vision().models;"
        "print(models.resnet18(weights=None)(torch.zeros(2, 3, 32, 32)).shape)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[2, 1000]" in done.stdout


@pytest.mark.torchvision
def test_the_module_is_torchvision_and_is_given_twice(torchvision):
    assert torchvision.__name__ == "torchvision" and vision() is torchvision
