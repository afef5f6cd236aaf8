"""What a study of images says, from numbers whose meaning is known."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from seqinterp.errors import InputError
from seqinterp.evaluation.scorecard.verdicts import AVOID, CARE, USE, Verdict
from seqinterp.plot.image_study import networks_figure, noise_figure
from seqinterp.report.image_study_contents import RANDOM, SECOND, Limits, Localisation, RandomLabels, StudyCase
from seqinterp.report.image_study_words import case_words, follows_labels, readings, verdict_words

LABELS = RandomLabels(0.52, 0.5, 0.4, True, 200, 0.96, 10, 1, 0.93, 0.94, "aaaa", "bbbb")
CASE = StudyCase("one.png", "asked for by name", "ill", "ill", 0.97, 1, "ill", 2.5, ())


def table(second=0.6, random=0.1, more=0.001, noise=(0.9, 0.8)):
    told = [("labels", SECOND, second, float("nan")), ("labels", RANDOM, random, more)]
    told += [("noise", f"{level}", alike, float("nan")) for level, alike in zip((0.01, 0.05), noise, strict=True)]
    names = ("question", "other", "similarity", "more")
    rows = [dict(zip(names, row, strict=True)) for row in told]
    return pd.DataFrame(rows).assign(method="gradient", chance=0.1, p_value=0.01, examples=10)


def card(decision=CARE, model=USE, doubt="a doubt"):
    said = {"gradient": Verdict("gradient", decision, (doubt,) * (decision != USE))}
    return SimpleNamespace(verdicts=said, model=Verdict("the model", model, ("a reason",) * (model != USE)))


def parts(**changes):
    data = SimpleNamespace(parts=({"part": "test", "images": 200},), torn=changes.pop("torn", 0), named=True)
    training = SimpleNamespace(network="small_cnn", auroc={"ill": (0.95, 0.9, 0.98)})
    whole = {"data": data, "training": training, "case": CASE, "labels": LABELS, "masks": "no masks were given"}
    return SimpleNamespace(**{**whole, **changes})


def test_a_map_follows_the_labels_where_a_second_network_agrees_more_than_random_labels():
    assert follows_labels("gradient", table(), LABELS, Limits()) is True
    assert follows_labels("gradient", table(more=0.2), LABELS, Limits()) is False
    assert follows_labels("gradient", table(), replace(LABELS, proven=False), Limits()) is None
    assert follows_labels("occlusion", table(), LABELS, Limits()) is None


@pytest.mark.parametrize(
    ("given", "labels", "words"),
    [
        (table(), LABELS, "owe something to the labels"),
        (table(more=0.2), LABELS, "cannot be shown to owe anything"),
        (table(), replace(LABELS, proven=False), "is not known"),
        (table(noise=(0.9, 0.2)), LABELS, "changes the maps (rank correlation 0.90 at 0.01, 0.20 at 0.05)"),
        (table(), LABELS, "leaves the maps much as they were"),
    ],
)
def test_readings(given, labels, words):
    assert words in readings(["gradient"], given, labels, Limits())["gradient"]


@pytest.mark.parametrize(
    ("given", "decisions", "changes", "words"),
    [
        (table(), (USE, USE), {}, "So maps of gradient may be shown"),
        (table(second=0.3), (USE, USE), {}, "another network of the same labels draws another map (0.30)"),
        (table(noise=(0.3, 0.2)), (USE, USE), {}, "so little noise as 0.01 makes it another map (0.30)"),
        (
            table(),
            (CARE, USE, "its sizes can be read off the input: edges"),
            {},
            "one passes: gradient (its sizes can be",
        ),
        (table(noise=(0.8, 0.2)), (USE, USE), {}, "So maps of gradient may be shown"),
        (table(more=0.2), (USE, USE), {}, "it cannot be shown that the maps of gradient owe"),
        (table(more=0.2), (USE, USE), {}, "So no map below should be shown"),
        (table(), (AVOID, USE), {}, "So no map below should be shown"),
        (table(), (AVOID, AVOID), {}, "no explanation of this network deserves belief: a reason"),
        (table(), (USE, USE), {"torn": 7}, "7 of these show a patient or an image"),
        (table(), (USE, USE), {"labels": replace(LABELS, proven=False)}, "it is no control"),
        (table(), (USE, USE), {"labels": replace(LABELS, learned=0.66)}, "it learned only 66\xa0% of its own labels"),
    ],
)
def test_the_verdict(given, decisions, changes, words):
    said = verdict_words(parts(**changes), given, card(*decisions), Limits())
    assert words in said and "AUROC of ill 0.950 (0.900 to 0.980) on 200 test images" in said


def test_masks_are_read_beside_edges():
    rows = [
        {"map": name, "of": of, "pointing": 0.5, "mass": mass, "above": 0.01}
        for name, of, mass in (("gradient", "the network", 0.4), ("edges", "no network", 0.5))
    ]
    said = verdict_words(parts(masks=Localisation(tuple(rows), 0.2, 20)), table(), card(), Limits())
    assert (
        "40\u00a0% of the map lies in the masks" in said
        and "no more than of the edges of the image (50\u00a0%)" in said
    )


def test_a_case_that_is_called_wrongly_says_so():
    assert "calls it ill, rightly" in case_words(CASE)
    assert "calls it ill, wrongly, as it is of well" in case_words(replace(CASE, label="well"))
    assert "the logit of ill (output 1), which is 2.50" in case_words(CASE)


def test_figures_show_what_there_is():
    labels = table()[table()["question"] == "labels"]
    axes = networks_figure(labels, others=(SECOND, RANDOM)).axes[0]
    dots = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o")
    assert dots == [0.1, 0.6]
    drawn = noise_figure(table()[table()["question"] == "noise"], limit=0.5).axes[0].lines[1]
    assert list(drawn.get_xdata()) == [0.0, 0.01, 0.05] and list(drawn.get_ydata()) == [1.0, 0.9, 0.8]
    with pytest.raises(InputError):
        networks_figure(labels.iloc[:0], others=(SECOND,))
    with pytest.raises(InputError):
        noise_figure(labels.iloc[:0], limit=0.5)
