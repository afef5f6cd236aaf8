"""Do units become detectors of what a network learned? `python benchmarks/dissection.py [set ...]`.

Network Dissection (Bau et al. 2017, arXiv:1704.05796) of small networks, trained and untrained alike. An untrained
network is the honest null: its units are filters, too, and edges or words are easy to find by chance; what training
made is what the trained network has beyond it.

Images: patches with and without nuclei (dsb2018_nuclei) or vessels (chasedb1), as in trust_images.py; the network is
trained without a third of the images and dissected on patches of these. Concepts are the masks, and colours and edges
of the patches. DNA: USF1 peaks (deepbind_encode) against their dinucleotide shuffles, from random filters, dissected on
the test file; and JUND windows (jund_deepchem), where only filters that start from matrices learn, so that the null is
the network as it started. Concepts are sites of the bundled motifs and composition. `quantile` 0.005 is as published; a
concept on more than an eighth of all places cannot reach an IoU of 0.04 with it, so that images are dissected with 0.1
as well. Patches of one image and overlapping windows are not independent, so that q-values are too small; trained and
untrained networks have that in common. Data are looked for as in real_data.py.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from measure import write_results
from real_data import DATA, FACTORS
from torch import Tensor, nn
from trust_images import Patches, _auroc, nuclei, vessels
from trust_labels import picture_network, randomness, trained

from seqinterp.api.concept_masks import motif_masks, picture_masks
from seqinterp.api.dissect import dissect
from seqinterp.api.results.dissection import Dissection
from seqinterp.api.train import train
from seqinterp.concepts.concept_masks import composition_masks
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.tables import read_examples
from seqinterp.models.metrics import evaluate_predictions
from seqinterp.models.networks import build
from seqinterp.models.predict import predict_logits
from seqinterp.models.recipes import recipe
from seqinterp.models.split import grouped_split
from seqinterp.models.start_filters import start_filters
from seqinterp.models.train import fit
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import related_groups
from seqinterp.sequence.shuffle import dinucleotide_shuffle

UNTRAINED = range(3)
WINDOWS = 600
AP1 = ("JUN", "FOS", "BATF", "JDP")
LEAST_WIDTH = 8  # of a motif: no site of a shorter one can have p < 1e-4
Network = tuple[str, nn.Module]


def images(load: Callable[[], Patches], name: str) -> dict[str, object]:
    """Trained without the first fold, dissected on it."""
    patches = load()
    held = torch.from_numpy(patches.folds == 0)
    make = partial(picture_network, patches.inputs.shape[1], patches.inputs.shape[2], 1)
    learned_from, labels = patches.inputs[~held], patches.labels[~held]
    with randomness(0):
        both = torch.cat([learned_from, learned_from.flip(3)])
        model = trained(make, both, torch.cat([labels, labels]), epochs=40)
    inputs = patches.inputs[held]
    auroc = _auroc(model, inputs, patches.labels[held])
    lowest, highest = inputs.amin(dim=(0, 2, 3), keepdim=True), inputs.amax(dim=(0, 2, 3), keepdim=True)
    masks = {name: patches.masks[held], **picture_masks((inputs - lowest) / (highest - lowest))}
    categories = {name: "object"}
    networks: list[Network] = [("trained", model), *_untrained(make)]
    figures: dict[str, object] = {"test_auroc": round(auroc, 3), "patches": len(inputs)}
    for quantile in (0.005, 0.1):
        found = [(kind, _dissected(network, inputs, masks, categories, quantile)) for kind, network in networks]
        figures[f"quantile {quantile}"] = _compared(found, (name,))
        _drawn(found[0][1], f"{name}_{quantile}")
    return figures


def _untrained(make: Callable[[], nn.Module]) -> Iterator[Network]:
    for seed in UNTRAINED:
        with randomness(seed):
            yield "untrained", make().eval()


def _dissected(
    network: nn.Module, inputs: Tensor, masks: dict, categories: dict, quantile: float = 0.005
) -> Dissection:
    return dissect(network, inputs, masks, categories=categories, quantile=quantile, batch_size=128, device="cpu")


def _compared(found: list[tuple[str, Dissection]], wanted: tuple[str, ...]) -> dict[str, object]:
    """By kind of network and layer: detectors of any concept and of those wanted, and the largest IoU of these."""
    rows: dict[str, dict[str, list]] = {}
    for kind, each in found:
        table = each.units
        for layer, own in table.groupby("layer", sort=False):
            right = own[own["concept"].isin(wanted)]
            columns = [number for number, concept in enumerate(each.concepts) if concept in wanted]
            here = torch.tensor([name == layer for name in each.layers])
            best = float(each.iou[here][:, columns].max()) if columns else 0.0
            row = rows.setdefault(kind, {}).setdefault(layer, [])
            row.append((len(own), int(own["detector"].sum()), int(right["detector"].sum()), best))
    return {
        kind: {
            layer: dict(
                zip(
                    ("units", "detectors", "detectors_of_the_object", "largest_iou_with_the_object"),
                    [round(float(value), 3) for value in np.mean(values, axis=0)],
                    strict=True,
                )
            )
            for layer, values in layers.items()
        }
        for kind, layers in rows.items()
    }


def _concepts(inputs: Tensor) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Sites of the bundled motifs, and composition."""
    motifs = [motif for motif in read_motifs(bundled("jaspar_subset.meme")) if motif.width >= LEAST_WIDTH]
    sites, made_of = motif_masks(inputs, motifs), composition_masks(inputs)
    return {**sites, **made_of}, {**dict.fromkeys(sites, "motif"), **dict.fromkeys(made_of, "composition")}


