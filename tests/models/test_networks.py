"""Every network: shapes, settings, strands, and a description from which it can be built again."""

import dataclasses
import json

import pytest
import torch
from torch import nn

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.models.architecture import Architecture, architecture_of, build_model
from seqinterp.models.base_rate import log_prior_shift, shift_logits
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.network import Network
from seqinterp.models.networks import NETWORKS, build, make_settings
from seqinterp.models.predict import predict_logits, probabilities
from seqinterp.models.strands import BothStrands
from seqinterp.sequence.onehot import one_hot
from seqinterp.sequence.strand import reverse_complement_inputs

LENGTH = 40
CASES = [
    ("jund", {"length": LENGTH}),
    ("jund", {"length": LENGTH, "width": 7, "layers": 1}),
    ("deepbind", {}),
    ("deepbind", {"average_pool": True, "hidden": 0}),
    ("default", {}),
    ("default", {"width": 8}),
]


def dna(count=6, length=LENGTH, seed=0):
    letters = torch.randint(0, 4, (count, length), generator=torch.Generator().manual_seed(seed))
    return nn.functional.one_hot(letters, 4).transpose(1, 2).float()


def restless(network):
    """A network whose last layer is not zero, so that its laws say something."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        nn.init.normal_(network.output.weight)
    return network.eval()


@pytest.mark.parametrize(("name", "settings"), CASES)
class TestEveryNetwork:
    def test_gives_one_logit_per_sequence(self, name, settings):
        network = restless(build(name, settings))
        logits = network(dna())
        assert logits.shape == (6, 1)
        assert logits.std() > 0
        assert isinstance(network.filters, nn.Conv1d)
        assert network.filters.in_channels == 4
        assert network.output.out_features == 1

    def test_is_built_again_from_json(self, name, settings):
        network = restless(build(name, settings))
        text = json.dumps(dataclasses.asdict(network.settings))
        again = build(name, json.loads(text)).eval()
        assert again.settings == network.settings
        again.load_state_dict(network.state_dict())
        assert torch.equal(again(dna()), network(dna()))

    @pytest.mark.parametrize("combine", ["mean", "max"])
    def test_both_strands_get_exactly_the_same_logit(self, name, settings, combine):
        network = restless(build(name, settings))
        model, inputs = BothStrands(network, combine), dna()
        assert torch.equal(model(inputs), model(reverse_complement_inputs(inputs)))
        wanted = torch.stack([network(inputs), network(reverse_complement_inputs(inputs))])
        torch.testing.assert_close(model(inputs), wanted.mean(0) if combine == "mean" else wanted.amax(0))

    def test_a_description_is_true(self, name, settings):
        described = Architecture(name, settings, members=2, strands="max")
        model = build_model(described)
        found = architecture_of(model)
        assert (found.network, found.members, found.strands) == (name, 2, "max")
        assert make_settings(name, found.settings) == make_settings(name, settings)

    @pytest.mark.parametrize("strands", ["one", "mean", "max"])
    def test_a_shift_moves_every_logit_by_it(self, name, settings, strands):
        model = build_model(Architecture(name, settings, members=3, strands=strands)).eval()
        before = model(dna())
        shift_logits(model, -2.5)
        torch.testing.assert_close(model(dna()), before - 2.5)

    def test_a_setting_out_of_range_is_refused(self, name, settings):
        for wrong in ({"filters": 0}, {"dropout": 1.0}, {"width": -3}, {"started_from": ["one"]}):
            with pytest.raises(InputError, match=f"{next(iter(wrong))}"):
                build(name, {**settings, **wrong})


def test_the_default_network_reads_both_strands_by_itself():
    network, inputs = restless(build("default", {})), dna()
    assert torch.equal(network(inputs), network(reverse_complement_inputs(inputs)))


def test_the_default_network_is_its_formula():
    network = restless(build("default", {"filters": 3, "width": 5}))
    rows = []
    for one in dna().split(1):
        strands = [network.filters(strand).clamp(min=0)[0] for strand in (one, one.flip(1, 2))]
        both = torch.cat(strands, dim=1)
        rows.append(torch.cat([both.amax(1), both.mean(1)]))
    features = torch.stack(rows)
    torch.testing.assert_close(network(dna()), network.output(features))


def test_networks_that_pool_read_any_length():
    for name in ("default", "deepbind"):
        network = build(name, {}).eval()
        assert network(dna(length=25)).shape == network(dna(length=300)).shape == (6, 1)


def test_the_classic_network_has_the_classic_shape():
    network = build("jund", {"length": 101})
    sizes = [tuple(parameter.shape) for parameter in network.parameters()]
    assert sizes == [(15, 4, 10), (15,), (15, 15, 10), (15,), (15, 15, 10), (15,), (1, 1515), (1,)]
    assert sum(isinstance(module, nn.Dropout) and module.p == 0.5 for module in network.modules()) == 3


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("width", [1, 4, 7, 10])
def test_the_classic_padding_is_torch_same_padding(width):
    network = build("jund", {"length": LENGTH, "width": width, "layers": 1})
    wanted = nn.functional.conv1d(dna(), network.filters.weight, network.filters.bias, padding="same")
    torch.testing.assert_close(network.filters(network.pad(dna())), wanted)


def test_an_ensemble_is_the_mean_of_its_members():
    members = [restless(build("default", {"filters": count})) for count in (2, 3, 5)]
    wanted = torch.stack([member(dna()) for member in members]).mean(0)
    torch.testing.assert_close(Ensemble(members)(dna()), wanted)
    with pytest.raises(InputError, match="at least one member"):
        Ensemble([])
    with pytest.raises(ModelError, match="members of this ensemble differ"):
        architecture_of(Ensemble(members))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("enformer", {}, "there is no network named 'enformer'; choose one of default, jund, deepbind"),
        ("default", {"depth": 2}, "has no setting 'depth'; its settings are filters, width"),
        ("jund", {}, "needs the setting length"),
        ("default", {"filters": 2.5}, "filters of the network 'default' must be of type int, but it is 2.5"),
        ("default", {"filters": True}, "must be of type int"),
        ("default", {"dropout": "half"}, "dropout of the network 'default' must be of type float"),
        ("deepbind", {"average_pool": 1}, "must be of type bool"),
        ("deepbind", {"hidden": -1}, "hidden must be at least 0, but it is -1"),
    ],
)
def test_wrong_settings_are_named(name, settings, message):
    with pytest.raises(InputError, match=message):
        build(name, settings)


def test_every_network_is_described_where_it_is_listed():
    for name, network in NETWORKS.items():
        assert issubclass(network, Network)
        assert network.Settings.__dataclass_params__.frozen
        assert network.__doc__, name


def test_strands_and_members_out_of_range_are_refused():
    with pytest.raises(InputError, match="by 'mean' or 'max', not by 'sum'"):
        BothStrands(nn.Identity(), "sum")
    with pytest.raises(InputError, match="strands must be"):
        Architecture("default", {}, strands="both")
    with pytest.raises(ModelError, match="Linear holds no network"):
        shift_logits(nn.Linear(1, 1), 1.0)
    with pytest.raises(ModelError, match="Linear is not one of this package's networks"):
        architecture_of(BothStrands(nn.Linear(1, 1)))


def test_sequences_of_another_length_are_refused():
    network = build("jund", {"length": 30})
    for length in (29, 31):
        with pytest.raises(ShapeError, match=f"reads sequences of 30 bases, but these have {length}"):
            network(torch.zeros(2, 4, length))


@pytest.mark.parametrize("name", ["default", "deepbind"])
def test_sequences_shorter_than_a_filter_are_read(name):
    for width in (8, 9):
        assert build(name, {"width": width})(torch.zeros(2, 4, 1)).shape == (2, 1)


def test_logits_in_batches_are_logits_at_once_and_the_model_is_given_back():
    model = build_model(Architecture("default", {}, members=2)).train()
    model.members[0].eval()
    modes = [module.training for module in model.modules()]
    logits = predict_logits(model, dna(7), batch_size=3, device="cpu")
    assert [module.training for module in model.modules()] == modes
    assert logits.dtype == "float64"
    torch.testing.assert_close(torch.from_numpy(logits).float(), model.eval()(dna(7))[:, 0].detach())
    assert probabilities(logits)[0] == pytest.approx(torch.sigmoid(torch.tensor(logits[0])).item())


def test_the_prior_shift_turns_balanced_odds_into_base_rate_odds():
    # At even likelihoods a balanced network says 0; at a base rate of 1 in 5 the odds are 1 : 4.
    shift = log_prior_shift(positives=10.0, negatives=40.0, trained_positives=1.0, trained_negatives=1.0)
    assert probabilities(torch.tensor([shift]).double().numpy())[0] == pytest.approx(0.2)


def test_unknown_bases_give_a_logit_too():
    assert build("default", {}).eval()(one_hot(["ACGTNNNNNNNNNNNNNNNNNNNNN"])).isfinite().all()
