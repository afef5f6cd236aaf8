"""Is the uncertainty right on real data? `python benchmarks/real_uncertainty.py [--figures FOLDER] [suite ...]`.

sirna: siRNA efficacy (Huesken et al. 2005, doi:10.1038/nbt1118), the test set of Ramsundar et al., Deep Learning for
the Life Sciences, 2019, and five folds of everything with overlapping siRNAs kept together. delaney: solubility of
molecules (Delaney 2004, doi:10.1021/ci034243x) from the characters of their SMILES. deepstarr: fly enhancers (de
Almeida et al. 2022, doi:10.1038/s41588-022-01048-5), two activities. dream: random yeast promoters (Rafi et al. 2024,
doi:10.1038/s41587-024-02414-w). strangers, classes: see real_uncertainty_classes.py. Data are looked for as in
real_data.py. With `--figures` the three figures of the literature are drawn: training data, ten models on ten test
examples, error by standard deviation.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure import write_results
from race import require
from real_data import DATA
from real_uncertainty_classes import classes, strangers
from real_uncertainty_figures import draw
from real_uncertainty_regression import Measured, Run, figures, folded, on_training_data, run
from sklearn.metrics import r2_score
from torch import Tensor, nn

import seqinterp as si
from seqinterp.models.regression_trainer import RegressionSettings
from seqinterp.models.split import grouped_split
from seqinterp.sequence.examples import Examples, Locus
from seqinterp.sequence.groups import related_groups
from seqinterp.uncertainty.calibration import LEVELS

SMILES, SOLUBILITY = "smiles", "measured log solubility in mols per litre"
LEAK = "ESOL predicted log solubility in mols per litre"


class Pooled(nn.Module):
    """Convolutions, then the sum and the largest of every filter over positions: what is there counts, not where."""

    def __init__(self, letters: int, *, outputs: int = 1, filters: int = 64, widths: tuple[int, int] = (5, 5)) -> None:
        super().__init__()
        first, second = widths
        self.convolutions = nn.Sequential(
            nn.Conv1d(letters, filters, first, padding=first // 2),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv1d(filters, filters, second, padding=second // 2),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * filters, 64), nn.ReLU(), nn.Dropout(0.1))
        self.output = nn.Linear(64, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        inside = inputs.abs().sum(dim=1, keepdim=True).clamp(max=1)  # 0 where a short one has ended
        found = self.convolutions(inputs) * inside
        pooled = torch.cat([found.sum(dim=2) / 20, found.amax(dim=2)], dim=1)
        return self.output(self.head(pooled))


def in_place(length: int, *, filters: int = 32, dropout: float = 0.2) -> nn.Module:
    """A network for aligned short sequences: what stands where counts."""
    layers: list[nn.Module] = []
    for channels in (4, filters):
        layers += [nn.Conv1d(channels, filters, 5, padding=2), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(filters * length, 64), nn.ReLU(), nn.Linear(64, 1))


def downsampled(length: int) -> nn.Module:
    """A network for promoters between fixed flanks: two banks of filters, each pooled by four, and a dense layer."""
    banks = [nn.Conv1d(4, 48, 11, padding=5), nn.ReLU(), nn.MaxPool1d(4), nn.Dropout(0.1)]
    banks += [nn.Conv1d(48, 48, 7, padding=3), nn.ReLU(), nn.MaxPool1d(4), nn.Dropout(0.2), nn.Flatten()]
    return nn.Sequential(*banks, nn.Linear(48 * (length // 16), 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))


def sirna(folder: Path | None) -> dict[str, object]:
    """Efficacy of siRNAs, 21 bases."""
    tables = [pd.read_csv(DATA / f"sirna_deepchem/{part}.tsv.gz", sep="\t") for part in ("train", "valid")]
    whole = pd.concat(tables, ignore_index=True)
    data = Measured(
        si.one_hot(whole["sequence"].tolist()),
        {"efficacy": whole["efficacy"].to_numpy(float)},
        related_groups(Examples.of(whole["sequence"].tolist(), np.zeros(len(whole)))),
    )
    build, settings = partial(in_place, 21), RegressionSettings(epochs=40, patience=8, learning_rate=1e-3)
    found = run(data, build, settings, np.arange(len(tables[0]), len(whole)))
    words = {text[at : at + 16] for text in tables[0]["sequence"] for at in range(6)}
    overlap = sum(any(text[at : at + 16] in words for at in range(6)) for text in tables[1]["sequence"])
    return {
        "given test set": _reported(data, found, folder, "sirna", "efficacy"),
        "test siRNAs that share 16 bases in a row with a training one": overlap,
        "five folds, related siRNAs together": _by_method(folded(data, build, settings)),
    }


def delaney(folder: Path | None) -> dict[str, object]:
    """Solubility in log mol/l from one-hot SMILES; the column of Delaney's own prediction is never read."""
    table = pd.read_csv(DATA / "delaney/delaney-processed.csv", usecols=[SMILES, SOLUBILITY])
    require(LEAK not in table.columns and len(table.columns) == 2, "a column that leaks the answer was read")
    inputs = one_hot_smiles(table[SMILES].str.strip().tolist())
    targets = table[SOLUBILITY].to_numpy(float)
    data = Measured(inputs, {"log solubility": targets}, np.arange(len(table)))
    build = partial(Pooled, inputs.shape[1])
    settings = RegressionSettings(epochs=60, patience=12, learning_rate=3e-3)
    *_, test = grouped_split(data.groups, data.halved(), fractions=(0.8, 0.1, 0.1), seed=0)
    found = run(data, build, settings, test)
    return {
        "read": [SMILES, SOLUBILITY],
        "random split, a tenth tested": _reported(data, found, folder, "delaney", "log mol/l"),
        "three folds": _by_method(folded(data, build, settings, folds=3)),
    }


