import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from pictures_of_places import bright_patches, tiny_network
from seqinterp.api.results.image_study import STUDY, ImageStudy
from seqinterp.api.study_images import study_images
from seqinterp.api.study_parts.case import choose_case, study_methods
from seqinterp.api.study_parts.data import data_part, evenly_of
from seqinterp.api.study_parts.likeness import likeness_row
from seqinterp.api.study_parts.masks import masks_of
from seqinterp.api.study_parts.networks import School, fresh_network
from seqinterp.errors import FileError, InputError, LeakageError, ShapeError
from seqinterp.evaluation.label_randomisation import permuted, predicted_classes
from seqinterp.evaluation.similarity import magnitudes, spearman
from seqinterp.images.settings import ImageSettings
from seqinterp.io.atomic import OURS
from seqinterp.report.image_study_contents import RANDOM, SECOND
from seqinterp.report.image_study_sections import labels as labels_section

QUICK = ImageSettings(epochs=6, patience=6, batch_size=16, learning_rate=8e-3)
METHODS = {"gradient": {}, "occlusion": {"window": 4, "stride": 2}}


def places():
    return bright_patches(150, parts=(80, 20, 50))


def masks(images):
    """Where the bright patch is."""
    found = torch.zeros(len(images), 12, 12, dtype=torch.bool)
    for row, label in enumerate(images.labels):
        column = (0, 8)[label]
        found[row, 4:8, column : column + 4] = True
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def study(folder):
    images = places()
    return study_images(
        images,
        methods=METHODS,
        masks=masks(images),
        settings=QUICK,
        augment=None,
        noise=(0.02, 0.3),
        examples=8,
        device="cpu",
        checkpoint=folder / "parts",
    )


def test_the_network_is_good_and_its_data_are_told(study):
    told = study.parts
    assert told.training.auroc["right"][0] > 0.95 and told.training.epochs == 6
    assert np.sum(told.training.confusion) == 50
    assert [row["images"] for row in told.data.parts] == [80, 20, 50]
    assert [row["counts"] for row in told.data.parts] == [(40, 40), (10, 10), (25, 25)]
    assert told.data.groups == 75 and told.data.torn == 0 and told.data.by_group


def test_every_map_of_the_case_explains_one_class(study):
    case = study.parts.case
    assert case.target_name == case.called == case.label == "right" and case.target == 1
    for own in study.maps.values():
        assert {one.certificate.target for one in own.values()} == {"1"}
        assert len({float(one.score[0]) for one in own.values()}) == 1
    hashes = {one.certificate.model_hash for own in study.maps.values() for one in own.values()}
    assert len(hashes) == 3


def test_the_network_of_random_labels_is_proven_random(study):
    told = study.parts.labels
    assert told.proven and told.p_value > 0.01 and told.fingerprint != told.model_fingerprint
    assert told.model_accuracy > 0.9 and told.second_accuracy > 0.9 and abs(told.accuracy - told.base_rate) < 0.25
    assert told.judged == 50


@pytest.mark.parametrize(("share", "weak"), [(0.66, True), (0.97, False)])
def test_the_page_says_how_much_of_the_random_labels_was_learned(study, share, weak):
    told = study.contents()
    told = dataclasses.replace(told, labels=dataclasses.replace(told.labels, learned=share))
    proof = labels_section(told)["proof"]
    assert f"{share:.0%}".rstrip("%") in proof and ("it is a weak control" in proof) == weak


def test_maps_of_a_second_network_are_more_alike_than_those_of_random_labels(study):
    table = study.to_frame()
    rows = table[(table["question"] == "labels") & (table["method"] == "occlusion")].set_index("other")
    assert rows.loc[SECOND, "similarity"] > rows.loc[RANDOM, "similarity"] + 0.1
    assert rows.loc[RANDOM, "more"] < 0.05 and np.isnan(rows.loc[SECOND, "more"])


