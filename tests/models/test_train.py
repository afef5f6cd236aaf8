"""Training learns, is the same for the same seed, stops early, and refuses what cannot be trained on."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.architecture import architecture_of
from seqinterp.models.balance import balanced_log_loss, base_rate_shift, batches
from seqinterp.models.networks import NETWORKS
from seqinterp.models.predict import predict_logits, probabilities
from seqinterp.models.recipes import RECIPES, recipe
from seqinterp.models.settings import TrainSettings
from seqinterp.models.train import fit
from seqinterp.sequence.onehot import one_hot

SITE = "TGAGTCA"
QUICK = TrainSettings(epochs=2, epoch_steps=5, batch_size=16)
SMALL = {"filters": 4, "width": 9}


def planted(count=400, length=40, fraction=0.5, seed=0):
    """Sequences of which a part carries a site; inputs and labels."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) < fraction * count).astype(float)
    sequences = ["".join(rng.choice(list("ACGT"), length)) for _ in labels]
    starts = rng.integers(0, length - len(SITE), count)
    planted = [
        sequence[:start] + SITE + sequence[start + len(SITE) :] if label else sequence
        for sequence, start, label in zip(sequences, starts, labels, strict=True)
    ]
    return one_hot(planted), labels


def weights(model):
    return torch.cat([tensor.flatten() for tensor in model.state_dict().values()])


@pytest.fixture(scope="module")
def learned():
    inputs, labels = planted(fraction=0.25)
    return fit("default", {"filters": 16, "width": 11}, inputs, labels, valid=planted(seed=1), device="cpu")


def test_it_learns_a_planted_site(learned):
    inputs, labels = planted(seed=2)
    logits = predict_logits(learned.model, inputs, device="cpu")
    right = (logits[labels == 1][:, None] > logits[labels == 0]).mean()
    assert right > 0.95
    assert not learned.model.training
    assert learned.history["train_loss"].iloc[-1] < 0.5 * learned.history["train_loss"].iloc[0]


def test_probabilities_speak_of_the_base_rate(learned):
    inputs, _ = planted(fraction=0.25, seed=3, count=800)
    mean = probabilities(predict_logits(learned.model, inputs, device="cpu")).mean()
    assert mean == pytest.approx(0.25, abs=0.06)
    assert learned.logit_shift == pytest.approx(math.log(1 / 3))


def test_the_best_epoch_is_kept_and_the_history_tells_which(learned):
    history = learned.history
    assert list(history.columns) == ["member", "epoch", "train_loss", "valid_loss", "valid_ap", "kept"]
    assert history["kept"].sum() == 1
    assert history["valid_loss"].idxmin() == history["kept"].idxmax()
    valid = planted(seed=1)
    logits = predict_logits(learned.model, valid[0], device="cpu") - learned.logit_shift
    kept = history.loc[history["kept"], "valid_loss"].item()
    assert balanced_log_loss(logits, valid[1], balanced=True) == pytest.approx(kept, abs=1e-5)


def test_patience_ends_training():
    inputs, labels = planted(60)
    train = TrainSettings(epochs=50, epoch_steps=1, patience=3, learning_rate=0.0)
    history = fit("deepbind", SMALL, inputs, labels, valid=(inputs, labels), train=train, device="cpu").history
    assert len(history) == 4  # nothing improves after the first
    assert history["kept"].tolist() == [True, False, False, False]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_same_seed_gives_the_same_bits_whatever_happened_before(network):
    inputs, labels = planted(80)
    models = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        torch.rand(global_seed)
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        models.append(fit(network, SMALL, inputs, labels, train=QUICK, device="cpu", seed=5).model)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert torch.equal(weights(models[0]), weights(models[1]))
    other = fit(network, SMALL, inputs, labels, train=QUICK, device="cpu", seed=6).model
    assert not torch.equal(weights(models[0]), weights(other))