def one_hot_smiles(texts: list[str]) -> Tensor:
    """Characters as one-hot columns, with Cl and Br one letter each; zeros behind the end."""
    written = [text.replace("Cl", "L").replace("Br", "R") for text in texts]
    letters = sorted(set("".join(written)))
    inputs = torch.zeros(len(written), len(letters), max(map(len, written)))
    for row, text in enumerate(written):
        inputs[row, [letters.index(letter) for letter in text], range(len(text))] = 1
    return inputs


def deepstarr(folder: Path | None) -> dict[str, object]:
    """Developmental and housekeeping activity of fly sequences, log2; one network says both."""
    parts = [pd.read_csv(DATA / f"deepstarr_subset/sample_{part}.txt", sep="\t") for part in ("train", "val", "test")]
    whole = pd.concat(parts, ignore_index=True)
    spans = zip(whole["seqnames"], whole["start"] - 1, whole["end"], strict=True)
    sequences = whole["Sequence"].tolist()
    groups = related_groups(Examples.of(sequences, np.zeros(len(whole)), loci=[Locus(*span) for span in spans]))
    data = Measured(
        si.one_hot(sequences),
        {
            "developmental": whole["Dev_log2_enrichment"].to_numpy(),
            "housekeeping": whole["Hk_log2_enrichment"].to_numpy(),
        },
        groups,
    )
    build = partial(Pooled, 4, outputs=2, filters=48, widths=(11, 7))
    settings = RegressionSettings(epochs=20, patience=6)
    *_, test = grouped_split(data.groups, data.halved(), fractions=(0.6, 0.1, 0.3), seed=0)
    found = run(data, build, settings, test)
    return {
        "groups of related sequences": len(np.unique(groups)),
        "three files pooled and split anew": _reported(data, found, folder, "deepstarr", "log2 activity"),
    }


def dream(folder: Path | None) -> dict[str, object]:
    """Expression from random yeast promoters, cut or filled with N to 112 bases."""
    table = pd.read_csv(DATA / "dream_promoter/demo_train.txt", sep="\t", header=None, names=["sequence", "expression"])
    sequences = [text[:112].ljust(112, "N") for text in table["sequence"]]
    # flanks are the same in all, so relatedness is that of the part between them
    middles = related_groups(Examples.of([text[17:97] for text in sequences], np.zeros(len(table))))
    data = Measured(si.one_hot(sequences), {"expression": table["expression"].to_numpy(float)}, middles)
    settings = RegressionSettings(epochs=30, patience=6, batch_size=128, learning_rate=2e-3)
    *_, test = grouped_split(data.groups, data.halved(), fractions=(0.7, 0.1, 0.2), seed=0)
    found = run(data, partial(downsampled, 112), settings, test)
    return {
        "groups of related sequences": len(np.unique(middles)),
        "random split": _reported(data, found, folder, "dream", "expression"),
    }


def _reported(data: Measured, found: Run, folder: Path | None, name: str, unit: str) -> dict[str, object]:
    """Figures of one run, drawn where a folder is given."""
    if folder is not None:
        print("drawn", draw(folder, name, data, found, unit))
    return {
        "trained_on": len(found.training),
        "r2_on_training_data": round(float(r2_score(*on_training_data(data, found))), 4),
        **_by_method(found.told),
    }


def _by_method(told: dict[str, dict[str, object]]) -> dict[str, object]:
    return {target: {method: figures(one) for method, one in row.items()} for target, row in told.items()}


SUITES: dict[str, Callable[[Path | None], object]] = {
    "sirna": sirna,
    "delaney": delaney,
    "deepstarr": deepstarr,
    "dream": dream,
    "strangers": strangers,
    "classes": classes,
}


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    reader.add_argument("--figures", type=Path, default=None, help="a folder for pictures")
    asked = reader.parse_args()
    if unknown := set(asked.suites) - set(SUITES):
        reader.error(f"there is no suite {sorted(unknown)[0]!r}; choose among {', '.join(SUITES)}")
    torch.set_num_threads(1)
    for suite in asked.suites or SUITES:
        begun = time.perf_counter()
        found = SUITES[suite](asked.figures)
        print(suite, round(time.perf_counter() - begun, 1), "s", json.dumps(found, indent=1), flush=True)
        print("written to", write_results(f"real_uncertainty_{suite}", {"levels": list(LEVELS), **found}), flush=True)


if __name__ == "__main__":
    main()
