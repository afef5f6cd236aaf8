"""Panels side by side answer one question: other targets, inputs, models or scores are refused."""

from dataclasses import replace

import numpy as np
import pytest

import seqinterp as si
from cases import CASES
from seqinterp.errors import InputError
from seqinterp.plot.image_panels import image_panels

(CASE,) = [case for case in CASES if case.name == "image"]
MODEL, INPUTS = CASE.model(), CASE.inputs(3)


def explained(method, *, target=1, inputs=INPUTS, model=MODEL, **options):
    return si.attribute(model, inputs, method, target=target, device="cpu", **options)


@pytest.fixture(scope="module")
def results():
    return {
        "slopes": explained("gradient"),
        "windows": explained("occlusion", window=3, stride=2),
        "map": explained("gradcam"),
        "rules": explained("deeplift"),
    }


def test_every_method_has_its_panel_and_the_target_and_its_score_are_told(results):
    figure = image_panels(results, example=2, classes=("cat", "dog"), predicted="dog, 0.8", columns=3)
    panels = [axes for axes in figure.axes if axes.images and axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["input", *results]
    score = results["slopes"].score[2]
    assert figure.texts[0].get_text() == f"Target: dog (output 1), score {score:.3g}; predicted: dog, 0.8"
    assert len(figure.axes) == 5 + 4  # and a bar each
    lefts = [round(axes.get_position().x0, 4) for axes in panels]
    assert len(set(lefts)) == 3
    assert lefts[:2] == lefts[3:]


def test_without_names_the_target_is_its_number(results):
    figure = image_panels({"slopes": results["slopes"]})
    assert figure.texts[0].get_text() == f"Target: 1, score {results['slopes'].score[0]:.3g}"


def test_another_picture_may_stand_below(results):
    picture = np.zeros((1, 8, 8))
    picture[0, 0, 0] = 1
    figure = image_panels({"slopes": results["slopes"]}, image=np.repeat(picture, 3, axis=0))
    assert figure.axes[0].images[0].get_array()[0, 0].tolist() == [1, 1, 1]


def test_different_classes_are_refused(results):
    """As published once: two of four methods explained the one class, two the other."""
    with pytest.raises(InputError, match="'slopes' and 'other' explain different targets, 1 and 0"):
        image_panels({**results, "other": explained("gradient", target=0)})


def test_different_inputs_models_and_scores_are_refused(results):
    moved = INPUTS.clone()
    moved[0, 0, 0, 0] += 0.5
    other = explained("gradient", inputs=moved)
    with pytest.raises(InputError, match="different inputs as example 0"):
        image_panels({**results, "other": other})
    image_panels({**results, "other": other}, example=1)
    model = CASE.model()
    model[0].weight.data += 0.1
    with pytest.raises(InputError, match="different models"):
        image_panels({**results, "other": explained("gradient", model=model)})
    with pytest.raises(InputError, match="different shapes"):
        image_panels({**results, "other": explained("gradient", inputs=INPUTS[:1])}, example=2)
    half, double = (explained("gradient", target=lambda outputs, by=by: by * outputs[:, 1]) for by in (0.5, 2))
    with pytest.raises(InputError, match="different scores"):
        image_panels({"half": half, "double": double})


def test_nothing_to_draw(results):
    with pytest.raises(InputError, match="at least one result"):
        image_panels({})
    with pytest.raises(InputError, match="must be a result of seqinterp"):
        image_panels({"slopes": INPUTS})
    with pytest.raises(InputError, match="example must be one of 3 pictures"):
        image_panels(results, example=3)
    dna = CASES[0]
    with pytest.raises(InputError, match="of inputs of shape"):
        image_panels({"dna": si.attribute(dna.model(), dna.inputs(2), target=1, device="cpu")})


def test_a_copy_of_a_result_is_the_same_question(results):
    image_panels({**results, "again": replace(results["slopes"])})
