"""The page: one self-contained document that says everything it was given, and says so where it was given nothing."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from seqinterp.motifs.motif import Motif
from seqinterp.plot.curves import trajectories_figure
from seqinterp.report import sections
from seqinterp.report.contents import FilterRow
from seqinterp.report.page import render

VOID = {"img", "col", "meta", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """Tags with their attributes, the text by section, and a check that every tag is closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, str]] = []
        self.words: dict[str, str] = {}
        self.marked: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("id") or ""))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for _, name in self.open:
            self.words[name] = self.words.get(name, "") + data
        if self.open and self.open[-1][0] == "mark":
            self.marked.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def html(contents) -> str:
    return render(contents)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_it_is_one_whole_document(html, page):
    assert html.lstrip().startswith("<!DOCTYPE html>")
    assert page.open == []
    assert page.all("html")[0]["lang"] == "en"
    names = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(names) == len(set(names))


def test_nothing_comes_from_elsewhere(html, page):
    for tag, attributes in page.tags:
        assert tag not in {"script", "iframe", "object", "embed"}
        for name in ("src", "href", "srcset", "data", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#"))
        assert not any(name.startswith("on") for name in attributes)
    without_images = re.sub(r'src="data:[^"]*"', "", html)
    assert not re.search(r"https?:|//|url\(|@import", without_images)


def test_every_image_is_embedded_and_described(page):
    images = page.all("img")
    assert len(images) == 3 + 1 + 1 + 4 + 1 + 3  # curves, history, known motif, filters, trajectories, maps
    for image in images:
        head, body = image["src"].split(",", 1)
        assert head in {"data:image/png;base64", "data:image/svg+xml;base64"}
        assert base64.b64decode(body, validate=True)
        assert len(image["alt"]) > 20
        assert int(image["width"]) > 100
        assert int(image["height"]) > 50
    assert len({image["alt"] for image in images}) == len(images)


def test_the_contents_bar_leads_to_every_section(page):
    targets = [link["href"] for link in page.all("a")]
    names = {attributes["id"] for tag, attributes in page.tags if tag in ("section", "footer")}
    assert len(targets) == 10
    assert {target[1:] for target in targets} == names


def test_tables_have_headers(page):
    assert all(header["scope"] in ("col", "row") for header in page.all("th"))
    assert len(page.all("table")) == 2 + 4


def test_every_number_is_traceable(page, contents):
    footer = page.words["provenance"]
    for text in (contents.run_id, "7", contents.created, contents.command, *contents.versions.values()):
        assert text in footer
    for pairs in (contents.versions, contents.data, contents.settings):
        for name, value in pairs.items():
            assert name in footer
            assert value in footer
    assert contents.run_id in page.words[""]


def test_the_metrics_stand_with_their_intervals(page):
    words = page.words["performance"]
    for text in ("AUROC", "0.934", "0.918 to 0.948", "0.0612", "0.0121 to 0.0264", "480 positives", "4,000 examples"):
        assert text in words
    assert "Every fifth group of touching windows was held out." in words


def test_bases_are_coloured_ticked_and_underlined(html, contents):
    row = contents.top_sequences[0]
    strip = re.search(r'<code class="dna">(<span.*?)</code>', html).group(1)
    spans = re.findall(r'<span class="s(\d+)">(<u>)?([A-Z])(?:</u>)?</span>', strip)
    assert "".join(letter for _, _, letter in spans) == row.sequence
    assert [int(shade) for shade, _, _ in spans] == [round(value * 20) for value in row.saliency]
    assert [bool(under) for _, under, _ in spans] == row.truth.tolist()
    assert ".s20{background:rgb(240 140 0/100%)}" in html


@pytest.mark.parametrize(("label", "words"), [(1, "labelled positive"), (0, "labelled negative"), (None, "no label")])
def test_the_label_is_said_in_words_too(contents, bare, label, words):
    html = render(replace(bare, top_sequences=(replace(contents.top_sequences[0], label=label),)))
    assert html.count(f'aria-label="{words}"') == 1
    assert ('role="img" aria-label="labelled positive">✓' in html) == (label == 1)


def test_designs_carry_marks_and_scores(page, contents):
    for row in contents.designs:
        assert row.sequence in page.words["designs"]
        assert row.start in page.words["designs"]
    assert {"TGACTCA", "TGACGTCA"} <= set(page.marked)
    assert "score −2.00 → " in page.words["designs"]
    assert "on either strand" in page.words["designs"]


def test_filters_carry_their_names_and_numbers(page):
    words = page.words["filters"]
    for text in ("2 of 4", "JUND", "CREB1", "no match", "2.1 × 10⁻⁷", "1,834", "MA0491.1 JUND", "random weights"):
        assert text in words
    assert "reverse complement" in " ".join(image["alt"] for image in page.all("img"))


def test_empty_sections_say_so(bare):
    page = Page(render(bare))
    for name, words in {
        "performance": "No training history was kept",
        "known-motif": "No known motif was given",
        "filters": "no first-layer filters",
        "sequences": "No sequences were scored",
        "designs": "No sequences were optimised",
        "mutagenesis": "No sequence was put through mutagenesis",
        "truth": "no planted sites",
        "belief": "The explanations of this run were not evaluated",
        "notes": "does not mean that none exist",
    }.items():
        assert words in page.words[name]
    assert len(page.all("img")) == 3


def test_without_truth_nothing_is_underlined(contents, bare):
    rows = tuple(replace(row, truth=None) for row in contents.top_sequences)
    html = render(replace(bare, top_sequences=rows))
    assert "<u>" not in html
    assert "planted base</span>" not in html


def test_designs_without_patterns_are_not_marked(contents, bare):
    page = Page(render(replace(bare, designs=contents.designs, highlight_patterns=())))
    assert page.marked == []
    assert "Marked" not in page.words["designs"]


HOSTILE = '<script>alert("1")</script>&\'"'


def test_hostile_names_are_only_text(contents):
    first, found = contents.filters[0], Motif(name=HOSTILE, pfm=contents.filters[0].motif.pfm)
    wicked = replace(
        contents,
        title=HOSTILE,
        run_id=HOSTILE,
        command=HOSTILE,
        data={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        filters=(replace(first, motif=found, match_name=HOSTILE, started_from=HOSTILE),),
        known_motif=(found, found),
        top_sequences=(replace(contents.top_sequences[0], name=HOSTILE),),
        designs=(replace(contents.designs[0], name=HOSTILE),),
        mutagenesis=(replace(contents.mutagenesis[0], name=HOSTILE),),
        truth=(replace(contents.truth[0], method=HOSTILE),),
        performance=replace(contents.performance, split_sentence=HOSTILE),
    )
    html = render(wicked)
    page = Page(html)
    assert "<script" not in html
    assert page.open == []
    for section in ("performance", "filters", "sequences", "designs", "mutagenesis", "truth", "notes", "provenance"):
        assert HOSTILE in page.words[section]
    assert any(HOSTILE in image["alt"] for image in page.all("img"))


def test_the_same_contents_give_the_same_page(html, contents):
    assert render(contents) == html


def test_a_dollar_in_a_name_is_no_formula(contents, bare):
    motif = Motif(name="a$_$b", pfm=contents.filters[0].motif.pfm)
    row = FilterRow(motif, motif, "x$^{$", 0.01, 3)
    assert Page(render(replace(bare, filters=(row,), known_motif=(motif, motif)))).open == []


def test_a_page_of_24_filters_stays_small(contents, bare, html):
    two, four = (render(replace(bare, filters=(contents.filters[0],) * count)) for count in (2, 4))
    assert len(html.encode()) + 11 * (len(four) - len(two)) < 4_000_000


def test_a_sequence_with_ambiguous_bases_is_drawn(contents, bare):
    sequence, zeros = "N" * 101, np.zeros((4, 101))
    row = replace(contents.top_sequences[0], sequence=sequence)
    panel = replace(contents.mutagenesis[0], sequence=sequence, effects=zeros, contributions=zeros)
    page = Page(render(replace(bare, top_sequences=(row,), mutagenesis=(panel,))))
    assert sequence in page.words["sequences"]
    assert len(page.all("img")) == 4


def test_a_design_says_what_changed(contents, bare):
    start, sequence = "ACGTACGTAC", "TGACTCAGGC"
    row = replace(
        contents.designs[0], start=start, sequence=sequence, start_score=-1.0, score=2.0, trajectory=np.ones(7)
    )
    words = Page(render(replace(bare, designs=(row,)))).words["designs"]
    assert "score −1.00 → 2.00 · 8 of 10 bases changed · 0 marks before, 1 after · 7 steps" in words
    assert "another length" in Page(render(replace(bare, designs=(replace(row, start="ACG"),)))).words["designs"]


def test_a_trajectory_begins_with_the_start(contents, bare, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        sections, "trajectories_figure", lambda scores: drawn.extend(scores) or trajectories_figure(scores)
    )
    render(replace(bare, designs=(replace(contents.designs[0], start_score=-9.0, trajectory=np.array([1.0, 2.0])),)))
    assert [scores.tolist() for scores in drawn] == [[-9.0, 1.0, 2.0]]
