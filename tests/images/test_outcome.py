import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from seqinterp.errors import InputError, ShapeError
from seqinterp.images.outcome import class_report, judge_images, one_against_rest


def logits_of(count, classes, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=count)
    return generator.normal(size=(count, classes)) + 1.2 * np.eye(classes)[labels], labels


def test_the_published_table():
    """Stage 2 of chapter 7 of Machine Learning for High-Risk Applications (O'Reilly, 2023): 199/35/11/379."""
    table = class_report(np.array([[199, 35], [11, 379]]), ["NORMAL", "PNEUMONIA"]).set_index("class")
    assert table.loc["NORMAL", ["precision", "recall", "f1"]].astype(float).round(2).tolist() == [0.95, 0.85, 0.90]
    assert table.loc["PNEUMONIA", ["precision", "recall", "f1"]].astype(float).round(2).tolist() == [0.92, 0.97, 0.94]
    assert table["support"].tolist() == [234, 390]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_rates_are_those_of_scikit_learn(classes):
    logits, labels = logits_of(200, classes)
    names = [f"class {number}" for number in range(classes)]
    outcome = judge_images(logits, labels, names, draws=50)
    rates = precision_recall_fscore_support(labels, logits.argmax(axis=1))
    np.testing.assert_allclose(outcome.report[["precision", "recall", "f1", "support"]].T, rates)
    assert outcome.accuracy.value == (logits.argmax(axis=1) == labels).mean()
    assert outcome.confusion.sum() == 200 and outcome.confusion.sum(axis=1).tolist() == np.bincount(labels).tolist()
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = roc_auc_score(labels, chances[:, 1] if classes == 2 else chances, multi_class="ovr")
    assert outcome.auroc == pytest.approx(expected)
    assert len(outcome.metrics) == (1 if classes == 2 else classes)


def test_margins_are_log_odds_under_the_softmax():
    logits, _ = logits_of(20, 4)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(one_against_rest(logits, 2), np.log(chances[:, 2] / (1 - chances[:, 2])))
    np.testing.assert_allclose(one_against_rest(logits[:, :2], 1), logits[:, 1] - logits[:, 0])


def test_intervals_over_groups_are_wider_where_images_of_a_group_are_alike():
    logits, labels = logits_of(60, 2)
    outcomes = {
        "images": judge_images(np.repeat(logits, 6, axis=0), np.repeat(labels, 6), ["a", "b"], draws=300),
        "groups": judge_images(
            np.repeat(logits, 6, axis=0),
            np.repeat(labels, 6),
            ["a", "b"],
            groups=np.repeat(np.arange(60), 6),
            draws=300,
        ),
    }
    for what in (lambda outcome: outcome.accuracy, lambda outcome: outcome.metrics["b"].auroc):
        one, other = (what(outcomes[key]) for key in ("images", "groups"))
        assert one.value == other.value and other.high - other.low > 1.7 * (one.high - one.low)
        assert other.low < other.value < other.high
    assert outcomes["groups"].metrics["b"].resampled == "groups"


def test_few_groups_are_resampled_by_image():
    logits, labels = logits_of(90, 2)
    few = judge_images(logits, labels, ["a", "b"], groups=np.arange(90) % 5, draws=100)
    assert few.accuracy == judge_images(logits, labels, ["a", "b"], draws=100).accuracy


def test_a_class_that_is_never_called_has_no_precision_and_one_without_images_no_curve():
    report = class_report(np.array([[5, 0, 0], [2, 0, 0], [0, 0, 0]]), ["a", "b", "c"]).set_index("class")
    assert np.isnan(report.loc["b", "precision"]) and report.loc["b", "recall"] == 0 and report.loc["b", "f1"] == 0
    assert np.isnan(report.loc["c", "recall"]) and np.isnan(report.loc["c", "f1"])
    logits, labels = logits_of(40, 3)
    some = labels != 2
    assert set(judge_images(logits[some], labels[some], ["a", "b", "c"], draws=20).metrics) == {"a", "b"}


@pytest.mark.parametrize(
    ("logits", "labels", "error"),
    [
        (np.zeros((3, 2)), np.array([0, 1]), ShapeError),
        (np.zeros((2, 3)), np.array([0, 1]), ShapeError),
        (np.full((2, 2), np.nan), np.array([0, 1]), InputError),
    ],
)
def test_what_cannot_be_judged_is_refused(logits, labels, error):
    with pytest.raises(error):
        judge_images(logits, labels, ["a", "b"])


def test_counts_of_other_classes_are_refused():
    with pytest.raises(ShapeError, match="3 classes need"):
        class_report(np.zeros((2, 2), dtype=int), ["a", "b", "c"])


def test_it_is_said_in_a_few_lines():
    logits, labels = logits_of(60, 2)
    said = str(judge_images(logits, labels, ["well", "ill"], draws=50))
    assert "of 60 images" in said
    assert "AUROC 0." in said
    assert "array(" not in said
    assert len(said.splitlines()) == 9
