"""What a study of images found, in plain sentences."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seqinterp.evaluation.scorecard.verdicts import AVOID, CARE, USE
from seqinterp.report.image_study_contents import RANDOM, SECOND, Limits, Localisation, RandomLabels, StudyCase
from seqinterp.report.numbers import count, number, percent
from seqinterp.report.scorecard_words import readable


def readings(methods: Sequence[str], likeness: pd.DataFrame, labels: RandomLabels, limits: Limits) -> dict[str, str]:
    """By method, what random labels and noise say of it."""
    found = {}
    for method in methods:
        parts = [_of_labels(method, likeness, labels, limits), _of_noise(method, likeness, limits)]
        found[method] = ". ".join(part[:1].upper() + part[1:] for part in parts if part) + "."
    return found


def of(likeness: pd.DataFrame, question: str, method: str, other: str = "") -> pd.DataFrame:
    """The rows of one comparison."""
    rows = likeness[(likeness["question"] == question) & (likeness["method"] == method)]
    return rows[rows["other"] == other] if other else rows


def follows_labels(method: str, likeness: pd.DataFrame, labels: RandomLabels, limits: Limits) -> bool | None:
    """Whether the maps owe something to what the labels say; None where that is not known."""
    rows = of(likeness, "labels", method, RANDOM)
    return bool(rows["more"].iloc[0] <= limits.level) if len(rows) and labels.proven else None


def _of_labels(method: str, likeness: pd.DataFrame, labels: RandomLabels, limits: Limits) -> str:
    """What the network of random labels says of a method."""
    follows = follows_labels(method, likeness, labels, limits)
    if follows is None:
        return "whether its maps follow the labels is not known"
    second, random = (of(likeness, "labels", method, other).iloc[0] for other in (SECOND, RANDOM))
    own = (
        f"another network of the same labels ({number(second['similarity'], digits=2)}; its maps of other images"
        f" {number(second['chance'], digits=2)})"
    )
    theirs = f"one of random labels ({number(random['similarity'], digits=2)})"
    p_value = f"p = {number(float(random['more']), digits=2)}, {count(int(random['examples']), 'image')}"
    if follows:
        return f"its maps owe something to the labels: they are more like those of {own} than of {theirs}, {p_value}"
    return (
        "its maps cannot be shown to owe anything to the labels: they are no more like those of"
        f" {own} than of {theirs}, {p_value}"
    )


def _of_noise(method: str, likeness: pd.DataFrame, limits: Limits) -> str:
    """What noise says of a method."""
    rows = of(likeness, "noise", method).dropna(subset=["similarity"])
    if rows.empty:
        return "noise left too few images called as they were"
    low = rows[rows["similarity"] < limits.noise]
    levels = ", ".join(f"{number(row['similarity'], digits=2)} at {row['other']}" for row in rows.to_dict("records"))
    if low.empty:
        return f"noise that leaves the class leaves the maps much as they were (rank correlation {levels})"
    return f"noise that leaves the class changes the maps (rank correlation {levels})"


def verdict_words(parts: Any, likeness: pd.DataFrame, card: Any, limits: Limits) -> str:
    """The study in one paragraph."""
    return " ".join(
        [
            _network(parts),
            f"Every method explains one class, {parts.case.target_name}, of the image {parts.case.name}.",
            _trial(card),
            _labels(parts.labels, likeness, list(card.verdicts), limits),
            _places(parts.masks),
            _advice(parts.labels, likeness, card, limits),
        ]
    ).replace("  ", " ")


def _network(parts: Any) -> str:
    """How good the network is, and how far that can be believed."""
    told, data = parts.training, parts.data
    held = next(row["images"] for row in data.parts if row["part"] == "test")
    sure = [
        f"{name} {number(value)} ({number(low)} to {number(high)})" for name, (value, low, high) in told.auroc.items()
    ]
    leak = (
        f"{data.torn} of these show a patient or an image that it was trained on, so it seems better than it is"
        if data.torn
        else "none of these is a near duplicate of an image it was trained on"
        + (", or of the same group" if data.named else "; whose they are is not known")
    )
    what = f"The network {told.network} tells its classes apart with an AUROC of {', '.join(sure)}"
    return f"{what} on {held} test images; {leak}."


def _trial(card: Any) -> str:
    """The verdicts in numbers."""
    by = {
        decision: [readable(name) for name, said in card.verdicts.items() if said.decision == decision]
        for decision in (USE, CARE, AVOID)
    }
    words = {USE: "may be used", CARE: "may be used with care", AVOID: "should not be used"}
    said = "; ".join(f"{_list(names)} {words[decision]}" for decision, names in by.items() if names)
    model = {
        USE: "nothing that was asked speaks against explaining this network",
        CARE: f"of the network there is a doubt: {'; '.join(card.model.reasons)}",
        AVOID: f"no explanation of this network deserves belief: {'; '.join(card.model.reasons)}",
    }[card.model.decision]
    return f"On trial, {said or 'no method could be tried'}; {model}."


def _labels(labels: RandomLabels, likeness: pd.DataFrame, methods: Sequence[str], limits: Limits) -> str:
    """What random labels say of all methods."""
    if not labels.proven:
        return (
            f"The network of random labels is right about {percent(labels.accuracy)} of the true ones, where"
            f" {percent(labels.base_rate)} would be chance (p = {number(labels.p_value, digits=2)}): it is no control,"
            " and nothing is read from it."
        )
    follow = [readable(name) for name in methods if follows_labels(name, likeness, labels, limits)]
    others = [readable(name) for name in methods if not follows_labels(name, likeness, labels, limits)]
    told = f"the maps of {_list(follow)} owe something to the labels" if follow else ""
    rest = f"for {_list(others)} that cannot be shown" if follow else ""
    weak = f"; it learned only {percent(labels.learned)} of its own labels" if labels.learned < limits.learned else ""
    if not others:
        rest = ""
    elif not follow:
        rest = f"it cannot be shown that the maps of {_list(others)} owe anything to the labels"
    return (
        f"Against a network of random labels, right about {percent(labels.accuracy)} of the true ones (chance"
        f" {percent(labels.base_rate)}), {' and '.join(filter(None, (told, rest)))}{weak}."
    )


def _places(masks: Localisation | str) -> str:
    """What masks say."""
    if isinstance(masks, str):
        return ""
    own = [row for row in masks.rows if row["of"] == "the network"]
    edges = next(row for row in masks.rows if row["map"] == "edges")
    best = max(own, key=lambda row: row["mass"])
    than = "more" if best["mass"] > edges["mass"] else "no more"
    return (
        f"Of {readable(best['map'])}, the best of them, {percent(best['mass'])} of the map lies in the masks, which"
        f" cover {percent(masks.chance)} of the pixels; that is {than} than of the edges of the image"
        f" ({percent(edges['mass'])})."
    )


def objections(method: str, likeness: pd.DataFrame, labels: RandomLabels, limits: Limits) -> list[str]:
    """Why the maps of a method should not be shown as reasons, beyond the verdict of its trial."""
    found = []
    follows = follows_labels(method, likeness, labels, limits)
    if not follows:
        found.append(
            "what it owes to the labels is not known"
            if follows is None
            else "it cannot be shown to owe anything to the labels"
        )
    second = of(likeness, "labels", method, SECOND)
    if len(second) and not (alike := float(second["similarity"].iloc[0])) >= limits.repeated:
        found.append(f"another network of the same labels draws another map ({number(alike, digits=2)})")
    noise = of(likeness, "noise", method).dropna(subset=["similarity"])
    if len(noise) and (alike := float(noise["similarity"].iloc[0])) < limits.noise:
        found.append(f"so little noise as {noise['other'].iloc[0]} makes it another map ({number(alike, digits=2)})")
    return found


def _advice(labels: RandomLabels, likeness: pd.DataFrame, card: Any, limits: Limits) -> str:
    """What to do with the maps."""
    if card.model.decision == AVOID:
        return "So no map below should be shown as a reason for what the network says."
    against = {
        name: [
            *objections(name, likeness, labels, limits),
            *(reason for reason in said.reasons if "read off the input" in reason),
        ]
        for name, said in card.verdicts.items()
    }
    good = [
        readable(name) for name, said in card.verdicts.items() if said.decision in (USE, CARE) and not against[name]
    ]
    bad = [f"{readable(name)} ({'; '.join(why)})" for name, why in against.items() if why]
    if not good:
        rest = f": {', '.join(bad)}" if bad else ""
        return f"So no map below should be shown as a reason for what the network says, until one passes{rest}."
    rest = f"; not those of {_list(bad)}" if bad else ""
    return f"So maps of {_list(good)} may be shown, with the doubts below beside them{rest}."


def _list(names: Sequence[str]) -> str:
    """Names as they are listed in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def case_words(case: StudyCase) -> str:
    """Which image it is, what the network calls it, and what is explained."""
    right = "rightly" if case.label == case.called else f"wrongly, as it is of {case.label}"
    return (
        f"{case.name}, {case.chosen}. The network calls it {case.called}, {right}, with a probability of"
        f" {number(case.probability)}. Every map below explains the same number, the logit of {case.target_name}"
        f" (output {case.target}), which is {number(case.score)}."
    )
