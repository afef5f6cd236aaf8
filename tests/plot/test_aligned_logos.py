"""Two logos in one frame of columns."""

import numpy as np
import pytest

from seqinterp.motifs.motif import Motif
from seqinterp.plot.aligned_logos import aligned_logos


def motif_of(word: str, name: str) -> Motif:
    return Motif(name=name, pfm=np.array([[10.0 * (letter == base) for letter in word] for base in "ACGT"]))


def centres(axes) -> list[float]:
    return sorted(round(sum(path.get_extents().intervalx) / 2, 6) for path in axes.collections[0].get_paths())


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(("offset", "frame"), [(0, (0.5, 5.5)), (3, (0.5, 6.5)), (-2, (-1.5, 5.5))])
def test_the_known_motif_stands_at_its_offset(offset, frame, beside):
    figure = aligned_logos(motif_of("ACGTA", "f"), motif_of("TTT", "k"), offset=offset, beside=beside)
    known, found = figure.axes
    assert centres(found) == [1, 2, 3, 4, 5]
    assert centres(known) == [1 + offset, 2 + offset, 3 + offset]
    assert known.get_xlim() == found.get_xlim() == frame
    assert known.get_ylim() == found.get_ylim() == (0, 2)
    boxes = known.get_position(), found.get_position()
    assert boxes[0].x0 < boxes[1].x0 if beside else boxes[0].y0 > boxes[1].y0


def test_reverse_draws_the_other_strand():
    plain = aligned_logos(motif_of("AC", "f"), motif_of("GT", "k")).axes[0].collections[0]
    turned = aligned_logos(motif_of("AC", "f"), motif_of("AC", "k"), reverse=True).axes[0].collections[0]
    for one, other in zip(plain.get_paths(), turned.get_paths(), strict=True):
        np.testing.assert_allclose(one.vertices, other.vertices)
    np.testing.assert_array_equal(plain.get_facecolors(), turned.get_facecolors())


def test_panels_carry_their_names():
    known, found = aligned_logos(motif_of("AC", "f"), motif_of("GT", "k"), labels=("filter 3", "JUND")).axes
    assert (known.get_title(loc="left"), found.get_title(loc="left")) == ("JUND", "filter 3")


def test_without_a_known_motif_there_is_one_panel():
    (only,) = aligned_logos(motif_of("ACGT", "f"), None, labels=("", "")).axes
    assert centres(only) == [1, 2, 3, 4]
