"""Attributions that come with tangermeme (tests/data, MIT): six loci of a GATA factor, 2,114 bp each.

Its own tests feed `(X * X_attr).sum(1)` to the callers of seqlets; which model they explain is not stored, nor are its
references, so the numbers cannot be made again. What can be checked: they are read and projected as ours are, they are
hypothetical contributions (a number for the absent bases, too), and what they point at is the GATA site.
"""

import re

import pytest
import torch

from seqinterp.attribution.simplex import on_simplex
from seqinterp.sequence.onehot import decode, one_hot

SITE = re.compile("(?=GATA|TATC)")  # either strand

pytestmark = pytest.mark.real_data


@pytest.fixture
def loci(shared_data):
    """One-hot sequences and the hypothetical contributions that are stored for them."""
    names = ("X_gata.torch", "X_gata_attr.torch")
    return tuple(torch.load(shared_data(f"tangermeme_tests/{name}"), weights_only=True) for name in names)


def test_reading(loci):
    inputs, hypothetical = loci
    assert inputs.shape == hypothetical.shape == (6, 4, 2114)
    sequences = decode(inputs)
    assert set("".join(sequences)) == set("ACGT")
    assert torch.equal(one_hot(sequences), inputs)


def test_the_absent_bases_have_numbers_and_the_projection_keeps_those_present(loci):
    inputs, hypothetical = loci
    assert (hypothetical[inputs == 0] != 0).float().mean() > 0.9
    projected = hypothetical * inputs
    assert torch.equal(projected.sum(1), hypothetical.gather(1, inputs.argmax(1, keepdim=True))[:, 0])
    # a number common to all bases of a column says nothing about which of them is better
    edits = hypothetical - projected.sum(1, keepdim=True)
    centred = on_simplex(hypothetical)
    torch.testing.assert_close(centred - (centred * inputs).sum(1, keepdim=True), edits, atol=1e-7, rtol=0)


def test_the_strongest_position_of_every_locus_lies_in_a_site(loci):
    inputs, hypothetical = loci
    found = (hypothetical * inputs).sum(1)
    for sequence, values in zip(decode(inputs), found, strict=True):
        sites = [match.start() for match in SITE.finditer(sequence)]
        covered = {place for start in sites for place in range(start, start + 4)}
        assert int(values.argmax()) in covered
        assert len(covered) < 0.06 * len(sequence)  # by chance one locus in twenty would pass
        # and there no other base would be better
        best = next(start for start in sites if start <= int(values.argmax()) < start + 4)
        assert values[best : best + 4].min() > 0