def test_noise_keeps_the_class_and_more_of_it_changes_more(study):
    levels = study.parts.noise.levels
    assert [row["level"] for row in levels] == [0.02, 0.3]
    assert all(2 <= row["kept"] <= row["asked"] for row in levels) and levels[0]["kept"] == levels[0]["asked"]
    assert levels[1]["moved"] > levels[0]["moved"] > 0
    table = study.to_frame()
    rows = table[(table["question"] == "noise") & (table["method"] == "occlusion")].set_index("other")
    assert rows.loc["0.02", "similarity"] > rows.loc["0.3", "similarity"] and rows.loc["0.02", "similarity"] > 0.9


def test_maps_fall_on_the_patch(study):
    told = study.parts.masks
    assert told.chance == pytest.approx(16 / 144)
    rows = {(row["map"], row["of"]): row for row in told.rows}
    own, none = rows["occlusion", "the network"], rows["occlusion", "an untrained network"]
    assert own["pointing"] > 0.8 and own["mass"] > 2 * told.chance and own["above"] < 0.01
    assert own["mass"] > none["mass"] + 0.1
    assert rows["brightness", "no network"]["mass"] > told.chance


def test_the_verdict_is_that_of_the_scorecard(study):
    assert set(study.card.verdicts) == set(METHODS) == set(study.readings)
    said = str(study)
    assert study.verdict in said and str(study.card) in said
    assert "AUROC of right" in study.verdict and study.parts.case.name in study.verdict
    assert study.card.facts["members"] == "models trained from other seeds"


def test_a_study_is_kept_whole(study, folder):
    study.save(folder / "whole")
    found = ImageStudy.load(folder / "whole")
    assert found.parts == study.parts and found.verdict == study.verdict and str(found) == str(study)
    pd.testing.assert_frame_equal(found.to_frame(), study.to_frame())
    pd.testing.assert_frame_equal(found.history, study.history)
    assert torch.equal(found.maps[RANDOM]["occlusion"].values, study.maps[RANDOM]["occlusion"].values)
    assert all(torch.equal(found.weights[name], tensor) for name, tensor in study.weights.items())
    assert {path.name for path in (folder / "whole").iterdir()} == {
        "image_study.safetensors", "model.safetensors", "study.html", "trial",
    }  # fmt: skip
    with pytest.raises(FileError):
        study.save(folder / "whole")
    assert STUDY in OURS  # so that force may replace the folder


def test_an_interrupted_study_goes_on_with_its_weights(study, folder, monkeypatch):
    images = places()
    monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", None)
    again = study_images(
        images, methods=METHODS, masks=masks(images), settings=QUICK, augment=None, noise=(0.02, 0.3), examples=8,
        device="cpu", checkpoint=folder / "parts",
    )  # fmt: skip
    assert again.parts == study.parts
    pd.testing.assert_frame_equal(again.to_frame(), study.to_frame())
    with pytest.raises(FileError, match="another model"):
        study_images(
            images, methods=METHODS, settings=dataclasses.replace(QUICK, epochs=2), checkpoint=folder / "parts"
        )


def test_networks_of_a_study_start_apart_and_follow_from_the_seed():
    images = places()
    school = School("small_cnn", images, QUICK, None, 3, torch.device("cpu"))
    state = torch.random.get_rng_state()
    one, same, other = (fresh_network("small_cnn", images, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(state, torch.random.get_rng_state())
    weights = [next(iter(model.parameters())) for model in (one, same, other, school.untrained())]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2]) and not torch.equal(weights[0], weights[3])


def test_permuted_labels_are_trained_on_as_they_are(monkeypatch):
    images = places()
    seen = {}

    def fit(model, given, **options):
        seen.update(options, labels=given.labels)
        raise KeyboardInterrupt

    monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", fit)
    part = images.part("train")
    labels = permuted(torch.from_numpy(part.labels), seed=1)
    with pytest.raises(KeyboardInterrupt):
        School("small_cnn", images, QUICK, None, 0, torch.device("cpu")).study_permuted(part.inputs, labels)
    np.testing.assert_array_equal(seen["labels"], labels.numpy())
    assert seen["valid"] is None and seen["augment"] is None and seen["settings"].patience == 6
    assert seen["settings"].weight_decay == 0


