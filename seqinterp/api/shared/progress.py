"""What a long call is doing, on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def spoken(task: str, progress: bool) -> Iterator[Callable[[str], None]]:
    """A function that shows what is being done at the moment; it shows nothing unless `progress`."""
    if not progress:
        yield lambda _: None
        return
    from rich.console import Console  # rich costs a tenth of a second to import

    with Console(stderr=True).status(task) as status:
        yield lambda step: status.update(f"{task}: {step}")
