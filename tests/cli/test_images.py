"""`seqinterp images`: what it reads, writes and prints."""

import html
import json
import shlex

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pictures_of_places import bright_patches
from seqinterp.api.attribute import attribute
from seqinterp.api.results.image_study import ImageStudy
from seqinterp.errors import FileError
from seqinterp.images.networks import small_cnn
from seqinterp.images.normalised import Normalised
from seqinterp.io.image_files import read_images
from seqinterp.io.image_weights import load_weights
from seqinterp.io.load_model import load_model
from seqinterp.io.mask_files import read_masks


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """120 pictures of two classes, two of each patient, and masks of half of them."""
    folder = tmp_path_factory.mktemp("pictures")
    images = bright_patches(120)
    for kind in images.classes:
        (folder / "data" / kind).mkdir(parents=True)
        (folder / "masks" / kind).mkdir(parents=True)
    for row, label in enumerate(images.labels):
        name = f"{images.classes[label]}/p{row // 2}_{row}.png"
        pixels = (images.inputs[row, 0].numpy() * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "data" / name)
        mask = np.zeros((12, 12), dtype=np.uint8)
        mask[4:8, (0, 8)[label] : (0, 8)[label] + 4] = 255
        if row % 4 < 2:
            Image.fromarray(mask).save(folder / "masks" / name)
    return folder


def test_a_study_writes_a_page_and_prints_the_verdict(pictures, tmp_path, command, capsys):
    out = tmp_path / "study"
    words = ["images", "study", pictures / "data", "--groups", "/(p[0-9]+)_", "--grey", "--methods", "gradient"]
    words += ["--masks", pictures / "masks", "--epochs", 3, "--examples", 8, "--out", out, "--device", "cpu", "--quiet"]
    code, printed, said = command(*words, capture=capsys)
    assert code == 0, said
    assert str((out / "study.html").resolve()) in said and "The network small_cnn" in printed
    study = ImageStudy.load(out)
    assert study.parts.data.named and study.parts.data.groups == 60 and not isinstance(study.parts.masks, str)
    page = (out / "study.html").read_text(encoding="utf-8")
    assert shlex.join(["seqinterp", *map(str, words)]) in html.unescape(page)  # the command that does this again
    assert study.parts.case.name in page
    assert [path.name for path in tmp_path.iterdir()] == ["study"]
    code, _, said = command(*words, capture=capsys)
    assert code == 1 and "exists and is not replaced" in said


def test_training_writes_weights_tables_and_figures(pictures, tmp_path, command, capsys):
    out = tmp_path / "trained"
    words = ["images", "train", pictures / "data", "--groups", "/(p[0-9]+)_", "--epochs", 3, "--out", out, "--quiet"]
    code, printed, said = command(*words, "--device", "cpu", capture=capsys)
    assert code == 0, said
    assert printed.strip() == str(out.resolve())
    table = pd.read_csv(out / "predictions.tsv", sep="\t")
    outcome = json.loads((out / "outcome.json").read_text())
    held = table[table["split"] == "test"]
    assert (held["label"] == held["called"]).mean() == pytest.approx(outcome["accuracy"]["value"])
    assert {"confusion.png", "training.png", "roc_right.png"} <= {path.name for path in out.iterdir()}
    told = json.loads((out / "model.json").read_text())
    assert told["classes"] == ["left", "right"] and told["shape"] == [1, 12, 12] and told["metadata"] == {"seed": 0}
    model, images = load_model(out), read_images(pictures / "data")
    chances = torch.softmax(model(images.inputs), dim=1).detach().numpy()
    columns = table.set_index("name").loc[list(images.names), ["probability_left", "probability_right"]]
    np.testing.assert_allclose(chances, columns.to_numpy(), atol=1e-5)
    assert attribute(model, images.inputs[:1], "gradient", target=1, device="cpu").values.abs().sum() > 0
    network = Normalised(small_cnn(1, 12, 2), (0.5,), (0.5,))
    assert load_weights(network.network, out / "model.safetensors", strict=False) is not None


def test_masks_belong_to_images_of_their_name(pictures, tmp_path):
    images = read_images(pictures / "data")
    found = read_masks(pictures / "masks", images)
    assert len(found) == 60 and all(int(mask.sum()) == 16 for mask in found.values())
    with pytest.raises(FileError, match="no folder"):
        read_masks(tmp_path / "nothing", images)
    with pytest.raises(FileError, match="none of the 0 pictures"):
        read_masks(tmp_path, images)
