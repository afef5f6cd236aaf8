"""Classifications with uncertainty on real data, and inputs that a network was not made for.

USF1 (DeepBind's ENCODE sets): bound sequences against their dinucleotide shuffles, tested on the file made for it.
JUND: windows of chromosome 22, of which 0.4 % are bound. Five networks each, and one of them under dropout masks. Half
of the test examples calibrate and half are judged, in 20 random halvings (for JUND related windows stay together).

USF1's test file holds its 500 strongest peaks, which differ from the rest: sequences that say what is usual and
held-out ones beside them are therefore drawn from one file.

Strangers: random promoters of yeast (Rafi et al. 2024, doi:10.1038/s41587-024-02414-w), of which only the middle 80
bases vary, fly enhancers, shuffled human sequences and plain repeats, beside human sequences that neither the network
nor the reference has seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from real_data import DATA, FACTORS
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import seqinterp as si
from seqinterp.api.results.uncertainty import Uncertainty
from seqinterp.api.train import Trained
from seqinterp.attribution.protocol import Score
from seqinterp.evaluation.last_layer import last_layer_inputs
from seqinterp.io.bundled import bundled
from seqinterp.models.recipes import recipe
from seqinterp.models.split import grouped_folds, grouped_split
from seqinterp.sequence.alphabet import BASES
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import related_groups
from seqinterp.sequence.shuffle import dinucleotide_shuffle
from seqinterp.uncertainty.out_of_distribution import latent_strangeness, sequence_strangeness
from seqinterp.uncertainty.shift import distribution_shift

MEMBERS, SET_LEVELS, HALVINGS, ALPHA = 5, (0.8, 0.9, 0.95), 20, 0.05
USF1_POSITIVES, SIZES, SEEDS = 4000, (100, 400, 1600), (0, 1, 2)
WINDOW, VARIABLE = 101, 80  # bases that networks read; bases of a yeast promoter that differ between promoters
REFERENCE, SHOWN = 2000, 1000  # sequences that say what is usual; strangers and others that are looked at


@dataclass(frozen=True, eq=False)
class Case:
    """A trained network, test examples, and two draws of human sequences: what is usual, and held out from it."""

    trained: Trained
    test: Examples
    groups: np.ndarray
    usual: list[str]
    fresh: list[str]

    @property
    def members(self) -> list[nn.Module]:
        return list(self.trained.model.members)


@cache
def usf1(positives: int = USF1_POSITIVES, seed: int = 0) -> Case:
    """Trained on some bound sequences and a shuffle of each; `usual` and `fresh` are bound ones that were left out."""
    name, _ = FACTORS["USF1"]
    bound = read_factor(f"{name}_AC")
    order = np.random.default_rng(seed).permutation(len(bound))
    chosen = bound.take(order[:positives])
    shuffled = [draws[0] for draws in dinucleotide_shuffle(list(chosen.sequences), seed=seed)]
    data = Examples.of([*chosen.sequences, *shuffled], [1] * positives + [0] * positives)
    settings = replace(recipe("default"), members=MEMBERS, epochs=12)
    trained = si.train(data, recipe=settings, device="cpu", seed=seed)
    test = read_factor(f"{name}_B")
    left = [bound.sequences[row] for row in order[positives:][: REFERENCE + SHOWN]]
    return Case(trained, test, np.arange(len(test)), left[SHOWN:], left[:SHOWN])


@cache
def jund() -> Case:
    """Trained on half of the windows; two fifths test it, and of these are `usual` and `fresh`."""
    examples = si.read_examples(DATA / "jund_deepchem/jund_valid.tsv.gz")
    examples = examples.take(["N" not in text for text in examples.sequences])
    groups = related_groups(examples)
    parts = grouped_split(groups, examples.labels, fractions=(0.5, 0.1, 0.4), seed=0)
    split = np.empty(len(examples), dtype=object)
    for name, rows in zip(("train", "valid", "test"), parts, strict=True):
        split[rows] = name
    known = {motif.name: motif.pwm for motif in si.read_motifs(bundled("jaspar_subset.meme"))}
    trained = si.train(
        replace(examples, split=tuple(split)),
        start_from=known,
        recipe=replace(recipe("default", started=True), members=MEMBERS),
        device="cpu",
        seed=0,
    )
    drawn = np.random.default_rng(0).permutation(parts[2])[: REFERENCE + SHOWN]
    left = list(examples.take(drawn).sequences)
    return Case(trained, examples.take(parts[2]), groups[parts[2]], left[SHOWN:], left[:SHOWN])


def read_factor(name: str) -> Examples:
    return si.read_examples(DATA / f"deepbind_encode/{name}.seq.gz")


def classes(_: Path | None) -> dict[str, object]:
    """Calibration, risk and sets of both factors; epistemic uncertainty by training examples and off distribution."""
    found: dict[str, object] = {}
    for name, make in (("USF1", usf1), ("JUND", jund)):
        case = make()
        found[name] = {
            "trained_on": int((case.trained.predictions["split"] == "train").sum()),
            "test_examples": len(case.test),
            "test_positives": int(case.test.labels.sum()),
        }
        for method, asked in (("5 members", case.members), ("MC dropout, one network", case.members[0])):
            said = si.predict_uncertainty(asked, case.test.inputs, task="binary", device="cpu")
            found[name][method] = {
                **halved(said, case.test.labels, case.groups),
                "epistemic_by_kind_of_input": by_kind(asked, case),
            }
        print(name, found[name], flush=True)
    found["USF1, by training positives"] = by_size()
    return found


def halved(said: Uncertainty, labels: np.ndarray, groups: np.ndarray) -> dict[str, object]:
    """Means over halvings of the test examples, one half of which calibrates; spread of the coverage."""
    rows = []
    for seed in range(HALVINGS):
        fit, judge = grouped_folds(groups, labels, folds=2, seed=seed)
        rows.append(_one_halving(said, labels, fit, judge))
    table = pd.DataFrame(rows)
    means = {name: round(float(value), 5) for name, value in table.mean().items()}
    spread = {f"{name}_sd": round(float(table[name].std()), 5) for name in table if name.startswith("sets_cover")}
    return {"auroc": round(float(roc_auc_score(labels, said.mean.numpy())), 4), **means, **spread}


def _one_halving(said: Uncertainty, labels: np.ndarray, fit: np.ndarray, judge: np.ndarray) -> dict[str, float]:
    calibrator = si.calibrate(part(said, fit), labels[fit])
    truth, before = labels[judge].astype(int), part(said, judge)
    after = calibrator.apply(before)
    first, then = before.check(truth), after.check(truth)
    row = {
        "temperature": calibrator.temperature,
        "ece_before": first.reliability.error,
        "ece_after": then.reliability.error,
        "log_loss_before": _log_loss(before, truth),
        "log_loss_after": _log_loss(after, truth),
        "wrong": then.error,
        "risk_area": then.risk.area,
        "best_risk_area": then.risk.best_area,
        "wrong_among_the_surest_half": float(then.risk.risk[len(truth) // 2 - 1]),
    }
    for level in SET_LEVELS:
        sets = calibrator.sets(before, level=level)
        holds = sets[np.arange(len(truth)), truth]
        row[f"sets_cover_at_{level:.0%}"] = holds.mean()
        row[f"sets_cover_positives_at_{level:.0%}"] = holds[truth == 1].mean()
        row[f"set_size_at_{level:.0%}"] = sets.sum(axis=1).mean()
        row[f"empty_at_{level:.0%}"] = (sets.sum(axis=1) == 0).mean()
    return row


def part(said: Uncertainty, rows: np.ndarray) -> Uncertainty:
    """The same of some examples."""
    fields = {name: getattr(said, name)[rows] for name in ("mean", "total", "aleatoric", "epistemic")}
    return replace(said, members=said.members[:, rows], **fields)


def _log_loss(said: Uncertainty, truth: np.ndarray) -> float:
    chance = np.clip(said.probabilities(), 1e-12, None)
    return float(-np.log(chance[np.arange(len(truth)), truth]).mean())


def by_kind(asked: nn.Module | list[nn.Module], case: Case) -> dict[str, dict[str, float]]:
    """Mean mutual information (nats) of kinds of inputs, and whether it tells each from the held-out ones."""
    said = {name: _epistemic(asked, si.one_hot(texts)) for name, texts in kinds_of(case).items()}
    usual = said["held out, human"]
    found = {}
    for name, values in said.items():
        labels = np.repeat([0, 1], [len(usual), len(values)])
        found[name] = {
            "mean": float(f"{values.mean():.3g}"),
            "over_held_out": round(float(values.mean() / usual.mean()), 3),
            "auroc_against_held_out": round(float(roc_auc_score(labels, np.concatenate([usual, values]))), 3),
        }
    return found


def by_size() -> list[dict[str, object]]:
    """Mutual information on the same inputs, of networks trained on more and more bound sequences."""
    rows = []
    for positives in SIZES:
        for seed in SEEDS:
            case = usf1(positives, seed)
            labels = case.test.labels
            said = si.predict_uncertainty(case.members, case.test.inputs, task="binary", device="cpu")
            kinds = kinds_of(case)
            row = {
                "positives": positives,
                "seed": seed,
                "auroc": roc_auc_score(labels, said.mean.numpy()),
                "epistemic, test negatives": said.epistemic[labels == 0].mean(),
                "epistemic, all of the test": said.epistemic.mean(),
                "aleatoric, all of the test": said.aleatoric.mean(),
                **{f"epistemic, {n}": _epistemic(case.members, si.one_hot(t)).mean() for n, t in kinds.items()},
            }
            rows.append({name: round(float(value), 5) for name, value in row.items()})
            print(rows[-1], flush=True)
    return rows


def _epistemic(asked: nn.Module | list[nn.Module], inputs: Tensor) -> np.ndarray:
    return si.predict_uncertainty(asked, inputs, task="binary", device="cpu").epistemic.numpy()


def kinds_of(case: Case) -> dict[str, list[str]]:
    """Held-out human sequences, the positives of the test, and strangers."""
    strongest = [text for text, label in zip(case.test.sequences, case.test.labels, strict=True) if label == 1]
    return {"held out, human": case.fresh, "test positives": strongest, **foreign(case.fresh)}


def foreign(texts: list[str]) -> dict[str, list[str]]:
    """Strangers of the length that the networks read."""
    table = pd.read_csv(DATA / "dream_promoter/demo_train.txt", sep="\t", header=None, names=["sequence", "expression"])
    # those with all of the middle part, which begins after the 17 bases that all share
    yeast = table["sequence"][(table["sequence"].str.len() == 110) & ~table["sequence"].str.contains("N")]
    fly = pd.read_csv(DATA / "deepstarr_subset/sample_train.txt", sep="\t")["Sequence"]
    return {
        "yeast promoters": [text[4 : 4 + WINDOW] for text in yeast[:SHOWN]],
        "fly enhancers": [text[74 : 74 + WINDOW] for text in fly[:SHOWN]],
        "dinucleotide shuffles of held out": [draws[0] for draws in dinucleotide_shuffle(texts, seed=1)],
        "repeats of 1 to 3 bases": repeats(),
    }


def repeats() -> list[str]:
    """All sequences that repeat one, two or three bases."""
    units = ["".join(letters) for width in (1, 2, 3) for letters in product(BASES, repeat=width)]
    return sorted({(unit * WINDOW)[:WINDOW] for unit in units})


def strangers(_: Path | None) -> dict[str, object]:
    """The share of held-out human sequences and of strangers flagged at p <= 0.05, equal lengths by cropping."""
    found = {}
    for name, make in (("USF1", usf1), ("JUND", jund)):
        case = make()
        kinds = kinds_of(case)
        middles = {kind: [cropped(text) for text in texts] for kind, texts in kinds.items()}
        network = case.members[0]
        found[name] = {
            f"{WINDOW} bases": flagged(network, case.usual, kinds),
            f"{VARIABLE} bases, the part of yeast promoters that varies": flagged(
                network, [cropped(text) for text in case.usual], middles
            ),
        }
        print(name, found[name], flush=True)
    return found


def cropped(text: str) -> str:
    """The middle 80 of 101 bases: of a yeast promoter, from base 17 on."""
    return text[13 : 13 + VARIABLE]


def flagged(network: nn.Module, usual: list[str], kinds: Mapping[str, list[str]]) -> dict[str, dict[str, float]]:
    """Of each kind of sequence: the share with p <= 0.05 by each measure, and the p-value of a shift as a whole."""
    natural = si.one_hot(usual)
    known = latent(network, natural)
    found = {}
    for kind, texts in kinds.items():
        inputs = si.one_hot(texts)
        numbers = latent(network, inputs)
        shares = {f"chain of order {order}": sequence_strangeness(inputs, natural, order=order) for order in (1, 2, 3)}
        for distance in ("mahalanobis", "neighbours"):
            shares[f"latent, {distance}"] = latent_strangeness(numbers, known, distance=distance)
        shift = distribution_shift(known, numbers)
        found[kind] = {
            "sequences": len(texts),
            **{name: round(float((value.p_value <= ALPHA).mean()), 4) for name, value in shares.items()},
            "shift_p_value": shift.p_value,
            "energy_distance": round(shift.distance, 4),
        }
    return found


def latent(network: nn.Module, inputs: Tensor) -> np.ndarray:
    """What the last layer reads."""
    with torch.no_grad():
        return last_layer_inputs(Score(network, lambda outputs: outputs[:, 0]), inputs).double().numpy()
