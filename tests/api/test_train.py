"""`train`: every prediction that is judged is of a network that has not seen the example."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from seqinterp.api.train import train
from seqinterp.errors import InputError, LeakageError
from seqinterp.models.metrics import evaluate_predictions
from seqinterp.models.settings import TrainSettings
from seqinterp.models.train import Fitted
from seqinterp.sequence.examples import Examples, Locus
from seqinterp.sequence.strand import reverse_complement

LENGTH = 40
QUICK = TrainSettings(epochs=1, epoch_steps=2, batch_size=16)


def random_examples(count=120, *, seed=0, **fields):
    """Random sequences with labels that mean nothing."""
    rng = np.random.default_rng(seed)
    sequences = ["".join(rng.choice(list("ACGT"), LENGTH)) for _ in range(count)]
    return Examples.of(sequences, rng.permutation([0.0, 1.0] * (count // 2)), **fields)


def tiled(count=120, *, run=4):
    """Windows in runs of `run` that touch one another, on three chromosomes."""
    starts = [(i // run) * 1000 + (i % run) * LENGTH for i in range(count)]
    return random_examples(count, loci=[Locus(f"chr{i // run % 3}", s, s + LENGTH) for i, s in enumerate(starts)])


class Memory(nn.Module):
    """Answers the label of what it has seen, and a guess otherwise: a cheat that any leakage makes perfect."""

    def __init__(self, inputs, labels):
        super().__init__()
        self.seen = {row.numpy().tobytes(): float(label) for row, label in zip(inputs, labels, strict=True)}

    def forward(self, inputs):
        known = [self.seen.get(row.numpy().tobytes()) for row in inputs]
        return torch.tensor([[0.0 if label is None else 8 * label - 4] for label in known])


@pytest.fixture
def memory(monkeypatch):
    """`train` with networks that remember all they were given; gives the training and validation data of each."""
    calls = []

    def fit(network, settings, inputs, labels, *, train, valid, seed, **_):
        calls.append({"train": inputs, "valid": valid[0], "seed": seed})
        model = Memory(torch.cat([inputs, valid[0]]), np.concatenate([labels, valid[1]]))
        return Fitted(model, pd.DataFrame({"member": [0], "epoch": [1]}), 0.0, network, dict(settings), train, seed)

    monkeypatch.setattr("seqinterp.api.train.fit", fit)
    return calls


def rows_of(inputs):
    return {row.numpy().tobytes() for row in inputs}


def test_each_fold_is_predicted_by_a_network_that_has_not_seen_it(memory):
    examples = random_examples()
    found = train(examples, folds=4, device="cpu")
    assert (found.predictions["logit"] == 0).all()  # the memory knows none of them
    assert set(found.predictions["split"]) == {"test"}
    for fold, call in enumerate(memory):
        held = found.predictions["fold"] == fold
        assert rows_of(call["train"]) | rows_of(call["valid"]) == rows_of(examples.inputs[~held.to_numpy()])
        assert not rows_of(call["train"]) & rows_of(call["valid"])
    assert sorted(found.predictions["fold"].unique()) == [0, 1, 2, 3]
    assert len({call["seed"] for call in memory}) == 4


def test_the_joined_model_has_seen_everything_and_its_answers_are_not_judged(memory):
    examples = random_examples()
    found = train(examples, folds=4, device="cpu")
    with torch.no_grad():
        joined = found.model(examples.inputs)[:, 0].numpy()
    assert roc_auc_score(examples.labels, joined) == 1
    assert found.metrics.auroc.value == 0.5


def test_random_labels_are_learned_by_heart_but_not_predicted():
    examples = random_examples(200)
    by_heart = TrainSettings(epochs=40, epoch_steps=20, patience=40, batch_size=32, weight_decay=0.0)
    found = train(examples, recipe=by_heart, folds=3, device="cpu")
    with torch.no_grad():
        joined = found.model(examples.inputs)[:, 0].numpy()
    assert roc_auc_score(examples.labels, joined) > 0.85
    assert abs(found.metrics.auroc.value - 0.5) < 0.15


@pytest.mark.parametrize(("folds", "by_chromosome"), [(None, False), (3, False), (None, True)])
def test_groups_never_straddle(memory, folds, by_chromosome):
    examples = tiled()
    found = train(examples, folds=folds, by_chromosome=by_chromosome, device="cpu")
    table = found.predictions
    sides = table.groupby("group")[["split", "fold"]].nunique()
    assert (sides == 1).all().all()
    assert table["group"].nunique() == (3 if by_chromosome else 30)
    for call in memory:
        groups = [
            {g for g, row in zip(table["group"], examples.inputs, strict=True) if row.numpy().tobytes() in rows}
            for rows in (rows_of(call["train"]), rows_of(call["valid"]))
        ]
        assert not groups[0] & groups[1]
    assert ("hromosomes" if by_chromosome else "elated sequences") in found.split_sentence


def test_a_single_split_says_how_many_are_held_out(memory):
    found = train(random_examples(), device="cpu")
    sizes = found.predictions["split"].value_counts()
    assert found.split_sentence == (
        f"Related sequences kept together; training, validation and test hold {sizes['train']}, {sizes['valid']},"
        f" {sizes['test']} examples."
    )
    assert sizes["test"] == pytest.approx(0.15 * 120, abs=2)
    test = found.predictions["split"] == "test"
    assert (found.predictions.loc[test, "logit"] == 0).all()
    assert (found.predictions.loc[~test, "logit"] != 0).all()


@pytest.mark.parametrize("with_valid", [True, False])
def test_a_given_split_is_honoured(memory, with_valid):
    parts = (["train"] * 4 + ["valid" if with_valid else "train"] + ["test"]) * 20
    examples = random_examples(split=parts)
    found = train(examples, device="cpu")
    tested = np.array(parts) == "test"
    assert ((found.predictions["split"] == "test").to_numpy() == tested).all()
    if with_valid:
        assert found.predictions["split"].tolist() == parts
    else:
        assert 0 < (found.predictions["split"] == "valid").sum() < 20
    assert rows_of(memory[0]["train"]).isdisjoint(rows_of(examples.inputs[tested]))
    assert found.split_sentence.startswith("The split of the data's own split column")


def test_leakage_in_a_given_split_is_refused_by_name(memory):
    examples = random_examples(split=(["train"] * 4 + ["valid", "test"]) * 20)
    sequences = list(examples.sequences)
    sequences[5] = reverse_complement(sequences[0])
    with pytest.raises(LeakageError, match=r"train row 1 \(sequence_1\) and test row 6 \(sequence_6\) have the same"):
        train(replace(examples, sequences=tuple(sequences)), device="cpu")
    assert not memory


def labels_by_part(**held):
    """A split of 40 / 40 / 40 in which a part may hold one class only."""
    parts = ["train", "valid", "test"] * 40
    labels = [held.get(part, float(i % 2)) for i, part in enumerate(parts)]
    return replace(random_examples(split=parts), labels=np.array(labels))


@pytest.mark.parametrize(
    ("examples", "options", "message"),
    [
        (random_examples(split=["train", "test"] * 60), {"folds": 3}, "split column, and folds=3 asks for another"),
        (random_examples(split=["train", "valid"] * 60), {}, "the split column has no test part"),
        (random_examples(split=["valid", "test"] * 60), {}, "the split column has no train part"),
        (labels_by_part(test=1.0), {}, "the test part of the split column holds only examples labelled 1"),
        (labels_by_part(train=0.0), {}, "the train part of the split column holds only examples labelled 0"),
        (labels_by_part(valid=0.0), {}, "the valid part of the split column holds only examples labelled 0"),
        (replace(random_examples(), labels=np.ones(120)), {}, "holds only examples labelled 1"),
    ],
)
def test_what_cannot_be_judged_is_refused_before_training(memory, examples, options, message):
    with pytest.raises(InputError, match=message):
        train(examples, device="cpu", **options)
    assert not memory


def with_contradictions(count):
    """Examples whose first `count` positives also stand among the negatives, every second on the other strand."""
    examples = random_examples()
    sequences = list(examples.sequences)
    positives, negatives = np.flatnonzero(examples.labels == 1), np.flatnonzero(examples.labels == 0)
    for number, (i, j) in enumerate(zip(positives[:count], negatives, strict=False)):
        sequences[j] = reverse_complement(sequences[i]) if number % 2 else sequences[i]
    return replace(examples, sequences=tuple(sequences))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_sequences_with_both_labels_are_counted(memory, count):
    assert train(with_contradictions(count), device="cpu").contradictions == count


def test_a_repeat_with_one_label_is_no_contradiction(memory):
    examples = random_examples()
    first, second = np.flatnonzero(examples.labels == 1)[:2]
    sequences = list(examples.sequences)
    sequences[second] = sequences[first]
    assert train(replace(examples, sequences=tuple(sequences)), device="cpu").contradictions == 0


def test_positives_that_all_are_negatives_are_refused(memory):
    with pytest.raises(InputError, match="all 60 positive sequences also stand among the negatives"):
        train(with_contradictions(60), device="cpu")
    assert not memory


def test_the_same_seed_gives_the_same_predictions():
    examples = random_examples()
    one, same, other = (train(examples, recipe=QUICK, seed=seed, device="cpu").predictions for seed in (3, 3, 4))
    assert one.equals(same)
    assert not np.allclose(one["logit"], other["logit"])


@pytest.mark.parametrize("folds", [None, 2])
def test_metrics_are_those_of_the_test_rows(folds):
    found = train(tiled(), recipe=QUICK, folds=folds, seed=2, device="cpu")
    held = found.predictions[found.predictions["split"] == "test"]
    expected = evaluate_predictions(
        held["logit"].to_numpy(), held["label"].to_numpy(float), groups=held["group"].to_numpy(), seed=2
    )
    assert found.metrics.estimates() == expected.estimates()
    assert found.metrics.auroc.value == pytest.approx(roc_auc_score(held["label"], held["logit"]))
    assert found.metrics.examples == len(held) < 120 or folds == 2
