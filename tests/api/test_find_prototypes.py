"""Prototypes and criticisms of what a model makes of examples."""

import numpy as np
import pytest
import torch
from torch import nn

from naive.influence import greedy_criticisms, greedy_prototypes
from seqinterp.api.find_prototypes import find_prototypes
from seqinterp.api.results.prototypes import Prototypes
from seqinterp.api.shared.representations import representations, standardised
from seqinterp.errors import InputError, ModelError, ShapeError

CPU = torch.device("cpu")


class Below(nn.Module):
    """Hands its inputs on to one output or more."""

    def __init__(self, outputs=1, heads=1):
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(2, outputs) for _ in range(heads)])

    def forward(self, inputs):
        found = tuple(head(inputs) for head in self.heads)
        return found[0] if len(found) == 1 else found


def islands(seed=0):
    """Three islands of 30, 30 and 20 points, and two strays."""
    random = np.random.default_rng(seed)
    centres = np.repeat([[0, 0], [10, 0], [0, 10]], [30, 30, 20], axis=0)
    points = np.concatenate([random.normal(size=(80, 2)) * 0.7 + centres, [[7, 7], [-6, -6]]])
    return torch.from_numpy(points).float()


POINTS = islands()
LABELS = np.repeat([4, 7, 4], [30, 30, 22])


def chosen(labels=None, model=None, **options):
    return find_prototypes(model or Below(), POINTS, labels, device="cpu", **options)


def kernel_by_hand(rows, width=None):
    features = standardised(*[representations(Below(), POINTS, CPU)] * 2).numpy()
    apart = np.linalg.norm(features[:, None] - features[None], axis=2)
    width = float(np.sort(apart[np.triu_indices(len(apart), 1)])[(len(apart) * (len(apart) - 1) // 2 - 1) // 2])
    return np.exp(-(apart**2) / (2 * width**2))[np.ix_(rows, rows)], width


def test_they_are_those_of_the_objective():
    found = chosen(count=4, criticisms=3)
    kernel, width = kernel_by_hand(np.arange(82))
    assert found.prototypes.tolist() == greedy_prototypes(kernel, 4)
    assert found.criticisms.tolist() == greedy_criticisms(kernel, found.prototypes.numpy(), 3)
    assert found.facts["width"] == pytest.approx(width) and found.facts["layer"] == "heads.0"
    assert found.assigned.tolist() == kernel[:, found.prototypes.numpy()].argmax(axis=1).tolist()


def test_each_class_has_its_own():
    found = chosen(LABELS, count=3, criticisms=2)
    for number, label in enumerate((4, 7)):
        rows = np.flatnonzero(label == LABELS)
        kernel, _ = kernel_by_hand(rows)
        own = greedy_prototypes(kernel, 3)
        assert found.prototypes[3 * number : 3 * number + 3].tolist() == rows[own].tolist()
        critics = greedy_criticisms(kernel, np.array(own), 2)
        assert found.criticisms[2 * number : 2 * number + 2].tolist() == rows[critics].tolist()
    assert (LABELS[found.prototypes[found.assigned]] == LABELS).all()
    assert int(found.stands_for.sum()) == 82 and int(found.stands_for[:3].sum()) == 52


def test_islands_have_a_prototype_each_and_strays_are_criticised():
    found = chosen(count=3, criticisms=2, width=0.3)
    islands_of = np.repeat([0, 1, 2, 3], [30, 30, 20, 2])
    assert sorted(islands_of[found.prototypes]) == [0, 1, 2]
    named = islands_of[found.prototypes[found.assigned]]
    assert (named == islands_of)[:80].all()  # of the island that they lie on
    assert (np.diff(found.discrepancy.numpy()) < 0).all()
    assert {80, 81} & set(chosen(count=3, criticisms=8, width=0.3).criticisms.tolist())


def test_table_and_file(tmp_path):
    for labels in (None, LABELS):
        found = chosen(labels, count=3, criticisms=2)
        table = found.to_frame()
        classes = 1 if labels is None else 2
        assert table["kind"].tolist() == ["prototype"] * 3 * classes + ["criticism"] * 2 * classes
        assert table["rank"].tolist() == [0, 1, 2] * classes + [0, 1] * classes
        assert table["stands_for"].sum() == 82 and table["discrepancy"].notna().sum() == 3 * classes
        assert ("label" in table) == (labels is not None)
        found.save(tmp_path / "prototypes.safetensors")
        again = Prototypes.load(tmp_path / "prototypes.safetensors")
        assert again.to_frame().equals(table) and again.facts == dict(found.facts)
        assert (again.labels is None) == (labels is None)


def test_models_with_several_outputs_and_heads():
    assert torch.equal(chosen(model=Below(outputs=5)).prototypes, chosen().prototypes)
    with pytest.raises(ModelError, match="returns a tuple"):
        chosen(model=Below(heads=2))
    assert torch.equal(chosen(model=Below(heads=2), layer="heads.1").prototypes, chosen().prototypes)


@pytest.mark.parametrize(
    ("labels", "options", "kind", "words"),
    [
        (None, {"count": 80}, InputError, "80 prototypes and 5 criticisms were asked for, but there are only 82"),
        (LABELS, {"count": 26}, InputError, "only 30 examples of class 7"),
        (None, {"count": 0}, InputError, "count must be 1 or more"),
        (None, {"count": 2.0}, InputError, "a whole number"),
        (None, {"criticisms": -1}, InputError, "criticisms must be 0 or more"),
        (None, {"width": 0.0}, InputError, "width must be a number above 0"),
        (None, {"layer": "head"}, InputError, "no layer 'head'"),
        (LABELS + 0.5, {}, InputError, "class numbers"),
        (["a"] * 82, {}, InputError, "class numbers"),
        (LABELS[:5], {}, ShapeError, "82 examples but labels of shape"),
    ],
)
def test_refusals(labels, options, kind, words):
    with pytest.raises(kind, match=words):
        chosen(labels, **options)


def test_too_many(monkeypatch):
    monkeypatch.setattr("seqinterp.api.find_prototypes.MOST", 50)
    with pytest.raises(InputError, match="50 examples at most, but there are 82"):
        chosen()


@pytest.mark.parametrize("width", ["a", True, float("nan"), -1])
def test_a_width_that_is_no_number(width):
    with pytest.raises(InputError, match="width must be a number above 0"):
        find_prototypes(Below(), islands(), width=width, device="cpu")


def test_one_example_is_too_few():
    with pytest.raises(InputError, match="2 examples or more"):  # and no warning of a deviation on the way
        find_prototypes(Below(), islands()[:1], count=1, criticisms=0, device="cpu")
