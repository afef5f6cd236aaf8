"""What the main job was asked to do."""

from dataclasses import dataclass

from seqinterp.cli.data import Database
from seqinterp.models.settings import TrainSettings


@dataclass(frozen=True)
class Job:
    """What was asked for, every file of it already read: what cannot be used is refused before work starts."""

    title: str
    network: str = "default"
    recipe: TrainSettings | None = None
    folds: int | None = None
    by_chromosome: bool = False
    start_from: Database | None = None
    motifs: Database | None = None
    highlight: tuple[str, ...] = ()
    seed: int = 0
    device: str | None = None
    quiet: bool = False
