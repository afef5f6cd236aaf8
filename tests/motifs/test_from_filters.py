"""A filter is a PSSM, and its PFM is what activates it."""

import numpy as np
import pytest
import torch
from torch import nn

from naive import motifs as naive
from seqinterp.errors import ModelError, ShapeError
from seqinterp.motifs import from_filters
from seqinterp.motifs.from_filters import count_activations, first_convolutions, scan
from seqinterp.sequence.onehot import one_hot

GENERATOR = np.random.default_rng(0)
SEQUENCES = ["".join(GENERATOR.choice(list("ACGTN"), size=30, p=[0.24] * 4 + [0.04])) for _ in range(25)]
PADDINGS = [0, "same", 3]


def model(padding=0, bias=True):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(nn.Conv1d(4, 5, 7, padding=padding, bias=bias), nn.ReLU(), nn.Flatten(), nn.LazyLinear(1))


@pytest.mark.parametrize("padding", PADDINGS)
def test_conv_output_is_the_pssm_scan_of_its_weights(padding):
    convolution, inputs = model(padding)[0], one_hot(SEQUENCES)
    output = convolution(inputs).detach()
    inside = {0: slice(None), "same": slice(3, -3), 3: slice(3, -3)}[padding]
    scanned = scan(convolution.weight.detach(), inputs) + convolution.bias.detach()[:, None]
    torch.testing.assert_close(output[:, :, inside], scanned)
    for i, sequence in enumerate(SEQUENCES[:5]):
        for f in range(5):
            expected = naive.scan(convolution.weight[f].detach().double().numpy(), sequence)
            np.testing.assert_allclose(scanned[i, f] - convolution.bias[f].item(), expected, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_counts_equal_the_window_by_window_loop(bias):
    network = model(bias=bias).double()
    inputs = one_hot(SEQUENCES).double()
    for found in count_activations({"0": network[0]}, inputs):
        counts, windows, active = naive.activating_counts(found.weights, found.bias, SEQUENCES)
        np.testing.assert_allclose(found.pfm, counts)
        assert (found.windows, found.sequences) == (windows, active)
        assert found.windows >= found.sequences > 0
        assert (found.bias != 0) == bias


def test_a_filter_that_is_always_on_still_has_a_motif():
    network = model()
    with torch.no_grad():
        network[0].bias[:] = 50
    off, on = (count_activations({"0": each[0].double()}, one_hot(SEQUENCES).double()) for each in (model(), network))
    for quiet, loud in zip(off, on, strict=True):
        assert loud.windows < 0.5 * 25 * 24
        counts, windows, _ = naive.activating_counts(loud.weights, loud.bias, SEQUENCES)
        np.testing.assert_allclose(loud.pfm, counts)
        assert windows == loud.windows
        assert quiet.bias < loud.bias


def test_parts_change_nothing(monkeypatch):
    whole = count_activations({"0": model()[0]}, one_hot(SEQUENCES))
    monkeypatch.setattr(from_filters, "EXAMPLES", 4)
    for one, other in zip(count_activations({"0": model()[0]}, one_hot(SEQUENCES)), whole, strict=True):
        np.testing.assert_array_equal(one.pfm, other.pfm)


def test_a_dead_filter_counts_nothing():
    network = model()
    with torch.no_grad():
        network[0].bias[2] = -100
    dead = count_activations({"0": network[0]}, one_hot(SEQUENCES))[2]
    assert dead.windows == dead.sequences == 0
    assert not dead.pfm.any()


def test_a_planted_filter_gives_the_planted_motif():
    network = model()
    with torch.no_grad():
        network[0].weight[0] = -1
        for i, base in enumerate("TGACTCA"):
            network[0].weight[0, "ACGT".index(base), i] = 1
        network[0].bias[0] = 0
    planted = [sequence[:10] + "TGACTCA" + sequence[17:] for sequence in SEQUENCES]
    found = count_activations({"0": network[0]}, one_hot(planted))[0]
    assert "".join("ACGT"[b] for b in found.pfm.argmax(axis=0)) == "TGACTCA"
    assert found.sequences == len(planted)


class Branches(nn.Module):
    """Two convolutions that read bases, one of them on the other strand, and one of four channels that does not."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.deep = nn.Conv1d(4, 4, 5), nn.Conv1d(4, 4, 5), nn.Conv1d(4, 2, 3)

    def forward(self, inputs):
        hidden = torch.relu(self.one(inputs) - 0.1) + 1.5 * self.two(inputs.flip(1, 2))
        return self.deep(hidden).amax(dim=2)


def test_convolutions_that_read_bases_are_found_by_name():
    network, inputs = Branches(), one_hot(SEQUENCES)
    assert list(first_convolutions(network, inputs)) == ["one", "two"]
    assert list(first_convolutions(network, inputs, layer="two")) == ["two"]
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_model_without_filters_is_refused():
    dense = nn.Sequential(nn.Flatten(), nn.Linear(120, 1))
    with pytest.raises(ModelError, match=r"no Conv1d reads the bases themselves.*layers are none"):
        first_convolutions(dense, one_hot(SEQUENCES))
    with pytest.raises(ModelError, match="no Conv1d called 'deep' reads the bases"):
        first_convolutions(Branches(), one_hot(SEQUENCES), layer="deep")


@pytest.mark.parametrize("options", [{"dilation": 2}, {"groups": 2}])
def test_filters_that_are_no_pwms_are_refused(options):
    with pytest.raises(ModelError, match="only an ungrouped"):
        first_convolutions(nn.Sequential(nn.Conv1d(4, 2, 3, **options)), one_hot(SEQUENCES))


def test_short_sequences_are_refused():
    with pytest.raises(ShapeError, match="filters 7 wide, but the sequences are 5 long"):
        count_activations({"0": model()[0]}, one_hot(["ACGTA"]))
