"""The page of an evidence report: everything is said, escaped, traceable, and what was not asked has its reason."""

import re
from dataclasses import fields, replace

import numpy as np
import pytest

from cases_of_evidence import clean
from seqinterp.plot.evidence import logos_figure, maps_figure, pictures_figure
from seqinterp.report.evidence import ORDER, evidence_page
from seqinterp.report.evidence_contents import NO_MOTIFS, EvidenceContents
from seqinterp.report.evidence_doubts import SURE, DoubtLimits, Parts, doubts, not_asked
from seqinterp.report.evidence_sections import LIMITS
from seqinterp.report.evidence_words import edit_words, likeness_words, motifs_words, prediction_words
from seqinterp.sequence.onehot import one_hot

NAMES = [field.name for field in fields(Parts)]
HOSTILE = "<script>alert('x')</script> & co"


def words(page):
    """The words of the page without tags and images."""
    page = re.sub(r"(?s)<style>.*</style>", "", re.sub(r'src="data:[^"]*"', "", page))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def contents(parts=None, *, dna=True, **more):
    parts = parts or clean()
    draw = np.random.default_rng(0)
    inputs = one_hot("ACGT" * 5 + "ATGACTCAT" + "ACG" * 10 + "A")[0].numpy() if dna else draw.random((1, 9, 12))
    maps = {name: draw.normal(size=inputs.shape) * inputs for name in ("deeplift", "mutagenesis")}
    band = {"mean": maps["deeplift"], "low": maps["deeplift"] - 0.1, "high": maps["deeplift"] + 0.1}
    known = {
        "title": "Why?", "run_id": "abc-s0", "seed": 0, "created": "today", "command": "seqinterp evidence ...",
        "versions": {"seqinterp": "1"}, "data": {"model": "abc"}, "name": "peak 7", "label": 1.0, "inputs": inputs,
        "dna": dna, "maps": maps, "band": band, "pictures": None if dna else draw.random((3, 1, 9, 12)),
        "doubts": doubts(parts, DoubtLimits()), "not_asked": not_asked(parts, DoubtLimits()), "limits": {"margin": 0.1},
    }  # fmt: skip
    return EvidenceContents(**{**known, **{name: getattr(parts, name) for name in NAMES}, **more})


@pytest.fixture(scope="module")
def page():
    return evidence_page(contents())


def test_the_page_stands_alone_and_says_the_same_twice(page):
    assert evidence_page(contents()) == page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert not re.findall(r'alt=""', page)
    assert len(re.findall("<img", page)) == 1


def test_every_section_has_a_name_and_every_number_its_call(page):
    found = [section(contents()) for section in ORDER]
    assert len({section["id"] for section in found}) == len(ORDER)
    for name in (
        "predict_uncertainty",
        "out_of_distribution",
        "attribute",
        "flip_prediction",
        "evaluate",
        "influence",
    ):
        assert f"seqinterp.{name}" in page or f".{name}" in page


def test_the_clean_case_says_so(page):
    text = words(page)
    assert SURE[0].upper() + SURE[1:] in text
    assert "Not asked, and why" not in text
    assert "The model calls label 1: its probability of label 1 is 0.95" in text
    assert "5 models trained from other seeds" in text
    assert "3 substitutions change the call: A to C at position 20" in text
    assert "JUND" in text
    assert "<mark>ATGACTCAT</mark>" in page


def test_reasons_stand_first():
    parts = clean()
    doubtful = replace(parts, prediction=replace(parts.prediction, probability=0.52))
    text = words(evidence_page(contents(doubtful)))
    assert text.index("near one half") < text.index("What the model says")
    assert "none of what was asked" not in text.lower()


@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_was_not_asked_says_why(name):
    parts = replace(clean(), **{name: "nobody wanted it"})
    text = words(evidence_page(contents(parts)))
    assert "Not asked: nobody wanted it." in text
    assert text.count("nobody wanted it") >= 2


def test_nothing_asked_at_all_is_still_a_page():
    parts = Parts(**dict.fromkeys(NAMES, "no reason"))
    assert words(evidence_page(contents(parts, maps={}, band={}))).count("Not asked: no reason.") == len(NAMES)