def usf1() -> dict[str, object]:
    """From random filters; dissected on the test file."""
    name, _ = FACTORS["USF1"]
    bound = read_examples(DATA / f"deepbind_encode/{name}_AC.seq.gz")
    shuffled = [draws[0] for draws in dinucleotide_shuffle(list(bound.sequences))]
    data = Examples.of([*bound.sequences, *shuffled], [1] * len(bound) + [0] * len(bound))
    parts = grouped_split(np.tile(related_groups(bound), 2), data.labels, fractions=(0.8, 0.1, 0.1), seed=0)
    training, valid = np.concatenate([parts[0], parts[2]]), parts[1]
    learned = (data.inputs[training], data.labels[training])
    model = fit("default", {}, *learned, valid=(data.inputs[valid], data.labels[valid]), device="cpu", seed=0).model
    test = read_examples(DATA / f"deepbind_encode/{name}_B.seq.gz")
    auroc = evaluate_predictions(predict_logits(model, test.inputs, device="cpu"), test.labels).auroc.value
    networks: list[Network] = [("trained", model), *_untrained(partial(build, "default"))]
    words = {m.name: m for m in read_motifs(bundled("jaspar_subset.meme")) if "CACGTG" in m.consensus}
    alike = [name for motif in words.values() for name in _names(motif)]  # one family shares this word
    return _of_motifs("usf1", test.inputs, networks, tuple(alike), auroc, quantiles=(0.005,))


def jund() -> dict[str, object]:
    """Filters that start from matrices; the null is the network that started."""
    examples = read_examples(DATA / "jund_deepchem/jund_valid.tsv.gz")
    known = {motif.name: motif.pwm for motif in read_motifs(bundled("jaspar_subset.meme"))}
    result = train(examples, start_from=known, recipe=recipe("default", started=True), device="cpu", seed=0)
    rows = np.flatnonzero((result.predictions["split"] == "test").to_numpy())
    chosen = np.random.default_rng(0).permutation(rows)[:WINDOWS]
    inputs = examples.take(chosen).inputs
    (_, started), (_, random), *_ = _untrained(partial(build, "default", result.settings))
    start_filters(started, known, inputs, seed=0)
    networks = [("trained", result.model), ("untrained, from matrices", started), ("untrained", random)]
    family = [m for m in read_motifs(bundled("jaspar_subset.meme")) if any(w in m.label.upper() for w in AP1)]
    wanted = [name for motif in family for name in _names(motif)]
    return _of_motifs("jund", inputs, networks, tuple(wanted), result.metrics.auroc.value, quantiles=(0.005, 0.0005))


def _names(motif: Motif) -> tuple[str, str]:
    """The names that the concept of a motif may have."""
    return motif.label, f"{motif.label} ({motif.name})"


def _of_motifs(
    name: str,
    inputs: Tensor,
    networks: list[Network],
    wanted: tuple[str, ...],
    auroc: float,
    *,
    quantiles: tuple[float, ...],
) -> dict:
    """Dissect networks by motifs. The rarer the sites, the smaller a quantile has to be."""
    masks, categories = _concepts(inputs)
    figures: dict[str, object] = {"test_auroc": round(auroc, 3), "windows": len(inputs), "concepts": len(masks)}
    for quantile in quantiles:
        found = [(kind, _dissected(network, inputs, masks, categories, quantile)) for kind, network in networks]
        best = found[0][1].units.sort_values("iou", ascending=False).head(8)
        _drawn(found[0][1], name)
        figures[f"quantile {quantile}"] = _compared(found, wanted)
        figures[f"best_units, quantile {quantile}"] = (
            best[["layer", "unit", "concept", "iou", "q"]].round(4).to_dict("records")
        )
    return figures


def _drawn(found: Dissection, name: str) -> None:
    """Figures, for looking at."""
    if FIGURES is not None:
        found.plot().savefig(f"{FIGURES}/dissection_{name}.png")
        row = found.units.sort_values("iou", ascending=False).iloc[0]
        found.plot_unit(row["layer"], int(row["unit"]), device="cpu").savefig(f"{FIGURES}/dissection_{name}_unit.png")


FIGURES: str | None = None
SETS: dict[str, tuple[str, Callable[[], dict]]] = {
    "nuclei": ("dsb2018_nuclei", partial(images, nuclei, "nucleus")),
    "vessels": ("chasedb1", partial(images, vessels, "vessel")),
    "USF1": ("deepbind_encode", usf1),
    "JUND": ("jund_deepchem", jund),
}


def main() -> None:
    global FIGURES
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--figures", help="a folder for figures")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    given = parser.parse_args()
    FIGURES = given.figures
    for name in given.sets:
        folder, measure = SETS[name]
        if not (DATA / folder).is_dir():
            print(f"{name}: left out, {DATA / folder} is not there")
            continue
        begun = time.perf_counter()
        figures = {**measure(), "seconds": round(time.perf_counter() - begun)}
        print(name, json.dumps(figures), flush=True)
        print("written to", write_results(f"dissection_{name.lower()}", figures))


if __name__ == "__main__":
    main()
