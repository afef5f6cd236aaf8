"""What every test may ask for."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

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


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Tests run in parallel processes; one thread each keeps them from fighting over the cores."""
    torch.set_num_threads(1)