def test_permuted_labels_are_trained_on_until_they_are_learned():
    images = places().part("train")
    labels = permuted(torch.from_numpy(images.labels), seed=1)
    slow = ImageSettings(epochs=10, batch_size=16, learning_rate=5e-3)
    whole = dataclasses.replace(images, split=("train",) * len(images))
    learned = School("small_cnn", whole, slow, None, 0, torch.device("cpu")).study_permuted(images.inputs, labels)
    right = (predicted_classes(learned.model, images.inputs) == labels).double().mean()
    assert 10 < len(learned.history) <= 30 and len(learned.history) % 10 == 0
    assert learned.history["epoch"].tolist() == list(range(1, len(learned.history) + 1))
    assert learned.history["kept"].tolist() == [False] * (len(learned.history) - 1) + [True]
    few = School("small_cnn", whole, dataclasses.replace(slow, epochs=1), None, 0, torch.device("cpu"))
    before = few.study_permuted(images.inputs, labels)
    assert right > (predicted_classes(before.model, images.inputs) == labels).double().mean() + 0.2


def test_a_module_or_equal_start_weights_are_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", None)
    network = tiny_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(InputError, match="would be its own control"):
        study_images(places(), network=network, settings=QUICK)

    def frozen():
        own = tiny_network(3).requires_grad_(False)
        return nn.Sequential(own.early, own.late, own.flat, nn.Linear(216, 1), nn.Linear(1, 2))

    for build in (lambda: network, tiny_network):  # the same module, and the same weights each time
        with pytest.raises(InputError, match=r"the same start weights \(100% of them\)"):
            study_images(places(), network=build, settings=QUICK)

    with pytest.raises(InputError, match="the same start weights"):  # though none of them is trained
        study_images(places(), network=frozen, settings=QUICK)

    def pretrained():
        own = tiny_network()
        return nn.Sequential(own.early, own.late, own.flat, nn.Linear(216, 2))  # a fresh head on given features

    with pytest.raises(TypeError, match="Nothing"):  # a third of the weights in common is let through, to the training
        monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", _nothing)
        study_images(places(), network=pretrained, settings=QUICK, device="cpu")
    with pytest.raises(InputError, match="a name, or a function"):
        study_images(places(), network=3, settings=QUICK)
    assert network.training and all(torch.equal(network.state_dict()[name], was) for name, was in before.items())


def _nothing(*_, **__):
    raise TypeError("Nothing is trained here")


def test_networks_of_a_function_that_keeps_its_module_are_copies():
    kept = tiny_network()

    def again():
        for module in kept.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
        return kept

    one, other = (fresh_network(again, places(), seed=seed) for seed in (1, 2))
    assert one.network is not other.network and one.network is not kept
    assert not torch.equal(one.network.head.weight, other.network.head.weight)


def test_a_case_that_is_not_there_is_said_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", None)
    with pytest.raises(InputError, match="no test image is named 'nobody'"):
        study_images(places(), settings=QUICK, case="nobody")


def test_near_duplicates_on_two_sides_are_refused():
    images = places()
    inputs = images.inputs.clone()
    inputs[149] = (inputs[0] * 0.97 + 0.005).clamp(0, 1)
    torn = dataclasses.replace(images, inputs=inputs)
    with pytest.raises(LeakageError, match="near duplicates"):
        study_images(torn, settings=QUICK)
    assert data_part(torn, by_group=True, near=0.97).torn > 0 == data_part(torn, by_group=True, near=None).torn


def test_likeness_is_the_mean_rank_correlation_of_sizes_beside_that_with_other_images():
    generator = torch.Generator().manual_seed(0)
    own = torch.randn(6, 1, 5, 5, generator=generator)
    theirs = own + torch.randn(6, 1, 5, 5, generator=generator)
    row, each = likeness_row("labels", "gradient", SECOND, own, theirs, seed=0)
    table = torch.stack([spearman(magnitudes(own), magnitudes(theirs.roll(step, 0))) for step in range(6)])
    assert row["similarity"] == pytest.approx(float(table[0].mean()))
    assert row["chance"] == pytest.approx(float(table.mean())) and row["examples"] == 6
    torch.testing.assert_close(each, table[0])
    flat, _ = likeness_row("labels", "gradient", SECOND, torch.zeros(6, 1, 5, 5), theirs, seed=0)
    assert np.isnan(flat["similarity"]) and flat["p_value"] == 1


