"""Attribution methods on a network and sequences that others made: `python benchmarks/trust_talgata.py [method ...]`.

The network is a Keras convolutional net trained on 200-base simulated sequences with sites of GATA1 and TAL1 (from the
DeepLIFT authors; Shrikumar et al. 2017, arXiv:1704.02685); its weights are read by hand, and it must predict its three
tasks: both factors, GATA1, TAL1. The truth are the given positions of the planted sites. All bases of a site count,
also those that its matrix hardly cares for, so that 1.0 is out of reach, the same for all methods. Beside ours are two
arrays of scores that come with the data, of a gapped k-mer machine for the same task: in-silico mutagenesis, and
GkmExplain (Shrikumar et al. 2019). Data are looked for as in real_data.py.
"""

import argparse
import csv
import gzip
import json
import re
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from measure import write_results
from real_data import DATA
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import as_target
from seqinterp.evaluation.grammar_truth import position_error, signal_share, truth_auprc, truth_auroc
from seqinterp.evaluation.null_maps import gc_indicator, word_rarity

FOLDER = "talgata_sim"
WEIGHTS = "keras2_conv1d_record_5_model_PQzyq_modelWeights.h5"
THIRD_PARTY = {"gkm-SVM, mutagenesis": "ism_imp_scores.npy", "gkm-SVM, GkmExplain": "gkmexplain_imp_scores.npy"}
EVERY = 5  # the arrays cover every fifth sequence with both factors
COUNT = 50
SLOW, FEWER = ("shapley", "kernel_shap", "lime"), 36  # the sequences in the arrays
LEAST_AUROC = 0.97  # of the network on its test sequences, each task
KINDS = {
    "gata_only": (1, ("GATA_disc1",)),
    "tal1_only": (2, ("TAL1_known1",)),
    "both": (0, ("GATA_disc1", "TAL1_known1")),
}
METRICS = {
    "auroc": truth_auroc,
    "average_precision": truth_auprc,
    "signal_share": signal_share,
    "position_error": position_error,
}


@dataclass(frozen=True)
class Record:
    """A simulated sequence: its name, the three labels, and (motif, start, stop) of what was planted."""

    name: str
    sequence: str
    labels: tuple[int, int, int]
    sites: tuple[tuple[str, int, int], ...]

    @property
    def kind(self) -> str:
        name = self.name.rsplit("_", 1)[0]
        return "both" if name == "gata_tal1" else name


def network(path: Path) -> nn.Module:
    """The Keras net in torch, up to its logits: the last sigmoid is left out."""
    model = nn.Sequential(
        nn.Conv1d(4, 50, 11),
        nn.ReLU(),
        nn.Conv1d(50, 50, 11),
        nn.ReLU(),
        nn.AvgPool1d(180),
        nn.Flatten(),
        nn.Linear(50, 50),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(50, 3),
    )
    layers = {"conv1d_1": model[0], "conv1d_2": model[2], "dense_1": model[6], "dense_2": model[9]}
    with h5py.File(path) as file, torch.no_grad():
        for name, layer in layers.items():
            # Keras keeps (width, in, out) and (in, out); torch wants (out, in, width) and (out, in)
            layer.weight.copy_(torch.from_numpy(np.asarray(file[f"{name}/{name}/kernel:0"]).T.copy()))
            layer.bias.copy_(torch.from_numpy(np.asarray(file[f"{name}/{name}/bias:0"])))
    return model.eval()


def records(folder: Path) -> list[Record]:
    """All simulated sequences."""
    with gzip.open(folder / "sequences.simdata.gz", "rt") as file:
        return [_record(row) for row in csv.DictReader(file, delimiter="\t")]


def _record(row: dict[str, str]) -> Record:
    found = []
    for start, motif, word in re.findall(r"pos-(\d+)_(\w+)-([ACGT]+)", row["embeddings"]):
        site = (motif, int(start), int(start) + len(word))
        if row["sequence"][site[1] : site[2]] != word:
            raise SystemExit(f"stopped: {motif} of {row['seqName']} is not where the file says")
        found.append(site)
    labels = tuple(int(row[task]) for task in ("task1", "task2", "task3"))
    return Record(row["seqName"], row["sequence"], labels, tuple(found))


def truth(shown: list[Record], motifs: tuple[str, ...], inputs: Tensor) -> Tensor:
    """1 at the planted bases of these motifs, `(batch, 4, position)`."""
    places = torch.zeros(len(shown), inputs.shape[2])
    for number, record in enumerate(shown):
        for motif, start, stop in record.sites:
            places[number, start:stop] = float(motif in motifs)
    return places.unsqueeze(1) * inputs


def predicts(model: nn.Module, test: list[Record]) -> list[float]:
    """AUROC of each task on the sequences that were held out; stops where the network does not predict."""
    with torch.no_grad():
        logits = model(si.one_hot([record.sequence for record in test]))
    labels = np.array([record.labels for record in test])
    found = [round(float(roc_auc_score(labels[:, task], logits[:, task])), 4) for task in range(3)]
    if min(found) < LEAST_AUROC:
        raise SystemExit(f"stopped: the network does not predict its tasks, AUROC {found}")
    return found


