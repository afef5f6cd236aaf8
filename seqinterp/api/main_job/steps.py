"""The steps of the main job: each explains one side of a model and puts the result into the run folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.attribute import attribute
from seqinterp.api.filter_motifs import filter_motifs
from seqinterp.api.mutate import mutate
from seqinterp.api.optimize import optimize
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.motifs import Motifs
from seqinterp.api.train import Trained
from seqinterp.attribution.evidence import model_hash
from seqinterp.attribution.run import Device
from seqinterp.evaluation.planted_truth import PlantedTruth, planted_truth
from seqinterp.io import run_folder as files
from seqinterp.io.checkpoint import save_checkpoint
from seqinterp.io.motif_files import write_meme
from seqinterp.models.predict import predict_logits, probabilities
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples

TRUTH_SEQUENCES = 200  # planted sequences that attributions are judged on


def save_trained(folder: Path, trained: Trained, *, data_sha256: str) -> None:
    """The model, its predictions and its training history."""
    metadata = {
        "data_sha256": data_sha256,
        "metrics": {name: estimate.value for name, estimate in trained.metrics.estimates().items()},
        "seed": trained.seed,
        "split": trained.split_sentence,
    }
    save_checkpoint(folder, trained.model, metadata)
    files.write_table(folder / files.PREDICTIONS, trained.predictions)
    files.write_table(folder / files.HISTORY, trained.history)


def best_scoring(logits: np.ndarray, count: int, *, among: np.ndarray | None = None) -> np.ndarray:
    """Indices of the `count` highest logits, best first; ties in the order of the data."""
    order = np.argsort(-logits, kind="stable")
    if among is not None:
        order = order[among[order]]
    return order[:count]


def both_classes(labels: np.ndarray, *, most: int = 5000) -> np.ndarray:
    """Indices, ascending, of up to `most` positives and as many negatives at the most, evenly spread over the data."""
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    count = min(most, len(positive))
    return np.sort(np.concatenate([_spread(positive, count), _spread(negative, count)]))


def _spread(indices: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the indices, at even distances."""
    if len(indices) <= count:
        return indices
    return np.asarray(indices[np.linspace(0, len(indices) - 1, count).astype(int)])


def held_out(trained: Trained) -> np.ndarray:
    """True for the examples that were predicted by networks which had not seen them."""
    return np.asarray(trained.predictions["split"] == "test")


def explain_top(
    folder: Path, model: nn.Module, examples: Examples, indices: np.ndarray, *, device: Device = None
) -> Attribution:
    """Gradients of the sequences at `indices`, with a table of who they are."""
    chosen = examples.take(indices)
    logits = predict_logits(model, chosen.inputs, device=device)
    table = pd.DataFrame(
        {
            "name": chosen.names,
            "label": chosen.labels.astype(int),
            "logit": logits,
            "probability": probabilities(logits),
        }
    )
    if chosen.sites is not None:
        table["truth"] = ["".join("X" if planted else "." for planted in row) for row in chosen.truth().tolist()]
    found = attribute(model, chosen.inputs, "gradient", device=device)
    found.save(folder / files.TOP)
    files.write_table(folder / files.TOP_TABLE, table)
    return found


def mutate_top(
    folder: Path, model: nn.Module, examples: Examples, indices: np.ndarray, *, device: Device = None
) -> None:
    """Every edit of the sequences at `indices`."""
    mutate(model, examples.take(indices).inputs, device=device).save(folder / files.MUTAGENESIS)


def name_filters(folder: Path, model: nn.Module, inputs: Tensor, database: Sequence[Motif], *, source: str) -> Motifs:
    """The filters as motifs, with the database's matrices that they match beside them."""
    motifs = filter_motifs(model, inputs, database=database)
    save_motifs(folder, motifs, database, source=source)
    return motifs


def save_motifs(folder: Path, motifs: Motifs, database: Sequence[Motif], *, source: str) -> None:
    """`filters.meme`, `filters.tsv` and the matched matrices `matches.meme`."""
    motifs.save(folder / files.FILTERS)
    table = motifs.to_frame()
    table["database"], table["database_size"] = source, len(database)
    files.write_table(folder / files.FILTER_TABLE, table)
    wanted = {motif.match.name for motif in motifs if motif.match}
    if wanted:
        write_meme(folder / files.MATCHES, [motif for motif in database if motif.name in wanted], force=True)


def design_sequences(
    folder: Path, model: nn.Module, *, length: int, count: int = 10, seed: int = 0, device: Device = None
) -> None:
    """Random starts climbed to what the model likes best."""
    optimize(model, length=length, count=count, seed=seed, device=device).save(folder / files.DESIGNS)


def check_planted_truth(
    folder: Path, model: nn.Module, examples: Examples, *, seed: int = 0, device: Device = None
) -> pd.DataFrame:
    """How well each seed method points at planted bases, over up to 200 sequences with a site.

    Each method is judged twice: on all of them, and on those that the model calls positive (a logit above 0). An
    explanation cannot point at a site that the model does not see.
    """
    planted = np.flatnonzero(examples.truth().any(dim=1).numpy())
    chosen = examples.take(_spread(planted, TRUTH_SEQUENCES))
    called = torch.from_numpy(predict_logits(model, chosen.inputs, device=device) > 0)
    everyone = torch.ones_like(called)
    rows = []
    for label, importance in _importance_maps(model, chosen.inputs, device).items():
        for which, among in (("called positive", called), ("all", everyone)):
            if bool(among.any()):
                found = planted_truth(importance[among], chosen.truth()[among], seed=seed)
                rows.append({"method": f"{label}; {which}", "sequences": int(among.sum()), **_interval(found)})
    table = pd.DataFrame(rows)
    files.write_table(folder / files.TRUTH, table)
    return table


def _interval(found: PlantedTruth) -> dict[str, float]:
    """The estimate and the ends of its interval."""
    return {"auroc": found.auroc, "low": found.low, "high": found.high}


def _importance_maps(model: nn.Module, inputs: Tensor, device: Device) -> dict[str, Tensor]:
    """One magnitude per position, `(batch, position)`, for each method that is judged."""
    gradient = attribute(model, inputs, "gradient", device=device).values
    effects = mutate(model, inputs, device=device)
    return {
        "saliency, sum of |gradient|": gradient.abs().sum(dim=1),
        "|gradient x input|": (gradient * inputs).sum(dim=1).abs(),
        "mutagenesis, sum of |effect|": effects.effects.abs().sum(dim=1),
    }


def fingerprint(model: nn.Module, data_sha256: str, seed: int) -> str:
    """A short id of a run: the same data, weights and seed give the same id."""
    return f"{model_hash(model)[:8]}-{data_sha256[:6]}-s{seed}"


def truth_is_known(examples: Examples) -> bool:
    """Whether any site was planted."""
    return examples.sites is not None and bool(torch.any(examples.truth()))
