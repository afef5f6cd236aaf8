"""No group and no copy on two sides, classes in proportion, and torn ones refused by name."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies

from seqinterp.errors import InputError, LeakageError
from seqinterp.images.groups import kermany_patient
from seqinterp.images.image_set import ImageSet
from seqinterp.images.split import refuse_overlap, related_images, split_images
from seqinterp.io.image_files import read_images

PARTS = ("train", "valid", "test")


def some(labels, *, groups=None, seed=0, **fields):
    generator = torch.Generator().manual_seed(seed)
    return ImageSet(
        inputs=torch.rand(len(labels), 1, 8, 8, generator=generator),
        labels=np.asarray(labels, dtype=np.int64),
        classes=tuple("abcdef"[: max(labels) + 1]),
        names=tuple(f"i{number}" for number in range(len(labels))),
        groups=groups,
        **fields,
    )


@settings(max_examples=15, deadline=None)
@given(strategies.integers(0, 2**20))
def test_groups_stay_whole_and_classes_in_proportion(seed):
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, size=300, p=[0.5, 0.3, 0.2])
    groups = tuple(f"p{number}" for number in generator.integers(0, 120, size=300))
    images = split_images(some(labels.tolist(), groups=groups), near=None, seed=seed)
    refuse_overlap(images, near=None)
    for number in range(3):
        for part, fraction in zip(PARTS, (0.7, 0.1, 0.2), strict=True):
            held = sum(images.split[row] == part for row in np.flatnonzero(labels == number))
            assert held / (labels == number).sum() == pytest.approx(fraction, abs=0.08)


def test_each_on_its_own_is_exact():
    images = split_images(some([0] * 100 + [1] * 50), fractions=(0.6, 0.2, 0.2))
    assert [images.part(part).counts() for part in PARTS] == [
        {"a": 60, "b": 30},
        {"a": 20, "b": 10},
        {"a": 20, "b": 10},
    ]


def shares(images, labels=None):
    """The share of all images, or of those of one class, in each part."""
    rows = range(len(images)) if labels is None else np.flatnonzero(images.labels == labels)
    return [sum(images.split[row] == part for row in rows) / len(rows) for part in PARTS]


@pytest.mark.parametrize(
    ("sizes", "fractions"),
    [
        ([120, *[1] * 80], (0.7, 0.1, 0.2)),  # more than half of all in one group
        ([140, 20, 40], (0.7, 0.1, 0.2)),
        ([60, 60, 60, *[2] * 60], (0.6, 0.2, 0.2)),
        ([32, 32, 31, 31, *[1] * 74], (0.35, 0.35, 0.3)),
    ],
)
def test_a_group_larger_than_a_part_does_not_push_the_others_out(sizes, fractions):
    groups = tuple(f"p{number}" for number in np.repeat(np.arange(len(sizes)), sizes))
    images = some([0, 1] * (len(groups) // 2), groups=groups)
    for seed in range(3):
        split = split_images(images, fractions=fractions, near=None, seed=seed)
        for label in (None, 0, 1):
            assert shares(split, label) == pytest.approx(fractions, abs=0.011)


def test_a_large_group_with_one_image_of_a_rare_class_goes_where_the_frequent_one_lacks():
    images = some([1] + [0] * 39 + [1] * 9 + [0] * 151, groups=tuple(["p"] * 40 + [f"q{n}" for n in range(160)]))
    for label in (None, 0, 1):
        assert shares(split_images(images, near=None), label) == pytest.approx((0.7, 0.1, 0.2))


def test_few_groups_of_a_class_are_in_every_part():
    images = some([0] * 60 + [1] * 3 + [2] * 6, groups=tuple(f"p{n}" for n in range(63)) + tuple("xxyyzz"))
    for seed in range(5):
        with pytest.warns(UserWarning, match="but get 33%/33%/33% of b, 33%/33%/33% of c, because"):
            split = split_images(images, near=None, seed=seed)
        assert [split.part(part).counts()["b"] for part in PARTS] == [1, 1, 1]
        assert [split.part(part).counts()["c"] for part in PARTS] == [2, 2, 2]


def test_fractions_that_whole_groups_cannot_give_are_said():
    images = some([0, 1] * 50, groups=tuple(f"p{number}" for number in np.repeat(np.arange(5), 20)))
    with pytest.warns(
        UserWarning, match=r"to get 70%/10%/20% of the images but get 60%/20%/20% of all, 60%/20%/20% of"
    ):
        split_images(images, near=None)
    with pytest.warns(UserWarning, match="largest group has 60 of 100"):
        split_images(
            replace(images, groups=tuple(["p"] * 60 + [f"q{n}" for n in range(40)])),
            fractions=(0.3, 0.4, 0.3),
            near=None,
        )
    split_images(some([0] * 60 + [1] * 4))  # 2, 1 and 1 of a class of 4 are as good as can be


def test_fractions_need_not_be_round():
    assert shares(split_images(some([0] * 300), fractions=(0.3337, 0.3333, 0.333))) == pytest.approx(
        [1 / 3] * 3, abs=1e-2
    )


def test_the_seed_decides():
    images = some([0, 1] * 50)
    assert split_images(images, seed=1).split == split_images(images, seed=1).split
    assert split_images(images, seed=1).split != split_images(images, seed=2).split


def test_copies_and_parts_stay_with_their_image_by_a_chain():
    images = some([0, 1] * 30, groups=tuple(f"p{number // 2}" for number in range(60)))
    inputs = images.inputs.clone()
    inputs[10] = inputs[40]  # joins p5 and p20
    inputs[20] = (inputs[41] * 0.9).clamp(0, 1)  # joins p20 and p10
    parents = list(images.names)
    parents[30] = "i21"  # joins p15 and p10
    images = replace(images, inputs=inputs, parents=tuple(parents))
    related = related_images(images)
    assert len({related[row] for row in (10, 11, 40, 41, 20, 21, 30, 31)}) == 1
    assert len(set(related.tolist())) == 27
    split = split_images(images, fractions=(0.5, 0.25, 0.25), seed=3)
    assert len({split.split[row] for row in (10, 11, 40, 41, 20, 21, 30, 31)}) == 1
    refuse_overlap(split)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda images: replace(images, groups=("p", "q", "r", "p", "s", "q")),
            r"the group p stands on two sides: i0 \(train\) and i3 \(test\), and so it is 1 times more; split with",
        ),
        (
            lambda images: replace(images, parents=("i0", "i1", "i2", "i3", "i1", "i5")),
            r"the image i1 or what was made of it stands on two sides: i1 \(train\) and i4 \(test\); split with",
        ),
        (
            lambda images: replace(images, inputs=images.inputs[[0, 1, 2, 3, 4, 2]]),
            r"two images are of the same pixels: i2 \(train\) and i5 \(test\);",
        ),
    ],
)
def test_what_is_torn_apart_is_named(change, message):
    images = some([0, 1] * 3, split=("train",) * 3 + ("test",) * 3)
    refuse_overlap(images)
    with pytest.raises(LeakageError, match=message):
        refuse_overlap(change(images))


def test_near_copies_on_two_sides():
    images = some([0, 1] * 3, split=("train",) * 3 + ("test",) * 3)
    inputs = images.inputs.clone()
    inputs[3] = inputs[0] * 0.9
    with pytest.raises(
        LeakageError,
        match=r"near duplicates \(likeness 1.000; if they are not, give a higher near\): i0 \(train\) and i3 \(test\)",
    ):
        refuse_overlap(replace(images, inputs=inputs))
    refuse_overlap(replace(images, inputs=inputs), near=None)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (some([0, 1] * 10), {"fractions": (0.5, 0.5, 0.0)}, "positive and sum to 1"),
        (some([0, 1] * 10), {"fractions": (0.5, 0.2, 0.2)}, "positive and sum to 1"),
        (some([0, 1] * 10), {"fractions": (0.8, 0.2)}, r"has three fractions, .* but 2 came: \(0.8, 0.2\)"),
        (some([0, 1] * 10), {"fractions": 0.8}, "are three numbers, such as .* not 0.8"),
        (some([0, 1] * 10), {"fractions": ("a", "b", "c")}, "are three numbers"),
        (some([0, 1] * 10), {"fractions": (0.5, float("nan"), 0.5)}, "positive and sum to 1"),
        (some([0, 1] * 30, groups=tuple("ab" * 30)), {"near": None}, "there are 1 groups of related images with it"),
        (some([0] * 40 + [1] * 2), {}, "would hold no image of the class b: there are 2 groups"),
        (some([0] * 6 + [1] * 2), {"by_group": False}, "would hold no image of the class b"),
    ],
)
def test_refusals(images, options, message):
    with pytest.raises(InputError, match=message):
        split_images(images, **options)


def test_without_a_split_there_is_nothing_to_look_through():
    with pytest.raises(InputError, match="no split to look through"):
        refuse_overlap(some([0, 1]))


@pytest.mark.real_data
def test_x_rays_by_patient_and_the_leak_of_a_random_split(shared_data):
    images = read_images(shared_data("kermany_cxr"), size=32, grey=True, groups=kermany_patient, laterality=True)
    assert len(set(images.groups)) == 582
    sizes = np.unique(images.groups, return_counts=True)[1]
    assert (sizes > 1).sum() == 141
    split = split_images(images)
    refuse_overlap(split)
    for part, expected in zip(PARTS, (634.9, 90.7, 181.4), strict=True):
        assert len(split.part(part)) == pytest.approx(expected, abs=10)
        counts = split.part(part).counts()
        assert counts["NORMAL"] / len(split.part(part)) == pytest.approx(450 / 907, abs=0.03)
    with pytest.raises(LeakageError, match="stands on two sides"):
        refuse_overlap(split_images(images, by_group=False))
