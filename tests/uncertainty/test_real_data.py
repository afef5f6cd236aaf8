"""Uncertainty on real measurements: siRNA efficacy."""

import numpy as np
import pandas as pd
import pytest
from torch import nn

import seqinterp as si
from seqinterp.models.regression_trainer import RegressionSettings
from seqinterp.uncertainty.calibration import LEVELS

HELD = 600  # training siRNAs that calibrate


def build():
    layers = [nn.Conv1d(4, 16, 5, padding=2), nn.ReLU(), nn.Dropout(0.2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(16 * 21, 32), nn.ReLU(), nn.Linear(32, 1))


@pytest.mark.real_data
def test_intervals_hold_as_many_sirnas_as_they_say(shared_data):
    train, test = (pd.read_csv(shared_data(f"sirna_deepchem/{name}.tsv.gz"), sep="\t") for name in ("train", "valid"))
    order = np.random.default_rng(0).permutation(len(train))
    held, training = train.iloc[order[:HELD]], train.iloc[order[HELD:]]
    settings = RegressionSettings(epochs=12, learning_rate=2e-3)
    inputs = si.one_hot(training["sequence"].tolist())
    efficacy = training["efficacy"].to_numpy()  # what pandas gives otherwise is read-only
    fitted = si.fit_members(build, inputs, efficacy, members=3, train=settings, workers=1, device="cpu")
    models = [one.model for one in fitted]
    calibration, said = (
        si.predict_uncertainty(models, si.one_hot(part["sequence"].tolist()), device="cpu") for part in (held, test)
    )
    targets = test["efficacy"].to_numpy()
    calibrator = si.calibrate(calibration, held["efficacy"].to_numpy())
    check = calibrator.apply(said).check(targets)
    assert check.error < 0.85 * targets.std()  # it says something of efficacy
    levels = np.array(LEVELS)
    # of the test siRNAs that are drawn, and of the calibration that was
    chance = np.sqrt(levels * (1 - levels) * (1 / len(test) + 1 / HELD))
    assert (np.abs(check.covered.covered - levels) < 3.5 * chance).all()
    for level, error in zip(levels, chance, strict=True):
        table = calibrator.intervals(said, level=level)
        covered = ((targets >= table["low"]) & (targets <= table["high"])).mean()
        assert abs(covered - level) < 3.5 * error
    # intervals that ignore the noise of the data are far too short: the epistemic part alone does not cover
    alone = np.abs(targets - said.mean.numpy()) <= 2 * said.epistemic.sqrt().numpy()
    assert alone.mean() < 0.75
