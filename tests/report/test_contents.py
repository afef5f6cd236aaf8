"""What a report holds checks itself."""

from dataclasses import replace

import numpy as np
import pytest

from seqinterp.errors import InputError
from seqinterp.report.contents import Curve


def test_tracks_must_have_one_value_per_base(contents):
    row = contents.top_sequences[0]
    with pytest.raises(InputError, match=r"saliency of 'chr22.*needs one value per base, 101; it has 100"):
        replace(row, saliency=row.saliency[:100])
    with pytest.raises(InputError, match="truth"):
        replace(row, truth=row.truth[:7])


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_saliency_must_be_scaled(contents, bad):
    with pytest.raises(InputError, match="between 0 and 1"):
        replace(contents.top_sequences[0], saliency=np.full(101, bad))


@pytest.mark.parametrize("field", ["effects", "contributions"])
def test_maps_must_have_one_column_per_base(contents, field):
    panel = contents.mutagenesis[0]
    shorter = {"effects": panel.effects[:, 1:], "contributions": panel.contributions[:, 1:], "sequence": panel.sequence}
    with pytest.raises(InputError, match=r"shape \(4, 101\); they have \(4, 100\)"):
        replace(panel, **shorter)
    assert getattr(panel, field).shape == (4, 101)


def test_a_curve_has_as_many_heights_as_places():
    assert len(Curve("c", np.arange(3.0), np.arange(3.0)).vertical) == 3
