"""Every attribution method on trained networks: `python benchmarks/leaderboard.py [--cache FOLDER]`, then `--page`.

Eight architectures are trained on each of eight motif grammars (`trained_grammars.py`), and every method explains what
they have learned, as it comes. The truth is that of the grammar: Shapley values of the planted sites by enumeration on
the exact network, spread evenly over the informative bases of a site. A second truth asks the trained network itself
in the same way. `--page` writes LEADERBOARD.md from the results.
"""

import argparse
import json
import math
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from leaderboard_page import PAGE, page
from measure import RESULTS, write_results
from torch import Tensor
from trained_grammars import ARCHITECTURES, LENGTH, Trained, trained

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.api.results.attribution import Attribution
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.evaluation.grammar_truth import (
    exact_site_values,
    exact_truth,
    position_error,
    sign_correctness,
    signal_share,
    truth_auprc,
    truth_auroc,
)
from seqinterp.evaluation.grammars import GRAMMARS, WORDS, grammar
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.onehot import one_hot

LEARNED = 0.8  # share of the variance below which a network has not learned its grammar
SHOWN, FEW, DRAWN = 24, 4, 120  # examples in which something matters, of methods that take long, drawn to have them
SLOW = ("exact_integrated_gradients", "shapley", "kernel_shap", "lime")
SEARCHED = {"repression": {"alpha", "beta"}, "decoys": {"alpha"}}  # grammars, and the motifs of them that matter
SMALL = 0.1  # of the largest site of an example: what a trained network gives to a site that it need not see
METRICS = {
    "auroc": truth_auroc,
    "average_precision": truth_auprc,
    "signal_share": signal_share,
    "sign": sign_correctness,
    "position_error": position_error,
}


@dataclass(frozen=True, eq=False)
class Case:
    """A trained network, examples in which something matters, the truth of the grammar and that of the network.

    away: how far the network's own site values are from the grammar's, as a share of the grammar's.
    """

    trained: Trained
    inputs: Tensor
    truth: Tensor
    own: Tensor
    away: float


@cache
def case(architecture: str, name: str, folder: Path) -> Case:
    """The case of an architecture and a grammar."""
    network = trained(architecture, name, folder)
    drawn = grammar(name, count=DRAWN, length=LENGTH, seed=4000)
    values = exact_site_values(drawn.score, drawn.inputs, background=drawn.background, sites=drawn.sites)
    chosen = torch.nonzero(values.abs().amax(1) > 1e-4)[:SHOWN, 0]
    inputs, values = drawn.inputs[chosen], values[chosen]
    sites = {"background": drawn.background[chosen], "sites": tuple(drawn.sites[i] for i in chosen.tolist())}
    score = Score(network.model, output(0))
    with torch.no_grad():
        found = exact_site_values(score, inputs, **sites)
        own = exact_truth(score, inputs, **sites)
        truth = exact_truth(drawn.score, inputs, **sites)
    own = own.where(own.abs() >= SMALL * own.abs().amax((1, 2), keepdim=True), 0)
    values = values[:, : found.shape[1]]  # columns are as many as the most sites of the examples that were asked
    return Case(network, inputs, truth, own, float((found - values).abs().sum() / values.abs().sum()))


def explained(method: str, case: Case) -> tuple[Attribution, int, float]:
    """What a method says, of how many examples, and the seconds it took."""
    count = FEW if method in SLOW else len(case.inputs)
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = si.attribute(case.trained.model, case.inputs[:count], method, device="cpu")
    return found, count, time.perf_counter() - begun


def measured(method: str, case: Case) -> dict[str, object]:
    """The metrics of one method on one network."""
    found, count, seconds = explained(method, case)
    row: dict[str, object] = {"seconds": seconds / count, "verdict": found.certificate.verdict}
    inputs, score = case.inputs[:count], Score(case.trained.model, output(0))
    for metric, function in METRICS.items():
        row[metric] = float(function(score, inputs, found.values, truth=case.truth[:count]).nanmean())
    own = truth_auroc(score, inputs, found.values, truth=case.own[:count])
    present = found.values * inputs  # of maps of all bases, what is said of the one that stands there
    row["own_auroc"] = float(own.nanmean())
    row["present_auroc"] = float(truth_auroc(score, inputs, present, truth=case.truth[:count]).nanmean())
    row["present_sign"] = float(sign_correctness(score, inputs, present, truth=case.truth[:count]).nanmean())
    return row


