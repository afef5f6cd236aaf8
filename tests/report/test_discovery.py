"""The page of a discovery: it says what was found and how far to trust it, with any number of motifs."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from discoveries import contents_of, motif_of
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.report.discovery import ORDER, discovery_page
from seqinterp.report.discovery_contents import DiscoveryContents, anchor, full_name, short_name
from seqinterp.report.discovery_filters import fed_motifs
from seqinterp.report.discovery_motifs import is_palindrome, warnings_of
from seqinterp.report.discovery_sections import found_again

VOID = {"img", "col", "meta", "link", "br", "hr", "input"}
HOSTILE = '<script>alert("1")</script>&\'"$_$'


class Page(HTMLParser):
    """Tags with their attributes, the text by section or row, and a check that every tag is closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, str]] = []
        self.words: dict[str, str] = {}
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

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def contents() -> DiscoveryContents:
    return contents_of(6)


@pytest.fixture(scope="module")
def html(contents) -> str:
    return discovery_page(contents)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_any_number_of_motifs_makes_a_whole_page(count):
    given = contents_of(count)
    html = discovery_page(given)
    page = Page(html)
    assert page.open == []
    names = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith(("motif-pos", "motif-neg"))]) == count
    assert len(html) < 5_000_000
    links = {link["href"][1:] for link in page.all("a")}
    assert links <= set(names)
    assert {attributes["id"] for tag, attributes in page.tags if tag in ("section", "footer")} <= links


