"""The peers that people know give the same numbers where they compute the same thing."""

import pytest
import torch

import seqinterp as si
from cases import CASES, DNA_CASES

# both read whole tables of outputs, one column of which is the target
TABLES = [case for case in CASES if case.outputs > 1]


@pytest.fixture(params=TABLES, ids=lambda case: case.name)
def case(request):
    return request.param


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_captum_gradients(case):
    from captum.attr import InputXGradient, Saliency

    model, inputs = case.model().eval(), case.inputs(3)
    expected = Saliency(model).attribute(inputs.clone().requires_grad_(), target=1, abs=False)
    torch.testing.assert_close(si.attribute(model, inputs, "gradient", target=1, device="cpu").values, expected)
    expected = InputXGradient(model).attribute(inputs.clone().requires_grad_(), target=1).detach()
    torch.testing.assert_close(si.attribute(model, inputs, target=1, device="cpu").values, expected)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in DNA_CASES if case.outputs > 1], ids=lambda case: case.name)
def test_tangermeme_saturation_mutagenesis(case):
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    model, inputs = case.model().float().eval(), case.inputs(3).float()
    found = si.mutate(model, inputs, target=1, device="cpu")
    before, after = saturation_mutagenesis(model, inputs, raw_outputs=True, device="cpu")
    edits = after[..., 1] - before[:, None, None, 1]
    torch.testing.assert_close(found.effects, edits, rtol=1e-4, atol=1e-5)
    projected = saturation_mutagenesis(model, inputs, target=1, device="cpu")
    torch.testing.assert_close(found.attributions, projected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_tangermeme_reads_our_meme_file(tmp_path):
    from tangermeme.io import read_meme

    from seqinterp.io.bundled import bundled

    theirs = read_meme(str(bundled("jaspar_subset.meme")))
    ours = si.read_motifs(bundled("jaspar_subset.meme"))
    assert len(theirs) == len(ours)
    for motif, (name, pwm) in zip(ours, theirs.items(), strict=True):
        assert motif.name in name
        torch.testing.assert_close(pwm.double(), torch.from_numpy(motif.frequencies.copy()), atol=1e-6, rtol=0)
