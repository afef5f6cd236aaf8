import numpy as np
import pandas as pd
import pytest

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.confusion import confusion_figure, image_training_figure


def history(epochs, **columns):
    falling = np.linspace(1.0, 0.2, epochs)
    table = {"epoch": np.arange(1, epochs + 1), "train_loss": falling, "valid_loss": falling + 0.1}
    table |= {"train_accuracy": 1 - falling / 2, "valid_accuracy": 0.95 - falling / 2}
    return pd.DataFrame({**table, "kept": np.arange(epochs) == epochs - 2, **columns})


@pytest.mark.parametrize("classes", [["NORMAL", "PNEUMONIA"], ["$a$", "b", "a rather long name of a class"]])
def test_every_cell_says_its_count_and_the_share_of_its_row(classes):
    counts = np.arange(len(classes) ** 2).reshape(len(classes), -1) * 7
    (axes,) = confusion_figure(counts, classes).axes
    texts = [text.get_text() for text in axes.texts]
    expected = [f"{n:,}\n{n / row.sum():.0%}" for row in counts for n in row]
    assert texts == expected
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("called", "true class")
    assert [label.get_text().replace("\\", "") for label in axes.get_yticklabels()] == classes


def test_a_class_without_images_has_no_shares():
    (axes,) = confusion_figure(np.array([[5, 5], [0, 0]]), ["a", "b"]).axes
    assert [text.get_text() for text in axes.texts] == ["5\n50%", "5\n50%", "0", "0"]


def test_counts_and_classes_must_agree():
    with pytest.raises(ShapeError, match="3 classes need 3 rows"):
        confusion_figure(np.zeros((2, 2), dtype=int), ["a", "b", "c"])


def test_training_is_drawn_with_the_epoch_that_was_kept():
    loss, accuracy = image_training_figure(history(6)).axes
    assert [line.get_label() for line in loss.lines[:2]] == ["training", "validation"]
    np.testing.assert_allclose(loss.lines[0].get_ydata(), history(6)["train_loss"])
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), history(6)["valid_accuracy"])
    assert list(loss.lines[2].get_xdata()) == [5, 5]


def test_stages_follow_one_another():
    both = pd.concat([history(4, stage=1), history(3, stage=2)], ignore_index=True)
    loss, _ = image_training_figure(both).axes
    assert list(loss.lines[2].get_xdata()) == [5, 6, 7] and list(loss.lines[-1].get_xdata()) == [4.5, 4.5]


@pytest.mark.parametrize("table", [history(3).drop(columns="kept"), history(3)[:0]])
def test_a_table_that_is_no_history_is_refused(table):
    with pytest.raises(InputError, match="training history needs rows"):
        image_training_figure(table)
