"""What a study of a classifier of images says, part by part; `image_study.image_study_page` draws it.

Every part is either one of these records or a sentence: why it was not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from seqinterp.images.image_set import ImageSet

Row = Mapping[str, Any]
Three = tuple[float, float, float]  # value, and the ends of its 95 % interval

NETWORK, SECOND, RANDOM = "the network", "second network", "random labels"


@dataclass(frozen=True)
class StudyData:
    """size: channels, rows, columns. parts: of each part its name, images, groups (of related images) and counts by
    class. groups: how many groups of related images there are; named: whether the images said whose they are. by_group:
    whether related images were kept on one side. torn: test images related to a training image, which a split at random
    leaves. duplicates: pairs of images that are the same, or almost: first, second, kind, likeness.
    """

    images: int
    size: tuple[int, int, int]
    classes: tuple[str, ...]
    parts: tuple[Row, ...]
    groups: int
    named: bool
    by_group: bool
    torn: int
    duplicates: tuple[Row, ...]


@dataclass(frozen=True)
class StudyTraining:
    """kept: the epoch whose weights were kept. confusion: counts of true class (row) by called class. report: of each
    class precision, recall, f1, support. auroc, calibration_error: by class. curves: by class the ROC curve, false and
    true positive rates. resampled: what the intervals are over.
    """

    network: str
    parameters: int
    epochs: int
    kept: int
    confusion: tuple[tuple[int, ...], ...]
    report: tuple[Row, ...]
    accuracy: Three
    auroc: Mapping[str, Three]
    calibration_error: Mapping[str, Three]
    curves: Mapping[str, Row]
    resampled: str


@dataclass(frozen=True)
class StudyCase:
    """The one image that is shown. target: the class that every method explains, `target_name` by name. chosen: how it
    was. probability: of the class that is called. methods: method, options, verdict,
    sum (None of methods that promise none), certificate (in words).
    """

    name: str
    chosen: str
    label: str
    called: str
    probability: float
    target: int
    target_name: str
    score: float
    methods: tuple[Row, ...]


@dataclass(frozen=True)
class RandomLabels:
    """accuracy: of the network trained on permuted labels on the true labels of `judged` test images, of which
    `base_rate` would be right by chance, with the p-value of that. attempts: permutations that were tried. learned: the
    share of permuted training labels it learned. model_accuracy, second_accuracy: of the network itself and the second
    one. fingerprint, model_fingerprint: of the weights.
    """

    accuracy: float
    base_rate: float
    p_value: float
    proven: bool
    judged: int
    learned: float
    epochs: int
    attempts: int
    model_accuracy: float
    second_accuracy: float
    fingerprint: str
    model_fingerprint: str


@dataclass(frozen=True)
class Noise:
    """levels: by standard deviation, in units of white: level, asked, kept (images still called the same), moved (mean
    change of the score of those). examples: how many images.
    """

    levels: tuple[Row, ...]
    examples: int


@dataclass(frozen=True)
class Localisation:
    """rows: map, of (the network, an untrained one, or no network), pointing, mass, above (p-value of more mass in the
    mask than by chance, one-sided). chance: the share of pixels in the mask. examples: images with a mask.
    """

    rows: tuple[Row, ...]
    chance: float
    examples: int


@dataclass(frozen=True)
class Limits:
    """Where a number becomes a reading; conventions, not laws. level: of p-values. noise: likeness below which a map
    counts as unstable where the class has not changed. repeated: likeness below which the map of a second network of
    the same labels counts as another one. learned: the share of permuted labels from which they count as learned.
    """

    level: float = 0.01
    noise: float = 0.5
    repeated: float = 0.5
    learned: float = 0.95


@dataclass(frozen=True, eq=False)
class StudyContents:
    """Everything that the page says. likeness: one row for each comparison of maps: question, method, other,
    similarity, chance, p_value, examples. maps: by network and method, of the case, as `attribute` gives them.
    readings: by method, what the experiments say of it beyond the verdicts. card: the trial, as its own page says it.
    """

    title: str
    run_id: str
    seed: int
    created: str
    command: str
    versions: Mapping[str, str]
    facts: Mapping[str, str]
    data: StudyData
    training: StudyTraining
    case: StudyCase
    labels: RandomLabels
    noise: Noise
    masks: Localisation | str
    likeness: pd.DataFrame
    history: pd.DataFrame
    samples: ImageSet
    maps: Mapping[str, Mapping[str, Any]]
    verdict: str
    readings: Mapping[str, str]
    card: Any