def test_an_ensemble_has_different_members_and_a_common_history():
    inputs, labels = planted(80)
    train = TrainSettings(epochs=2, epoch_steps=3, members=3, strands="max")
    fitted = fit("deepbind", SMALL, inputs, labels, train=train, device="cpu")
    described = architecture_of(fitted.model)
    assert (described.members, described.strands) == (3, "max")
    assert fitted.history["member"].tolist() == [0, 0, 1, 1, 2, 2]
    assert fitted.history["valid_loss"].isna().all()
    first, second, _ = (weights(member) for member in fitted.model.members)
    assert not torch.equal(first, second)
    alone = fit("deepbind", SMALL, inputs, labels, device="cpu", train=TrainSettings(2, 3, strands="max"))
    assert torch.equal(weights(alone.model), first)  # a member does not depend on how many there are


def test_started_filters_are_recorded_and_moved_slowly():
    inputs, labels = planted(80)
    pwm = one_hot(SITE)[0].double().numpy()
    fitted = fit("default", SMALL, inputs, labels, start_from={"AP-1": pwm}, device="cpu")
    assert fitted.train == recipe("default", started=True)
    free = fit("default", {}, inputs, labels, start_from={"AP-1": pwm}, train=QUICK, device="cpu")
    assert free.settings["filters"] == 11
    assert fitted.settings["started_from"] == ("AP-1", None, None, None)
    assert fitted.model.settings.started_from == ("AP-1", None, None, None)
    best = fitted.model.filters.weight[0].argmax(dim=0)[1:8].tolist()
    assert "".join("ACGT"[base] for base in best) == SITE


def test_a_network_that_needs_the_length_takes_it_from_the_inputs():
    inputs, labels = planted(40)
    fitted = fit("jund", {"filters": 2}, inputs, labels, train=QUICK, device="cpu")
    assert fitted.settings["length"] == 40
    with pytest.raises(ShapeError, match="length is 30, but the sequences have 40 bases"):
        fit("jund", {"length": 30}, inputs, labels, train=QUICK, device="cpu")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones(40), "the training data holds only examples labelled 1; both classes"),
        (np.zeros(40), "only examples labelled 0"),
        (np.append(np.nan, np.tile([0.0, 1], 20)[1:]), "1 labels of the training data are NaN, the first at example 0"),
        (np.tile([0.0, 0.5], 20), "labels must be 0 or 1, but example 1 of the training data has 0.5"),
        (np.tile([0.0, 1], 10), "holds 40 sequences but 20 labels"),
        (["a"] * 40, "some are words"),
        (np.ones((40, 1)), "one number per example"),
        (np.empty(0), "holds no examples"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused_before_training(labels, message):
    with pytest.raises(InputError, match=message):
        fit("default", SMALL, planted(40)[0], labels, train=QUICK, device="cpu")


def test_inputs_that_cannot_be_learned_are_refused():
    inputs, labels = planted(40)
    with pytest.raises(ShapeError, match=r"must have the shape \(batch, 4, position\), but theirs is \(40, 40, 4\)"):
        fit("default", SMALL, inputs.transpose(1, 2), labels, train=QUICK, device="cpu")
    with pytest.raises(InputError, match="inputs of the training data hold NaN"):
        fit("default", SMALL, inputs * torch.nan, labels, train=QUICK, device="cpu")
    with pytest.raises(InputError, match="the validation data holds only examples labelled 0"):
        fit("default", SMALL, inputs, labels, valid=(inputs[20:], labels[20:]), train=QUICK, device="cpu")
    with pytest.raises(ShapeError, match="training sequences have 40 bases but validation sequences 30"):
        fit("default", SMALL, inputs, labels, valid=(inputs[:, :, :30], labels), train=QUICK, device="cpu")


def test_a_loss_that_runs_away_is_said():
    inputs, labels = planted(40)
    train = TrainSettings(epochs=3, epoch_steps=20, learning_rate=1e30, schedule="constant")
    with pytest.raises(ModelError, match="NaN or infinite in epoch 1; lower learning_rate"):
        fit("deepbind", SMALL, inputs, labels, train=train, device="cpu")


def test_ctrl_c_passes_through_and_leaves_the_random_state_alone(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(nn.functional, "binary_cross_entropy_with_logits", interrupt)
    before = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        fit("default", SMALL, *planted(40), train=QUICK, device="cpu", progress=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_progress_goes_to_stderr(capsys):
    inputs, labels = planted(40)
    train = TrainSettings(epochs=2, epoch_steps=1, members=2)
    fit("default", SMALL, inputs, labels, valid=(inputs, labels), train=train, device="cpu", progress=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 1}, "batch_size must be at least 2"),
        ({"learning_rate": math.nan}, "learning_rate must be 0 or positive"),
        ({"weight_decay": -1.0}, "weight_decay must be 0 or positive"),
        ({"positive_fraction": 1.0}, "positive_fraction must lie between 0 and 1"),
        ({"balance": "both"}, "balance must be one of sample, weight, none, but it is 'both'"),
        ({"watch": "auroc"}, "watch must be one of"),
        ({"strands": "both"}, "strands must be one of"),
        ({"schedule": "steps"}, "schedule must be one of"),
    ],
)
def test_a_recipe_out_of_range_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        TrainSettings(**wrong)


