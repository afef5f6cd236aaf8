"""The page of a scorecard: everything is said, escaped, traceable, and honest about what was not asked."""

import re
from dataclasses import fields, replace

import pytest

from scorecards import facts_of, scorecard_of, summary_of
from seqinterp.errors import InputError
from seqinterp.evaluation.scorecard.measures import MEASURES
from seqinterp.evaluation.scorecard.thresholds import Thresholds
from seqinterp.evaluation.scorecard.verdicts import AVOID, USE, Verdict
from seqinterp.report.belief import belief
from seqinterp.report.page import render
from seqinterp.report.scorecard import ORDER, scorecard_page
from seqinterp.report.scorecard_contents import AgreedSequence
from seqinterp.report.scorecard_more import stretches_of
from seqinterp.report.scorecard_tables import explained, measure_table, short
from seqinterp.report.scorecard_words import THRESHOLDS


def words(page):
    """The page without its images."""
    return re.sub(r'src="data:[^"]*"', "", page)


def plain(page):
    """The words of the page without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", words(page)))


@pytest.fixture(scope="module")
def card():
    return scorecard_of(4)


@pytest.fixture(scope="module")
def page(card):
    return scorecard_page(card)


def test_every_section_has_a_name_of_its_own(card):
    found = [section(card) for section in ORDER]
    assert len({section["id"] for section in found}) == len(ORDER)
    assert all(section["title"] and section["short"] and (section["lead"] or section["empty"]) for section in found)


def test_the_page_stands_alone_and_says_the_same_twice(card, page):
    assert scorecard_page(card) == page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert len(re.findall("<img", page)) == 5
    assert not re.findall(r'alt=""', page)


def test_verdicts_are_sentences_the_model_first(page):
    text = plain(page)
    model = text.index(
        "Explanations of this model may be believed with care: owes 30% of its score to the same places."
    )
    sentences = [
        "method 1 may be used: nothing that was asked speaks against it.",
        "method 0 may be used with care: unstable, 0.64 rank correlation under reseeding.",
        "method 2 should not be used: ignores the model.",
    ]
    places = [text.index(sentence) for sentence in sentences]
    assert [model, *places] == sorted([model, *places])


def test_numbers_of_the_model_are_shown_with_their_meaning(page):
    text = plain(page)
    for part in ("0.010", "0.31", "0.93", "at least 0.87", "guessing gives 0.5", "99 copies", "0.020", "0.11"):
        assert part in text


def test_every_measure_keeps_its_name_and_is_explained(page):
    text = plain(page)
    told = set(MEASURES) - {"deletion_curve", "insertion_curve", "setting_similarity", "cascade", "size"}
    told -= {name for name in told if name.startswith("truth_")} - {"truth_auroc"}
    for name in told:
        assert name in text, name
        assert MEASURES[name].words in text.replace("&#39;", "'"), name


def test_numbers_are_those_of_the_summary(card):
    table = measure_table(card, "Faithful", ("infidelity", "deletion_gain"))
    assert [head["name"] for head in table["heads"]] == ["infidelity", "deletion_gain"]
    for line, name in zip(table["rows"], ("method_0", "method_1", "method_2", "method_3"), strict=True):
        for cell, measure in zip(line["cells"], ("infidelity", "deletion_gain"), strict=True):
            found = card.summary[(card.summary["method"] == name) & (card.summary["measure"] == measure)]
            assert cell["value"] == f"{found['mean'].item():.2f}"
            assert cell["interval"] == f"{found['low'].item():.2f} to {found['high'].item():.2f}"


def test_a_method_without_a_measure_has_a_dash_and_one_without_any_is_left_out(card):
    summary = card.summary[
        ~((card.summary["method"] == "method_1") & card.summary["measure"].isin(["aopc", "infidelity"]))
    ]
    less = replace(card, summary=summary)
    table = measure_table(less, "Faithful", ("aopc", "deletion_gain"))
    assert table["rows"][1]["cells"][0] == {"value": "–", "interval": ""}
    assert len(measure_table(less, "Faithful", ("aopc",))["rows"]) == 3
    assert measure_table(replace(card, summary=summary.iloc[:0]), "Faithful", ("aopc",)) is None


def test_parts_of_a_measure_are_explained_once():
    (line,) = explained([("reseeding", ""), ("reseeding", "signs"), ("reseeding", "top surviving")])
    assert line["words"].count("share of") == 2
    assert line["way"] == "larger is better"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.512, "0.51"), (-0.512, "−0.51"), (0.0042, "0.004"), (-1e-5, "0"), (0.0, "0"), (1234.0, "1,234")],
)
def test_numbers_are_short(value, text):
    assert short(value) == text


def test_words_of_others_are_escaped():
    odd = "<i>&'\"x"
    contents = scorecard_of(
        2, title=odd, command=odd, data={odd: odd}, refused={odd: odd}, skipped={odd: odd},
        consensus=(AgreedSequence(odd, "ACGT", "XX..", 1.0),),
        verdicts=(Verdict("method_0", USE, ()), Verdict("method_1", AVOID, (odd,))),
        model=Verdict("the model", AVOID, (odd,)),
    )  # fmt: skip
    page = words(scorecard_page(contents))
    assert "<i>" not in page
    assert page.count("&lt;i&gt;&amp;&#39;&#34;x") >= 8


def test_what_was_not_asked_is_said(page):
    text = plain(page)
    for sentence in (
        "gradcam was not tried: it has no layer for it.",
        "No places that are known to matter were given",
        "No region was declared",
        "Not asked of model: a layer cannot be copied.",
        "method 0 shows the model 200 rows for one example, so it explained 8 of 24 examples, 4 of them again",
    ):
        assert sentence in text, sentence
    assert "No labels were given" not in text


def test_a_card_of_pictures_and_nothing_known():
    contents = scorecard_of(
        1, measures=["deletion_gain"], facts=facts_of(order=False, labelled=False), members="", known=(), skipped={},
        refused={}, consensus=(), agreement=None, agreement_names=(),
    )  # fmt: skip
    text = plain(scorecard_page(contents))
    assert "Scores were not held against shuffles: only DNA has shuffles." in text
    assert "No labels were given" in text
    assert "no members and no dropout" in text
    assert "Agreement is between two methods or more" in text
    assert "The model could not be randomised." in text
    assert not re.search(r"\bnan\b|\bNone\b", text)


def test_a_card_without_methods():
    contents = scorecard_of(0, agreement=None, consensus=(), summary=summary_of([]))
    page = scorecard_page(contents)
    assert "No method was tried." in page
    assert "<img" not in page


def test_many_methods_fold_their_tables():
    assert '<details class="fold" open>' in scorecard_page(scorecard_of(3))
    page = scorecard_page(scorecard_of(8))
    faithful = page[page.index('id="faithful"') : page.index('id="stable"')]
    assert '<details class="fold"><summary>' in faithful
    alone = page[page.index('id="input"') : page.index('id="right"')]
    assert '<details class="fold" open>' in alone


def test_every_threshold_is_shown_and_explained(page):
    names = {one.name for one in fields(Thresholds)}
    assert set(THRESHOLDS) == names
    part = plain(page[page.index('id="thresholds"') :])
    for name in names:
        assert name in part
        assert f"{getattr(Thresholds(), name):g}" in part


def test_agreed_places_are_marked(page):
    row = AgreedSequence("a", "ACGTGACTCATT", "....XXXX.X..", 1.0)
    assert [part["letters"] for part in stretches_of(row)] == ["ACGT", "GACT", "C", "A", "TT"]
    assert [part["marked"] for part in stretches_of(row)] == [False, True, False, True, False]
    assert "ACGT<mark>GACT</mark>C<mark>A</mark>TT" in page
    with pytest.raises(InputError, match="4 bases"):
        AgreedSequence("a", "ACGT", "XX", 1.0)


def test_tables_are_held_to_their_columns(card):
    with pytest.raises(InputError, match="summary needs a column 'low'"):
        replace(card, summary=card.summary.drop(columns="low"))


def test_the_report_of_a_run_says_whether_to_believe(bare):
    found = scorecard_of(3)
    page = render(replace(bare, belief=found))
    text = plain(page)
    assert "Do the explanations deserve belief?" in text
    assert "method 1 may be used" in text
    assert "Explanations of this model may be believed with care" in text
    section = page[page.index('id="belief"') : page.index('id="notes"')]
    assert len(re.findall("<img", section)) == 1
    assert belief(bare)["empty"].startswith("The explanations of this run were not evaluated")
    assert "were not evaluated" in plain(render(bare))
