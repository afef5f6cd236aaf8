"""The small decisions of the main job."""

import numpy as np

from seqinterp.api.main_job.steps import best_scoring, both_classes


def test_best_scoring_keeps_the_order_of_ties():
    logits = np.array([1.0, 3, 2, 3, 0])
    assert best_scoring(logits, 3).tolist() == [1, 3, 2]
    assert best_scoring(logits, 2, among=np.array([True, False, True, False, True])).tolist() == [2, 0]


def test_both_classes_are_taken_alike():
    labels = np.array([0] * 90 + [1] * 10)
    found = both_classes(labels)
    assert labels[found].tolist() == [0] * 10 + [1] * 10
    assert found[0] == 0 and found[9] == 89
    assert len(both_classes(labels, most=4)) == 8
    assert both_classes(1 - labels).tolist() == both_classes(1 - labels, most=90).tolist()