def test_every_network_has_a_recipe():
    assert set(RECIPES) == set(NETWORKS)


def test_sampled_batches_hold_the_wanted_fraction_and_weigh_classes_alike():
    labels = np.array([1.0] * 5 + [0.0] * 95)
    train = TrainSettings(batch_size=16, positive_fraction=0.25)
    deal = batches(labels, train, np.random.default_rng(0))
    seen = []
    for _ in range(20):
        indices, weight = next(deal)
        chosen = labels[indices]
        assert chosen.sum() == 4
        assert weight[chosen == 1].sum() == pytest.approx(weight[chosen == 0].sum())
        assert weight.mean() == pytest.approx(1)
        seen.extend(indices[chosen == 0])
    assert set(seen[:95]) == set(range(5, 100))  # no negative comes again before all came once
    assert base_rate_shift(labels, train) == pytest.approx(math.log(5 / 95))


def test_weighted_and_plain_batches_hold_what_comes():
    labels = np.array([1.0] * 5 + [0.0] * 95)
    indices, weight = next(batches(labels, TrainSettings(batch_size=100, balance="weight"), np.random.default_rng(0)))
    assert sorted(indices) == list(range(100))
    assert weight @ labels[indices] == pytest.approx(50)
    assert weight.sum() == pytest.approx(100)
    plain = TrainSettings(batch_size=10, balance="none")
    assert next(batches(labels, plain, np.random.default_rng(0)))[1].tolist() == [1.0] * 10
    assert base_rate_shift(labels, plain) == 0
    assert base_rate_shift(labels, TrainSettings(balance="weight")) == pytest.approx(math.log(5 / 95))


@pytest.mark.parametrize("balance", ["weight", "none"])
def test_other_balances_and_average_precision_train_too(balance):
    inputs, labels = planted(60)
    train = TrainSettings(epochs=2, epoch_steps=3, balance=balance, watch="average_precision", schedule="constant")
    history = fit("default", SMALL, inputs, labels, valid=(inputs, labels), train=train, device="cpu").history
    assert history["valid_ap"].idxmax() == history["kept"].idxmax()


def test_balanced_log_loss_gives_each_class_half():
    logits, labels = np.array([0.0, 2.0, 2.0]), np.array([1.0, 0.0, 0.0])
    wrong = math.log1p(math.exp(2))
    assert balanced_log_loss(logits, labels, balanced=True) == pytest.approx((math.log(2) + wrong) / 2)
    assert balanced_log_loss(logits, labels, balanced=False) == pytest.approx((math.log(2) + 2 * wrong) / 3)