def metrics(model: nn.Module, inputs: Tensor, values: Tensor, true: Tensor) -> dict[str, float]:
    """Means over the sequences."""
    score = Score(model, as_target(0))  # these four only look at the attributions
    found = {name: function(score, inputs, values, truth=true) for name, function in METRICS.items()}
    return {name: round(float(value.nanmean()), 4) for name, value in found.items()}


@dataclass(frozen=True)
class Shown:
    """The sequences of one kind that are explained; the first `covered` are in the third-party arrays at `rows`."""

    task: int
    inputs: Tensor
    true: Tensor
    rows: list[int]


def choose(everything: list[Record], held_out: set[str]) -> dict[str, Shown]:
    """Test sequences of each kind, those in the third-party arrays first."""
    row_of = {record.name: row for row, record in enumerate([r for r in everything if r.labels[0] == 1][::EVERY])}
    chosen = {}
    for kind, (task, motifs) in KINDS.items():
        fitting = [
            r for r in everything if r.kind == kind and r.name in held_out and any(s[0] in motifs for s in r.sites)
        ]
        shown = sorted(fitting, key=lambda record: record.name not in row_of)[:COUNT]
        inputs = si.one_hot([record.sequence for record in shown])
        rows = [row_of[record.name] for record in shown if record.name in row_of]
        chosen[kind] = Shown(task, inputs, truth(shown, motifs, inputs), rows)
    return chosen


def measured(model: nn.Module, method: str, shown: Shown) -> dict[str, object]:
    """One method on the sequences of one kind."""
    inputs, true = (part[: FEWER if method in SLOW else COUNT] for part in (shown.inputs, shown.true))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        si.attribute(model, inputs[:1], method, target=shown.task, device="cpu")  # what it refuses it refuses early
        begun = time.perf_counter()
        found = si.attribute(model, inputs, method, target=shown.task, device="cpu")
    row: dict[str, object] = {"sequences": len(inputs), "seconds": round(time.perf_counter() - begun, 2)}
    row |= {"verdict": found.certificate.verdict} | metrics(model, inputs, found.values, true)
    if shown.rows:
        part = slice(0, len(shown.rows))
        row["in_the_arrays"] = metrics(model, inputs[part], found.values[part], true[part])
    return row


def beside(model: nn.Module, shown: Shown) -> dict[str, dict[str, float]]:
    """The same of the third-party scores, and of maps that know nothing of a network."""
    inputs, true = shown.inputs, shown.true
    generator, rarity = torch.Generator().manual_seed(0), word_rarity(inputs)
    maps = {
        "random numbers": torch.rand(inputs.shape[0], inputs.shape[2], generator=generator),
        "G and C": gc_indicator(inputs),
        "rare words": rarity,
        "common words": rarity.max() - rarity,  # planted words are common among sequences that hold them
    }
    found = {name: metrics(model, inputs, values.unsqueeze(1) * inputs, true) for name, values in maps.items()}
    if shown.rows:
        for name, file in THIRD_PARTY.items():
            scores = torch.from_numpy(np.load(DATA / FOLDER / file)[shown.rows]).transpose(1, 2)
            part = slice(0, len(shown.rows))
            if bool(((scores != 0) & (inputs[part] == 0)).any()):
                raise SystemExit(f"stopped: the scores of {name} are not of these sequences")
            found[name] = metrics(model, inputs[part], scores, true[part])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", nargs="*", default=list(METHODS))
    options = parser.parse_args()
    folder = DATA / FOLDER
    torch.set_num_threads(1)
    model, everything = network(folder / WEIGHTS), records(folder)
    with gzip.open(folder / "test.txt.gz", "rt") as file:
        held_out = set(file.read().split())
    chosen = choose(everything, held_out)
    figures: dict[str, object] = {
        "network_auroc_both_gata_tal1": predicts(model, [r for r in everything if r.name in held_out]),
        "sequences": {kind: len(shown.inputs) for kind, shown in chosen.items()},
        "share_of_bases_planted": {k: round(float(s.true.sum(1).mean()), 4) for k, s in chosen.items()},
        "sequences_in_the_arrays": len(chosen["both"].rows),
        "beside": {kind: beside(model, shown) for kind, shown in chosen.items()},
        "methods": {},
    }
    print(json.dumps(figures), flush=True)
    for method in options.method:
        figures["methods"][method] = {}
        for kind, shown in chosen.items():
            try:
                figures["methods"][method][kind] = measured(model, method, shown)
            except si.SeqinterpError as error:
                figures["methods"][method][kind] = {"refused": str(error)}
        print(method, json.dumps(figures["methods"][method]), flush=True)
    print("written to", write_results("trust_talgata", figures))


if __name__ == "__main__":
    main()
