"""Members asked at once answer as they do one by one, and are left as they were."""

import copy

import pytest
import torch
from torch import Tensor, nn

from seqinterp.errors import InputError, ModelError
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.networks import build
from seqinterp.uncertainty.members import member_outputs
from seqinterp.uncertainty.parts import regression_parts

DNA = nn.functional.one_hot(torch.randint(0, 4, (9, 30), generator=torch.Generator().manual_seed(3)), 4)
DNA = DNA.transpose(1, 2).float()


def several(make, count=4):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        made = [make() for _ in range(count)]
    for member in made:
        for parameter in member.parameters():
            if parameter.abs().max() == 0:  # the default network's last layer starts at 0, and so all would agree
                parameter.data.normal_(generator=torch.Generator().manual_seed(len(parameter)))
    return made


def normed():
    made = nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(156, 3)
    )
    made[1].running_mean.normal_()
    return made


CASES = {
    "normed": normed,
    "default": lambda: build("default", {"filters": 5, "width": 7}),
    "deepbind": lambda: build("deepbind", {"filters": 5, "width": 7}),
}


@pytest.mark.parametrize("name", CASES)
def test_all_at_once_is_one_by_one(name):
    members = several(CASES[name])
    plain = member_outputs(members, DNA, vectorised=False, device="cpu")
    at_once = member_outputs(members, DNA, vectorised=True, device="cpu")
    assert plain.shape == at_once.shape == (4, 9, 3 if name == "normed" else 1)
    torch.testing.assert_close(at_once, plain, rtol=1e-6, atol=1e-6)
    for place, member in enumerate(members):
        torch.testing.assert_close(plain[place], member.eval()(DNA).detach())
    assert float(plain.var(dim=0).max()) > 1e-6


@pytest.mark.parametrize("vectorised", [True, False])
def test_batch_and_order_change_nothing(vectorised):
    members = several(normed)
    found = member_outputs(members, DNA, vectorised=vectorised, device="cpu")
    small = member_outputs(members, DNA, vectorised=vectorised, batch_size=2, device="cpu")
    torch.testing.assert_close(small, found)
    turned = member_outputs(members, DNA.flip(0), vectorised=vectorised, device="cpu").flip(1)
    torch.testing.assert_close(turned, found)


@pytest.mark.parametrize("vectorised", [True, False, None])
def test_members_are_given_back_as_they_were(vectorised):
    members = several(normed)
    members[1].train()
    members[2].eval()
    modes = [[module.training for module in member.modules()] for member in members]
    weights = [copy.deepcopy(member.state_dict()) for member in members]
    member_outputs(members, DNA, vectorised=vectorised, device="cpu")
    assert [[module.training for module in member.modules()] for member in members] == modes
    for member, before in zip(members, weights, strict=True):
        assert all(torch.equal(before[name], tensor) for name, tensor in member.state_dict().items())
        assert all(parameter.requires_grad for parameter in member.parameters())


def test_the_members_of_an_ensemble_have_its_mean():
    ensemble = Ensemble(several(CASES["default"])).eval()
    parts = regression_parts(member_outputs(list(ensemble.members), DNA, device="cpu"))
    torch.testing.assert_close(parts.mean.float(), ensemble(DNA).detach())


def test_one_network_twice_never_disagrees():
    member = several(normed, 1)[0]
    parts = regression_parts(member_outputs([member, member], DNA, device="cpu"))
    assert float(parts.epistemic.max()) == 0


def test_networks_of_two_kinds():
    members = [*several(CASES["default"], 1), *several(CASES["deepbind"], 1)]
    assert member_outputs(members, DNA, device="cpu").shape == (2, 9, 1)
    with pytest.raises(ModelError, match="not of one architecture"):
        member_outputs(members, DNA, vectorised=True, device="cpu")


def test_what_vmap_cannot_do_is_done_one_by_one():
    class Decides(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(120, 1)

        def forward(self, inputs: Tensor) -> Tensor:
            found = self.dense(inputs.flatten(1))
            return found if float(found.sum()) > 1e9 else 2 * found

    members = several(Decides)
    assert member_outputs(members, DNA, device="cpu").shape == (4, 9, 1)
    with pytest.raises(ModelError, match="cannot be run as one"):
        member_outputs(members, DNA, vectorised=True, device="cpu")


def test_read_picks_from_several_outputs():
    class Two(nn.Module):
        def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
            return inputs.sum((1, 2)), inputs.mean((1, 2))

    found = member_outputs([Two(), Two()], DNA, read=lambda outputs: outputs[1], device="cpu")
    assert found.shape == (2, 9)
    with pytest.raises(ModelError, match="returns a tuple"):
        member_outputs([Two(), Two()], DNA, device="cpu")


def test_refusals():
    with pytest.raises(InputError, match="2 members or more"):
        member_outputs(several(normed, 1), DNA)
    with pytest.raises(ModelError, match="of one shape"):
        member_outputs([nn.Flatten(), nn.Identity()], DNA, device="cpu")