def test_nothing_comes_from_elsewhere(html, page):
    for tag, attributes in page.tags:
        assert tag not in {"script", "iframe", "object", "embed"}
        for name in ("src", "href", "srcset", "data", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#"))
    assert not re.search(r"https?:|//|url\(|@import", re.sub(r'src="data:[^"]*"', "", html))


def test_every_picture_is_embedded_and_described(page):
    images = page.all("img")
    assert len(images) >= 2 * 6 + 2
    for image in images:
        head, body = image["src"].split(",", 1)
        assert head in {"data:image/png;base64", "data:image/svg+xml;base64"}
        assert base64.b64decode(body, validate=True)
        assert len(image["alt"]) > 20
    assert len({image["alt"] for image in images}) == len(images)


def test_no_motif_is_said(contents):
    none = replace(contents_of(0), seqlets=contents.seqlets.query("motif == ''"))
    words = Page(discovery_page(none)).words
    assert "No motif was found: among 20 seqlets in 120 sequences there is no pattern" in words["motifs"]
    assert "No motif has a hit" in words["hits"]
    assert "It takes hits of two motifs" in words["pairs"]
    assert "20 of 20 seqlets" in words["notes"]


def test_a_row_says_what_is_known_of_its_motif(page, contents):
    motif = contents.motifs[2]
    words = " ".join(page.words[anchor(motif)].split())
    own = contents.seqlets[contents.seqlets["motif"] == motif.name]
    forward = 100 * (own["strand"] == "+").mean()
    for text in (
        "pos 2 TF2", motif.name, motif.consensus, "raises the score", "MA0002.1, reverse complement",
        "2.0 × 10⁻⁷", "LIKE1, LIKE2", "sequences30", f"+ {forward:.0f}\u00a0%, − {100 - forward:.0f}\u00a0%",
        f"seqlets30 ({100 * 30 / 140:.0f}\u00a0% of this sign)", f"mean importance{own['attribution'].mean():.3f}",
    ):  # fmt: skip
        assert text.replace("\u00a0", " ") in words, text
    best = own.iloc[own["attribution"].abs().argmax()]
    assert f"example {best['example']}: {best['start']}-{best['stop']} ({best['strand']})" in words
    assert words.count("example ") == 3


def test_a_name_may_be_unknown_and_a_motif_may_lower_the_score(page, contents):
    motif = contents.motifs[5]
    words = page.words[anchor(motif)]
    assert short_name(motif) == "neg 1"
    assert "unknown" in words
    assert "lowers the score" in words
    assert "q-value" not in words
    assert "mean importance−0." in " ".join(words.split())


def test_places_are_those_in_the_genome_where_it_is_known(contents):
    table = contents.seqlets.assign(
        chromosome="chr7", chromosome_start=lambda t: 5000 + t["start"], chromosome_stop=lambda t: 5000 + t["stop"],
        chromosome_strand="-",
    )  # fmt: skip
    words = Page(discovery_page(replace(contents, seqlets=table))).words["motifs"]
    assert re.search(r"chr7:5\d\d\d-5\d\d\d \(-\)", words)
    assert "example " not in words


@pytest.mark.parametrize(
    ("motif", "said"),
    [
        (motif_of("GATTACA", "a"), []),
        (motif_of("GATTACA", "a", hits=9), ["few seqlets"]),
        (motif_of("CACGTG", "a"), ["palindrome: its strand means little"]),
        (motif_of("ATATATATAT", "a", note="low complexity: repeats AT"), ["low complexity: repeats AT", "palindrome"]),
    ],
)
def test_what_speaks_against_a_motif_is_said(motif, said, contents):
    found = warnings_of(motif)
    assert len(found) == len(said)
    assert all(one.startswith(other) for one, other in zip(found, said, strict=True))
    words = Page(discovery_page(replace(contents, motifs=(motif,), hits=contents.hits.iloc[:0]))).words
    assert all(one in words["motifs"] for one in found)
    assert ("a: fewer than 20 seqlets" in words["notes"]) == (motif.hits < 20)


@pytest.mark.parametrize(
    ("word", "turns"),
    [("CACGTG", True), ("TGACGTCA", True), ("CACGTGA", False), ("GGGCGG", False), ("TGACTCC", False), ("A", False)],
)
@pytest.mark.parametrize("flank", [0, 1, 3])
def test_palindromes_may_be_off_centre(word, turns, flank):
    counts = np.concatenate([np.full((4, flank), 15.0), motif_of(word, "a").pfm], axis=1)
    assert is_palindrome(Motif("a", counts)) == turns
    assert is_palindrome(Motif("a", counts).reverse_complement()) == turns


def test_found_again_is_the_share_that_a_hit_overlaps():
    seqlets = pd.DataFrame({"example": [0, 0, 1, 2], "start": [10, 50, 10, 10], "stop": [20, 60, 20, 20]})
    hits = pd.DataFrame({"example": [0, 0, 1, 3], "start": [19, 12, 20, 10], "stop": [29, 22, 30, 20]})
    assert found_again(seqlets, hits) == 0.25


def test_hits_are_summed_up(page, contents):
    row = re.search(r"pos 0 TF0\s*([\s\S]*?)\n", page.words["hits"])
    assert row is not None
    assert "25 %" in page.words["hits"].replace("\u00a0", " ")  # 30 of 120 sequences
    assert "1.25" in page.words["hits"]
    assert "−1.25" in page.words["hits"]
    few = replace(contents, hits=contents.hits[contents.hits["motif"] == contents.motifs[0].name])
    assert Page(discovery_page(few)).words["hits"].count("–") > 10


def test_pairs_that_go_together_are_shown_with_their_spacing(contents):
    one, other, *_ = contents.motifs
    rows = []
    for example in range(60):
        start = 20 + example
        for motif, at in ((one, start), (other, start + 31)):
            rows.append((example, at, at + motif.width, "+", motif.name, 1.0, 0.9, 1.0, 1e-6, 0.01))
    hits = pd.concat([contents.hits, pd.DataFrame(rows, columns=contents.hits.columns)], ignore_index=True)
    page = Page(discovery_page(replace(contents, hits=hits)))
    words = page.words["pairs"]
    assert f"{full_name(one)} and {full_name(other)}" in words
    alts = [image["alt"] for image in page.all("img")]
    spaced = [alt for alt in alts if "distance" in alt.lower()]
    assert len(spaced) >= 1
    assert f"{full_name(one)} and {full_name(other)}" in spaced[0]


def test_pairs_by_chance_are_not_called(contents):
    page = Page(discovery_page(contents))
    assert "No pair of motifs shares sequences more or less often than by chance" in page.words["pairs"]


def test_filters_are_held_against_motifs(contents):
    one = contents.motifs[0]
    filters = (
        Motif("conv_3", one.reverse_complement().pfm, hits=1234, importance=0.2),
        Motif("conv_7", np.ones((4, 9))),
        Motif("conv_8", contents.motifs[4].columns(1, 10).pfm),
    )
    fed = [None if found.match is None else found.match.name for found in fed_motifs(filters, contents.motifs)]
    assert fed == [one.name, None, contents.motifs[4].name]
    assert [found.match for found in fed_motifs(filters, ())] == [None] * 3
    page = Page(discovery_page(replace(contents, filters=filters)))
    words = " ".join(page.words["filters"].split())
    assert "conv_3 (−, q = " in words
    assert "no filter by itself" in words
    assert "Filters that resemble no motif: conv_7." in words
    assert "1,234" in words
    assert "No motif was found" in Page(discovery_page(replace(contents_of(0), filters=filters))).words["filters"]


def test_it_says_how_far_to_trust_it(page):
    words = " ".join(page.words["notes"].split())
    for text in (
        "not evidence that a protein binds",
        "among the 879 matrices of jaspar.meme",
        "unknown means that nothing in it is similar enough",
        "false discovery rate over all windows",
        "20 of 200 seqlets",
        "relative to the baseline",
    ):
        assert text in words, text
    assert "of the 200 called, up to 40 are expected to be chance" in " ".join(page.words["calls"].split())


def test_every_number_is_traceable(page, contents):
    footer = page.words["provenance"]
    for text in (contents.run_id, contents.command, *contents.versions.values(), *contents.data.values()):
        assert text in footer


def test_hostile_names_are_only_text(contents):
    motif = replace(
        contents.motifs[0], name=HOSTILE, match=replace(contents.motifs[0].match, label=HOSTILE), note=HOSTILE
    )
    wicked = replace(
        contents, motifs=(motif, *contents.motifs[1:]), title=HOSTILE, command=HOSTILE, database=HOSTILE,
        data={HOSTILE: HOSTILE}, filters=(replace(motif, match=None, note=""),),
        hits=contents.hits.replace({"motif": {contents.motifs[0].name: HOSTILE}}),
    )  # fmt: skip
    html = discovery_page(wicked)
    page = Page(html)
    assert "<script" not in html
    assert page.open == []
    for section in ("motifs", "hits", "filters", "notes", "provenance"):
        assert HOSTILE in page.words[section]


def test_the_same_contents_give_the_same_page(html, contents):
    assert discovery_page(contents) == html
    assert len({section(contents)["id"] for section in ORDER}) == len(ORDER)


@pytest.mark.parametrize("name", ["seqlets", "hits"])
def test_tables_need_their_columns(contents, name):
    with pytest.raises(InputError, match=f"the table of {name} needs a column 'strand'"):
        replace(contents, **{name: getattr(contents, name).drop(columns="strand")})


def test_short_names():
    assert [short_name(motif_of("ACGT", name)) for name in ("neg_patterns.pattern_12", "mine")] == ["neg 12", "mine"]