def test_a_split_at_random_is_told_apart():
    images = dataclasses.replace(places(), split=None)
    torn = dataclasses.replace(images, split=tuple(np.tile(["train", "test", "valid"], 50).tolist()))
    with pytest.raises(LeakageError, match="patient"):
        study_images(torn, settings=QUICK)
    told = data_part(torn, by_group=False, near=None)
    assert told.torn > 10 and not told.by_group


def test_examples_are_of_all_classes_with_the_case_among_them():
    labels = np.array([0] * 20 + [1] * 5 + [2] * 20)
    chosen = evenly_of(labels, 12, first=44, seed=0)
    assert chosen[0] == 44 and len(set(chosen)) == 12
    assert sorted(np.bincount(labels[chosen]).tolist()) == [4, 4, 4] or min(np.bincount(labels[chosen])) >= 3
    assert sorted(evenly_of(labels, 100, first=0, seed=0)) == list(range(45))


def test_a_case_is_found_by_its_name():
    images = places().part("test")
    logits = np.eye(2)[images.labels]
    assert choose_case(images, logits, images.names[7], seed=0) == (7, "asked for by name")
    row, chosen = choose_case(images, logits, None, seed=0)
    assert images.labels[row] == 1 and "25 test images of right" in chosen
    with pytest.raises(InputError, match="50 test images have 'picture'"):
        choose_case(images, logits, "picture", seed=0)
    with pytest.raises(InputError, match="no test image is named 'nobody'"):
        choose_case(images, logits, "nobody", seed=0)


def test_methods_are_those_of_the_literature_at_the_size_of_the_images():
    assert [one.name for one in study_methods(None, (96, 96))] == [
        "gradient", "integrated_gradients", "occlusion", "gradcam",
    ]  # fmt: skip
    assert study_methods(None, (224, 224))[2].options == {"window": 15, "stride": 8}
    assert study_methods(None, (96, 96))[2].options == {"window": 6, "stride": 3}
    with pytest.raises(InputError, match="is a function"):
        study_methods({"own": lambda score, inputs: inputs}, (96, 96))


def test_masks_come_by_name_or_for_all():
    images = places()
    whole = masks(images)
    assert torch.equal(masks_of(whole, images), whole) and masks_of(None, images) is None
    some = masks_of({"picture 3": whole[3].numpy()}, images)
    assert torch.equal(some[3], whole[3]) and not some[4].any()
    with pytest.raises(InputError, match="'picture 999', which is the name of no image"):
        masks_of({"picture 999": whole[3]}, images)
    for kind in (whole.float(), whole.numpy().astype(np.uint8), whole.tolist()):
        assert torch.equal(masks_of(kind, images), whole)
    assert torch.equal(masks_of({"picture 3": whole[3].byte()}, images), some)
    for wrong in (whole.byte() * 255, whole.float() * torch.nan, np.full(whole.shape, "x"), None):
        with pytest.raises(InputError, match=r"the mask of 'picture 3' .* True and False"):
            masks_of({"picture 3": None if wrong is None else wrong[3]}, images)
    with pytest.raises(ShapeError, match=r"the array of masks has shape \(3, "):
        masks_of(whole[:3], images)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": (0.1, 2.0)}, "below 1"),
        ({"noise": ()}, "noise must be"),
        ({"examples": 4}, "at least 8"),
        ({"methods": ["nonsense"]}, "no attribution method"),
        ({"network": "no_such_network"}, "no network named"),
    ],
)
def test_what_cannot_be_studied_is_refused_before_anything_is_trained(options, words, monkeypatch):
    monkeypatch.setattr("seqinterp.api.study_parts.networks.fit_images", None)
    if "network" in options:
        pytest.importorskip("torchvision")
    with pytest.raises(InputError, match=words):
        study_images(places(), **options)
