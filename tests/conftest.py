"""What every test may ask for."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from seqinterp.errors import ModelError

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """Find a file of the real data sets, or skip the test where they are not present."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"the real data set {name} is not present")
        return path

    return find


@pytest.fixture
def torchvision() -> ModuleType:
    """The extra [image], or the test is skipped where it is not installed."""
    from seqinterp.images.vision import vision

    try:
        return vision()
    except ModelError:
        pytest.skip("torchvision is not installed (make test-image installs it apart)")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests run in parallel processes; one thread each keeps them from fighting over the cores."""
    torch.set_num_threads(1)
