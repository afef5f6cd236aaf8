"""Stored input gradients of a published Keras model (Kipoi, tal1_model, MIT) are reproduced in torch."""

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si

FOLDER = "kipoi_examples/tal1_model"


@pytest.mark.real_data
def test_input_gradients(shared_data):
    with h5py.File(shared_data(f"{FOLDER}/model_files/weights.hdf5")) as weights:
        kernel, bias = (weights[f"conv1d_1/conv1d_1/{name}:0"][()] for name in ("kernel", "bias"))
        dense, shift = (weights[f"dense_1/dense_1/{name}:0"][()] for name in ("kernel", "bias"))
    model = nn.Sequential(nn.Conv1d(4, 16, 15), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(16, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(kernel).permute(2, 1, 0))
        model[0].bias.copy_(torch.from_numpy(bias))
        model[4].weight.copy_(torch.from_numpy(dense).T)
        model[4].bias.copy_(torch.from_numpy(shift))
    with h5py.File(shared_data(f"{FOLDER}/example_files/grads.hdf5")) as stored:
        inputs, expected = (stored[name][()].transpose(0, 2, 1).astype(np.float32) for name in ("inputs", "grads"))
    found = si.attribute(model, inputs, "gradient", target=0, device="cpu")
    np.testing.assert_allclose(found.values.numpy(), expected, atol=1e-5)
    assert np.abs(expected).max() > 0.01