def test_names_are_escaped():
    parts = clean()
    near = tuple({**row, "name": HOSTILE} for row in parts.cases.nearest)
    motif = {**parts.motifs.known[0], "label": HOSTILE, "name": HOSTILE, "also": [HOSTILE]}
    hostile = replace(
        parts,
        cases=replace(parts.cases, nearest=near),
        motifs=replace(parts.motifs, known=(motif,), database=HOSTILE),
        likeness=replace(parts.likeness, seen=(HOSTILE,)),
        edit=HOSTILE,
    )
    page = evidence_page(contents(hostile, name=HOSTILE, title=HOSTILE, command=HOSTILE))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 8


def test_pictures_have_maps_and_neighbours():
    parts = replace(clean(), motifs=NO_MOTIFS, edit="the example is no DNA")
    page = evidence_page(contents(parts, dna=False))
    assert len(re.findall("<img", page)) == 2
    assert "Orange raises the score" in words(page)
    assert "known motifs" not in words(page).lower()
    assert "1 × 9 × 12" in words(page)


def test_a_long_sequence_is_drawn_where_there_is_most_to_see():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(4, 400)) * 0.01
    values[:, 300:310] += 1
    inputs = one_hot("ACGT" * 100)[0].numpy()
    page = evidence_page(contents(inputs=inputs, maps={"deeplift": values}, band={}))
    assert page.count("<img") == 1
    figure = logos_figure(
        {"deeplift": values}, [(300, 310, "one", True), (5, 9, "far", False)], [305], window=(250, 370)
    )
    assert figure.axes[0].get_xlim() == (249.5, 369.5)
    assert [text.get_text() for text in figure.axes[0].texts] == ["one"]


def test_names_that_would_overlap_take_rows_of_their_own():
    values = np.ones((4, 100))
    figure = logos_figure(
        {"one": values}, [(10, 20, "a long name", True), (14, 24, "another", True), (80, 90, "c", True)]
    )
    heights = [round(text.get_position()[1], 3) for text in figure.axes[0].texts]
    assert heights[0] == heights[2] < heights[1]


def test_maps_share_no_scale_but_zero_is_the_picture():
    figure = maps_figure(np.ones((1, 4, 4)), {"one": np.eye(4)[None], "two": -5 * np.eye(4)[None]})
    one, two = (np.asarray(axes.images[0].get_array()) for axes in figure.axes[1:])
    assert (one[0, 1] == one[0, 1, 0]).all()  # grey
    assert one[0, 0, 0] > one[0, 0, 2]  # orange
    assert two[0, 0, 2] > two[0, 0, 0]  # blue
    assert np.allclose(abs(one[0, 0] - one[0, 1]).max(), abs(two[0, 0] - two[0, 1]).max(), atol=0.3)


def test_long_names_keep_their_end():
    figure = pictures_figure(np.ones((1, 1, 4, 4)), ["PNEUMONIA/person1670_bacteria_4425.jpeg\nlabel 1"])
    assert figure.axes[0].get_title(loc="left").split("\n") == ["…_bacteria_4425.jpeg", "label 1"]


def test_sentences():
    parts = clean()
    assert prediction_words("nothing came") == "The model's prediction is not known: nothing came."
    regression = replace(parts.prediction, task="regression", called=None, probability=None, score=2.5, base_rate=1.0)
    assert prediction_words(regression).startswith("The model predicts 2.5. The mean of 60")
    assert "class 1" in prediction_words(replace(parts.prediction, task="classes"))
    assert "No set of up to 5" in edit_words(replace(parts.edit, edits=(), fewest=3))
    assert "stranger than nearly all" in likeness_words(replace(parts.likeness, p_value=0.01, examples=500))
    assert motifs_words(replace(parts.motifs, known=(), windows=0)).startswith("none of 97 known matrices")


def test_every_threshold_is_explained():
    assert set(LIMITS) == {field.name for field in fields(DoubtLimits)}