def searched(method: str, name: str, case: Case) -> dict[str, object]:
    """Motif discovery in the attributions: planted motifs found, and patterns that are nothing that matters."""
    found, _, _ = explained(method, case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        motifs = si.discover(case.inputs, found, database=known_motifs())
    names = [motif.match.name if motif.match else "" for motif in motifs]
    right = SEARCHED[name]
    strange = sum(one not in right for one in names)
    return {"recovered": len(right & set(names)) / len(right), "patterns": len(names), "strange": strange}


@cache
def known_motifs() -> list[Motif]:
    """The three words of the grammars among the motifs of JASPAR that come with the package."""
    words = [Motif(name, 100.0 * one_hot([word])[0].numpy()) for name, word in WORDS.items()]
    return words + list(read_motifs(bundled("jaspar_subset.meme")))


def rows() -> Iterator[dict[str, object]]:
    """A row for each network, each method on each network, and each search, in this order of kinds."""
    networks = [(architecture, name) for name in GRAMMARS for architecture in ARCHITECTURES]
    quick = [method for method in METHODS if method not in SLOW]
    searches = [(architecture, name) for name in SEARCHED for architecture in ARCHITECTURES]
    parts = (("method", networks, quick), ("method", networks, SLOW), ("search", searches, quick))
    for architecture, name in networks:
        yield {"kind": "network", "architecture": architecture, "grammar": name}
    for kind, where, methods in parts:
        for architecture, name in where:
            for method in methods:
                yield {"kind": kind, "architecture": architecture, "grammar": name, "method": method}


def filled(row: dict[str, object], folder: Path) -> dict[str, object]:
    """A row with what it asks for; a method that refuses a network says why."""
    shown = case(str(row["architecture"]), str(row["grammar"]), folder)
    network = shown.trained
    if row["kind"] == "network":
        facts = {key: getattr(network, key) for key in ("whole", "broken", "parameters", "epochs", "seconds")}
        return row | facts | {"away": shown.away}
    if network.whole < LEARNED:
        return row | {"refused": "not learned"}
    try:
        if row["kind"] == "method":
            return row | measured(str(row["method"]), shown)
        return row | searched(str(row["method"]), str(row["grammar"]), shown)
    except si.SeqinterpError as error:
        return row | {"refused": str(error)}


def measure(folder: Path) -> Path:
    """Fill all rows that the folder does not hold yet, and write the results."""
    kept = folder / "rows.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    done = {key(row): row for row in map(json.loads, lines)}
    for row in rows():
        if key(row) not in done:
            done[key(row)] = filled(row, folder)
            line = json.dumps(done[key(row)])
            with kept.open("a") as file:
                file.write(line + "\n")
            print(line, flush=True)
    return write_results("leaderboard", table([done[key(row)] for row in rows()]))


def key(row: dict[str, object]) -> tuple[object, ...]:
    """What a row is of."""
    return tuple(row.get(part) for part in ("kind", "architecture", "grammar", "method"))


def table(found: list[dict[str, object]]) -> dict[str, object]:
    """Comma-separated lines of each kind, which read well in a JSON file, and why networks were refused."""
    figures: dict[str, object] = {"examples": SHOWN, "examples_of_slow_methods": FEW, "slow": SLOW, "learned": LEARNED}
    figures["jaspar"] = len(known_motifs()) - len(WORDS)
    for kind in ("network", "method", "search"):
        usable = [row for row in found if row["kind"] == kind and "refused" not in row]
        columns = [key for key in usable[0] if key not in ("kind", "verdict")] if usable else []
        lines = [",".join(_short(row[key]) for key in columns) for row in usable]
        figures[kind] = [",".join(columns), *lines]
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in found:
        if row["kind"] == "method" and row.get("refused", "not learned") != "not learned":
            reasons.setdefault(str(row["method"]), {}).setdefault(str(row["refused"]), []).append(
                f"{row['architecture']}/{row['grammar']}"
            )
    doubts: dict[str, dict[str, int]] = {}
    for row in found:
        if row["kind"] == "method" and row.get("verdict", "ok") != "ok":
            kind = "".join("#" if letter.isdigit() else letter for letter in str(row["verdict"]))[:70]
            own = doubts.setdefault(str(row["method"]), {})
            own[kind] = own.get(kind, 0) + 1
    return figures | {"refused": reasons, "doubtful": doubts}


def _short(value: object) -> str:
    """A value of a table: four digits of a number, nothing for what is not one."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def main() -> None:
    """Measure, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="a folder that keeps networks and rows, so that a rerun continues")
    parser.add_argument("--page", action="store_true", help="write LEADERBOARD.md from the results")
    asked = parser.parse_args()
    if asked.page:
        newest = max(RESULTS.glob("leaderboard--*.json"), key=lambda path: path.stat().st_mtime)
        PAGE.write_text(page(json.loads(newest.read_text())))
        print(PAGE)
    elif asked.cache:
        asked.cache.mkdir(parents=True, exist_ok=True)
        print(measure(asked.cache))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(Path(folder)))


if __name__ == "__main__":
    main()
