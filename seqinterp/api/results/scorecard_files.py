"""A scorecard as a folder: the card as one safetensors file, its tables as CSV, its page as HTML."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.io.atomic import written_whole

if TYPE_CHECKING:
    from seqinterp.api.results.scorecard import Scorecard

CARD = "scorecard.safetensors"
_SEP = "\t\t"  # between the name of a method and that of its array


def write_scorecard(card: "Scorecard", path: Path, *, force: bool) -> None:
    """The whole folder, or nothing."""
    arrays: dict[str, Tensor] = {"inputs": card.inputs, "scores": card.scores}
    for name, tried in card.trials.items():
        arrays |= {f"{name}{_SEP}{inner}": tensor for inner, tensor in tried.tensors().items()}
    trials = {name: tried.to_dict() for name, tried in card.trials.items()}
    with written_whole(path, force=force) as folder:
        folder.mkdir()
        save_arrays(folder / CARD, "scorecard", arrays, {**card.to_dict(), "trials": trials})
        card.to_frame().to_csv(folder / "scores.csv", index=False)
        card.summary().to_csv(folder / "summary.csv", index=False)
        card.table().to_csv(folder / "verdicts.csv", index=False)
        card.to_html(folder / "scorecard.html")


def read_scorecard(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, tuple[dict[str, Tensor], Any]]]:
    """The arrays of the card, its facts, and the parts of every trial.

    Raises:
        FileError: there is no card, or it is damaged.
    """
    arrays, facts = load_arrays(path / CARD, "scorecard", needed=("inputs", "scores"))
    trials: dict[str, tuple[dict[str, Tensor], Any]] = {}
    for name in facts["methods"]:
        own = {key.removeprefix(name + _SEP): array for key, array in arrays.items() if key.startswith(name + _SEP)}
        trials[name] = (own, facts["trials"][name])
    return arrays, facts, trials
