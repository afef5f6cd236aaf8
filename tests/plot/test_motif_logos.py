"""Logos of motifs: letters are as high as their numbers, panels share their columns, and a hundred are quick."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.motifs.motif import Match, Motif
from seqinterp.plot import motif_logos
from seqinterp.plot.drawing import Drawing
from seqinterp.plot.motif_logos import motif_drawing, motif_gallery, save_logos

LEFT, PANEL, COLUMN, GAP, BOTTOM = (getattr(motif_logos, n) for n in ("LEFT", "PANEL", "COLUMN", "GAP", "BOTTOM"))
WORD = "GATTACA"


def motif_of(word: str, name: str = "pos_patterns.pattern_0", *, signed: bool = True) -> Motif:
    counts = np.full((4, len(word)), 2.0)
    counts[["ACGT".index(base) for base in word], np.arange(len(word))] = 50
    cwm = (counts - 10) / 200
    return Motif(name, counts, cwm=cwm if signed else None, sign=1, hits=60)


def letters(drawing: Drawing) -> dict[tuple[str, float], tuple[float, float]]:
    """Base and centre -> the lower and the upper end of each letter, in CSS pixels."""
    found = {}
    for shape in drawing.shapes:
        if shape.kind == "letter":
            a, _, _, d, e, f = shape.matrix
            found.setdefault((shape.content, round(e, 3)), []).append((min(f, f + d), max(f, f + d)))
            assert a > 0
    return found


def words(drawing: Drawing) -> list[str]:
    return [shape.content for shape in drawing.shapes if shape.kind == "text"]


def test_letters_are_as_high_as_their_information():
    motif = motif_of(WORD)
    drawing = motif_drawing(motif)
    assert drawing.width == LEFT + motif_logos.RIGHT + COLUMN * motif.width
    bottom = BOTTOM + PANEL + GAP  # of the upper panel
    for column, base in enumerate(WORD):
        edges = letters(drawing)[base, round(LEFT + COLUMN * (column + 0.5), 3)]
        low, high = max(edges)
        scale = PANEL / 2
        assert high - low == pytest.approx(scale * motif.information["ACGT".index(base), column])
        assert high == pytest.approx(bottom + scale * motif.information[:, column].sum())


def test_contributions_stand_on_both_sides_of_zero():
    motif = motif_of(WORD)
    low, high = motif_logos.stack_limits(motif.cwm)
    drawing = motif_drawing(motif)
    zero = BOTTOM + PANEL * -low / (high - low)
    for column, base in enumerate(WORD):
        bottom, top = min(letters(drawing)[base, round(LEFT + COLUMN * (column + 0.5), 3)])
        assert bottom == pytest.approx(zero)
        assert top - bottom == pytest.approx(PANEL / (high - low) * motif.cwm["ACGT".index(base), column])
    turned = [shape for shape in drawing.shapes if shape.kind == "letter" and shape.matrix[3] < 0]
    assert len(turned) == 3 * len(WORD)  # the bases that lower the score
    assert all(shape.matrix[5] <= zero + 1e-9 for shape in turned)


def test_without_contributions_there_is_one_logo():
    one, two = motif_drawing(motif_of(WORD, signed=False)), motif_drawing(motif_of(WORD))
    assert two.height - one.height == PANEL + GAP
    assert "contribution" in words(two)
    assert "contribution" not in words(one)


@pytest.mark.parametrize(("reverse", "offset", "first"), [(False, -2, -2), (True, 2, 0), (False, 0, 0)])
def test_the_known_motif_stands_under_its_columns(reverse, offset, first):
    match = Match("MA1.1", "GAT", 1e-9, 1e-8, offset=offset, reverse=reverse)
    motif = replace(motif_of(WORD, signed=False), match=match)
    known = motif_of("CCCTT", "MA1.1", signed=False)
    found = letters(motif_drawing(motif, known=known))
    shown = "AAGGG" if reverse else "CCCTT"
    for column, base in enumerate(shown):
        place = round(LEFT + COLUMN * (column + offset - first + 0.5), 3)
        assert max(top for _, top in found[base, place] if top <= BOTTOM + PANEL) > BOTTOM + 0.6 * PANEL
    assert round(LEFT + COLUMN * (0.5 - first), 3) in {place for _, place in found}


def test_a_known_motif_needs_a_match():
    with pytest.raises(InputError, match="has no match"):
        motif_drawing(motif_of(WORD), known=motif_of("ACGT"))


@pytest.mark.parametrize(
    ("top", "ticks"), [(0.37, ["0", "0.2"]), (5.2, ["0", "5"]), (-0.011, ["0", "−0.01"]), (100.0, ["0", "100"])]
)
def test_ticks_are_round_numbers(top, ticks):
    cwm = np.zeros((4, 5))
    cwm[2, 1] = top
    drawing = motif_drawing(replace(motif_of("ACGTA"), cwm=cwm))
    assert words(drawing)[5 : 5 + len(ticks)] == ticks  # after "bits", 0, 1, 2 and "contribution"


def test_a_flat_motif_and_no_contributions_at_all_are_drawn():
    flat = Motif("flat", np.ones((4, 3)), cwm=np.zeros((4, 3)))
    assert letters(motif_drawing(flat)) == {}
    assert letters(motif_drawing(motif_of("A"))) != {}


def test_a_width_is_kept_and_long_motifs_fit_into_it():
    for word in ("ACG", "ACGTTGCA" * 4):
        drawing = motif_drawing(motif_of(word), width=300)
        assert drawing.width == 300
        assert max(shape.matrix[0] + shape.matrix[4] for shape in drawing.shapes if shape.kind == "letter") <= 310
    assert max(shape.matrix[0] for shape in motif_drawing(motif_of("ACG"), width=300).shapes) < 300


def test_files_are_named_after_the_motifs(tmp_path):
    motifs = [motif_of(WORD, "pos_patterns.pattern_0"), motif_of("ACGT", "a/b c")]
    paths = save_logos(tmp_path / "deep" / "logos", motifs)
    assert [path.name for path in paths] == [
        "pos_patterns.pattern_0.png", "pos_patterns.pattern_0.svg", "a_b_c.png", "a_b_c.svg",
    ]  # fmt: skip
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_text().startswith("<svg")
    assert len(save_logos(tmp_path / "svg", motifs, kinds=("svg",))) == 2
    with pytest.raises(InputError, match="two motifs have the same"):
        save_logos(tmp_path, [motifs[0], motifs[0]])
    with pytest.raises(InputError, match="png or svg, but 'pdf'"):
        save_logos(tmp_path, motifs, kinds=("pdf",))


def test_a_gallery_has_every_motif():
    many = [motif_of(WORD, f"pos_patterns.pattern_{i}") for i in range(5)]
    gallery = motif_gallery(many, columns=2, width=200)
    assert gallery.width == 412
    assert [name for name in words(gallery) if name.startswith("pos_")] == [motif.name for motif in many]


QUICK = """
import sys, time
from pathlib import Path
import numpy as np
from seqinterp.motifs.motif import Motif
from seqinterp.plot.motif_logos import save_logos

numbers = np.random.default_rng(0)
motifs = [Motif(f"m{i}", numbers.gamma(0.4, 30, (4, 15)), cwm=numbers.normal(size=(4, 15))) for i in range(100)]
start = time.process_time()
save_logos(Path(sys.argv[1]), motifs)
print(time.process_time() - start)
"""


def test_a_hundred_logos_are_quick(tmp_path):
    """In an interpreter of its own, where no types are checked at every call: that costs more than the drawing."""
    done = subprocess.run(
        [sys.executable, "-c", QUICK, str(tmp_path / "logos")], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 5
    assert len(list((tmp_path / "logos").iterdir())) == 200
