"""The sections of a study of images; each has what `sections` says of one, and the call that gives its numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqinterp.plot.confusion import confusion_figure, image_training_figure
from seqinterp.plot.curves import roc_figure
from seqinterp.plot.image_panels import image_panels
from seqinterp.plot.image_study import networks_figure, noise_figure
from seqinterp.plot.sample_grid import sample_grid
from seqinterp.report.image_study_contents import (
    NETWORK,
    RANDOM,
    SECOND,
    Limits,
    RandomLabels,
    StudyContents,
    Three,
)
from seqinterp.report.image_study_words import case_words, of
from seqinterp.report.images import Image, embedded
from seqinterp.report.numbers import count, number, percent
from seqinterp.report.scorecard_sections import verdict_row
from seqinterp.report.scorecard_words import method_words, model_sentence, readable

Section = dict[str, Any]
PAIRS = 12  # duplicates that are listed
NULLS = ("edges", "intensity")
STABLE = (
    ("neighbour_similarity", ""),
    ("reseeding", ""),
    ("members", ""),
    ("shift_consistency", ""),
    ("randomised", "spearman"),
    ("deletion_gain", ""),
    ("insertion_gain", ""),
)
HEADS = (
    "images near it",
    "other seeds",
    "second network",
    "moved by a pixel",
    "random weights",
    "deletion",
    "insertion",
)


def summary(contents: StudyContents) -> list[dict[str, str]]:
    """Give the few facts that head the page."""
    data, told = contents.data, contents.training
    values = [value for value, _, _ in told.auroc.values()]
    one = next(iter(told.auroc.values()), None)
    note = f"95 % interval {number(one[1])} to {number(one[2])}" if one and len(values) == 1 else "mean over classes"
    decisions = [said.decision for said in contents.card.verdicts]
    facts = [
        ("images", f"{data.images:,}", " × ".join(str(side) for side in data.size)),
        ("groups", f"{data.groups:,}", "patients, or images alike" if data.named else "images alike"),
        ("AUROC", number(float(np.mean(values))) if values else "not known", note),
        ("accuracy", percent(told.accuracy[0]), f"{percent(told.accuracy[1])} to {percent(told.accuracy[2])}"),
        (
            "methods not ruled out",
            f"{sum(said != 'do not use' for said in decisions)} of {len(decisions)}",
            "on trial, below",
        ),
    ]
    return [{"name": name, "value": value, "note": words} for name, value, words in facts]


def verdict(contents: StudyContents) -> Section:
    """Give the answer first."""
    return {
        **_whole("verdict", "Verdict", "What may be believed"),
        "lead": "The whole study in one paragraph; everything below is where it comes from.",
        "words": contents.verdict,
        "readings": [
            {**verdict_row(said, f"{method_words(said)} {contents.readings.get(said.subject, '')}"), "cost": ""}
            for said in contents.card.verdicts
        ],
    }


def data(contents: StudyContents) -> Section:
    """Give counts, groups, duplicates and samples."""
    told = contents.data
    kinds = [row["kind"] for row in told.duplicates]
    exact, near = kinds.count("exact"), kinds.count("near")
    kept = "Related images stand on one side of the split." if told.by_group else "Images were dealt at random."
    torn = f" {count(told.torn, 'test image is', 'test images are')} related to training images." if told.torn else ""
    return {
        **_whole("data", "Data", "The images", "seqinterp.split_images, seqinterp.find_duplicates"),
        "lead": f"{kept}{torn} {count(exact, 'pair')} of the same pixels and {near} of nearly the same were found.",
        "classes": told.classes,
        "parts": [{**row, "total": f"{row['images']:,}"} for row in told.parts],
        "duplicates": [{**row, "likeness": number(row["likeness"])} for row in told.duplicates[:PAIRS]],
        "more": max(0, len(told.duplicates) - PAIRS),
        "image": embedded(sample_grid(contents.samples), "A few images of each class."),
    }


def training(contents: StudyContents) -> Section:
    """Give how the network came about and what it is worth."""
    told = contents.training
    confusion = np.array(told.confusion, dtype=np.int64)
    squares = [embedded(confusion_figure(confusion, contents.data.classes), "Confusion matrix of the test images.")]
    for name, curve in list(told.curves.items())[:3]:
        label = f"{name}, {number(told.auroc[name][0])}"
        figure = roc_figure(np.array(curve["false"]), np.array(curve["true"]), label=label)
        squares.append(embedded(figure, f"ROC curve of {name}."))
    over = "resampled groups of related images" if told.resampled == "groups" else f"resampled {told.resampled}"
    rows = [("accuracy", told.accuracy, "")]
    rows += [("AUROC", value, name) for name, value in told.auroc.items()]
    rows += [("calibration error", value, name) for name, value in told.calibration_error.items()]
    return {
        **_whole("training", "Network", "The network and what it is worth", "seqinterp.train_images"),
        "lead": f"{told.network}, {told.parameters:,} parameters, {count(told.epochs, 'epoch')}, the weights after"
        f" epoch {told.kept} kept. Everything here is of test images; intervals are over {over}.",
        "history": embedded(image_training_figure(contents.history), "Loss and accuracy by epoch."),
        "squares": squares,
        "rows": [{"name": name, "of": what, "value": _interval(value)} for name, value, what in rows],
        "report": [
            {
                "name": row["class"],
                "values": [_share(row[key]) for key in ("precision", "recall", "f1")],
                "n": row["support"],
            }
            for row in told.report
        ],
    }


def case(contents: StudyContents) -> Section:
    """Give the maps of one image."""
    return {
        **_whole("case", "Maps", "One image, one class, every method", "seqinterp.attribute"),
        "lead": case_words(contents.case),
        "image": _panels(contents, NETWORK, "every method's map of the image"),
        "key": "Orange speaks for the class, blue against it; each map has its own scale. Of the gradient the size is"
        " shown.",
        "methods": [
            {
                "name": readable(row["method"]),
                "kind": "use" if row["verdict"] == "ok" else "care",
                "mark": "✓" if row["verdict"] == "ok" else "!",
                "decision": "certified" if row["verdict"] == "ok" else "doubtful",
                "words": row["verdict"].removeprefix("doubtful: ") if row["verdict"] != "ok" else "",
                "sum": "" if row["sum"] is None else f", adds up to {number(row['sum'])}",
                "certificate": [{"name": name, "value": value} for name, value in row["certificate"].items()],
            }
            for row in contents.case.methods
        ],
    }


def labels(contents: StudyContents) -> Section:
    """Give the network of random labels."""
    told = contents.labels
    proof = (
        f"It is right about {percent(told.accuracy)} of {count(told.judged, 'test image')}, where"
        f" {percent(told.base_rate)} is chance (p = {number(told.p_value, digits=2)}); the network itself is right"
        f" about {percent(told.model_accuracy)}, the second one about {percent(told.second_accuracy)}. Of the permuted"
        f" training labels it learned {percent(told.learned)} in {count(told.epochs, 'epoch')}{_weak(told)}. Its"
        f" weights ({told.fingerprint[:8]}) are not those of the network ({told.model_fingerprint[:8]})."
    )
    if told.attempts > 1:
        before = f"The {count(told.attempts - 1, 'permutation')} before leaned on the true labels by chance"
        proof += f" {before} and gave no control."
    rows = contents.likeness[contents.likeness["question"] == "labels"]
    return {
        **_whole("labels", "Random labels", "Would the maps look the same without the labels?"),
        "lead": "A new network of the same kind learned the training images with permuted labels. A map that owes"
        " something to the labels is more like that of a second network of the true labels, from another start, than"
        " like that of random ones. The measure is the rank correlation of sizes, pixel by pixel.",
        "proof": proof,
        "proven": told.proven,
        "image": embedded(networks_figure(rows, others=(SECOND, RANDOM)), "Likeness of maps under other networks.")
        if rows["similarity"].notna().any()
        else None,
        "rows": [_likeness(contents, method) for method in dict.fromkeys(rows["method"])],
        "panels": [
            {"caption": caption, "image": _panels(contents, network, caption)}
            for network, caption in (
                (NETWORK, "The network"),
                (SECOND, "A second network of the same labels"),
                (RANDOM, "The network of random labels"),
            )
        ],
    }


def _weak(told: RandomLabels) -> str:
    """What it means that few of the permuted labels were learned."""
    if told.learned >= Limits().learned:
        return ""
    return ", so it is a weak control: a network that learned more of them might draw other maps"


def _likeness(contents: StudyContents, method: str) -> dict[str, Any]:
    """One method under other networks."""
    second, random = (of(contents.likeness, "labels", method, other).iloc[0] for other in (SECOND, RANDOM))
    return {
        "name": readable(method),
        "values": [number(float(row[key]), digits=2) for row in (second, random) for key in ("similarity", "chance")],
        "more": number(float(random["more"]), digits=2),
        "examples": int(random["examples"]),
    }


def noise(contents: StudyContents) -> Section:
    """Give noise that keeps the class."""
    told, rows = contents.noise, contents.likeness[contents.likeness["question"] == "noise"]
    return {
        **_whole("noise", "Noise", "Noise that leaves the class as it is"),
        "lead": f"Normal noise on every pixel of {count(told.examples, 'image')}. Those that are called otherwise are"
        " left out, as they may deserve another map; of the others a map should stay much as it was.",
        "levels": [
            {
                "level": f"{row['level']:g}",
                "kept": f"{row['kept']} of {row['asked']}",
                "moved": number(row["moved"]),
                "values": [
                    number(float(found["similarity"].iloc[0]), digits=2) if len(found) else "–"
                    for found in (of(rows, "noise", name, f"{row['level']:g}") for name in _methods(contents))
                ],
            }
            for row in told.levels
        ],
        "methods": [readable(name) for name in _methods(contents)],
        "image": embedded(noise_figure(rows, limit=Limits().noise), "Likeness of maps under noise.")
        if rows["similarity"].notna().any()
        else None,
    }


def trial(contents: StudyContents) -> Section:
    """Give edges, stability and faithfulness, and the verdicts of the scorecard."""
    card = contents.card
    table = card.summary.set_index(["method", "measure", "of"])["mean"]

    def of_method(name: str, keys: tuple[tuple[str, str], ...]) -> list[str]:
        return [number(float(table[name, *key]), digits=2) if (name, *key) in table.index else "–" for key in keys]

    keys = (*(("null_similarity", null) for null in NULLS), *STABLE)
    return {
        **_whole("trial", "Trial", "More than edges? Stable? Faithful?", "seqinterp.evaluate"),
        "lead": f"Every method was put on trial on {count(card.examples, 'test image')}, all for the same class."
        " Likenesses are rank correlations; with edges, brightness and copies of random weights they should be small,"
        " else large. Deletion and insertion are areas between the curves of a random order and of the map's: above 0"
        " is better.",
        "model": verdict_row(card.model, model_sentence(card.model)),
        "heads": ("edges", "brightness", *HEADS),
        "rows": [{"name": readable(name), "values": of_method(name, keys)} for name in _methods(contents)],
        "refused": [{"name": readable(name), "words": why} for name, why in card.refused.items()],
    }


def masks(contents: StudyContents) -> Section:
    """Give where the maps fall."""
    told = contents.masks
    whole = _whole("masks", "Masks", "Do the maps fall on what is marked?", "seqinterp.evaluation.localisation")
    if isinstance(told, str):
        return {**whole, "lead": "", "empty": f"Not asked: {told}."}
    return {
        **whole,
        "lead": f"On {count(told.examples, 'test image')} with a mask, which covers {percent(told.chance)} of the"
        " pixels: what a map without knowledge would get in both columns. An untrained network and the edges of the"
        " image are there for comparison.",
        "rows": [
            {
                "name": readable(row["map"]),
                "of": row["of"],
                "pointing": percent(row["pointing"]),
                "mass": percent(row["mass"]),
                "above": number(row["above"], digits=2),
            }
            for row in told.rows
        ],
    }


def provenance(contents: StudyContents) -> Section:
    """Give where every number comes from."""
    run = [("run id", contents.run_id), ("seed", str(contents.seed)), ("created", contents.created)]
    return {
        **_whole("provenance", "Provenance", "Where the numbers come from"),
        "lead": "With the same images, seed and versions the command gives these numbers again, on the same kind of"
        " machine. The folder of the study holds the weights, all maps of the trial and every number as a table.",
        "tables": [
            {"name": "Run", "rows": run},
            {"name": "Data and network", "rows": list(contents.facts.items())},
            {"name": "Versions", "rows": list(contents.versions.items())},
        ],
        "command": contents.command,
    }


def _whole(name: str, short: str, title: str, source: str = "") -> Section:
    return {"id": name, "short": short, "title": title, "empty": "", "source": source}


def _methods(contents: StudyContents) -> list[str]:
    """The methods that were tried."""
    return [said.subject for said in contents.card.verdicts]


def _panels(contents: StudyContents, network: str, alt: str) -> Image:
    """The maps of one network side by side."""
    maps = contents.maps[network]
    figure = image_panels(_shown(maps), classes=contents.data.classes, columns=1 + min(len(maps), 4))
    return embedded(figure, f"{alt}: {', '.join(map(readable, maps))}.")


def _shown(maps: Mapping[str, Any]) -> dict[str, Any]:
    """Maps as they are drawn: of the gradient its size alone, as in the literature."""
    sizes = {name: one.certificate.method == "gradient" for name, one in maps.items()}
    return {
        f"{readable(name)}, size" if sizes[name] else readable(name): replace(one, values=one.values.abs())
        if sizes[name]
        else one
        for name, one in maps.items()
    }


def _interval(value: Three) -> str:
    """A number with the ends of its interval."""
    return f"{number(value[0])} ({number(value[1])} to {number(value[2])})"


def _share(value: float) -> str:
    """Precision or recall; a class without any has none."""
    return "–" if np.isnan(value) else number(float(value), digits=2)
