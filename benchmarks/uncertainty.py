"""What uncertainty costs: `python benchmarks/uncertainty.py`.

50 dropout masks of each of 256 sequences against 50 plain passes over them, and ten members at once against one by
one, for networks that drop out everywhere, late, and as the default network does. Answers are checked first. Figures
are written to `benchmarks/results/`.
"""

import copy
import warnings
from functools import partial

import torch
from measure import write_results
from race import Side, race, require
from reference_networks import sequences
from torch import Tensor, nn

from seqinterp.attribution.run import batched
from seqinterp.models.networks import build
from seqinterp.uncertainty.dropout import dropout_outputs
from seqinterp.uncertainty.members import member_outputs

COUNT, LENGTH, DRAWS, MEMBERS = 256, 101, 50, 10


def everywhere() -> nn.Module:
    """Three convolutions, each with dropout after it: nothing but the first can be shared."""
    layers: list[nn.Module] = []
    for channels in (4, 15, 15):
        layers += [nn.Conv1d(channels, 15, 10, padding="same"), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(15 * LENGTH, 1))


def late() -> nn.Module:
    """Convolutions first, dropout in the dense layers."""
    first = [nn.Conv1d(4, 64, 19, padding="same"), nn.ReLU(), nn.MaxPool1d(4), nn.Conv1d(64, 64, 11, padding="same")]
    pooled = [nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 32), nn.ReLU()]
    return nn.Sequential(*first, *pooled, nn.Dropout(0.5), nn.Linear(32, 1))


NETWORKS = {"dropout everywhere": everywhere, "dropout late": late, "default": lambda: build("default", {})}


def plain(model: nn.Module, inputs: Tensor) -> Tensor:
    """As many passes as there are masks."""
    with torch.no_grad():
        return torch.stack([batched(model, model, inputs) for _ in range(DRAWS)])


def dropout_cost(model: nn.Module, inputs: Tensor) -> dict[str, object]:
    """The time of masks over that of plain passes."""
    masked = partial(dropout_outputs, model, inputs, draws=DRAWS)
    one, other = masked(), dropout_outputs(model, inputs, draws=DRAWS, batch_size=32)
    require(torch.allclose(one, other, atol=1e-5), "masks depend on the batch size")
    require(float(one.var(dim=0).min()) > 0, "an example has the same answer under all masks")
    figures = race(Side(None, partial(plain, model, inputs)), Side(None, masked), COUNT, 5)
    return {
        "masks_over_plain": figures["times_faster"],
        "plain_ms": figures["ours_ms"],
        "masks_ms": figures["theirs_ms"],
    }


def members_cost(model: nn.Module, inputs: Tensor) -> dict[str, object]:
    """The time of members one by one over that of all at once."""
    members = [copy.deepcopy(model) for _ in range(MEMBERS)]
    for number, member in enumerate(members):
        for parameter in member.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
    at_once = partial(member_outputs, members, inputs, vectorised=True)
    by_one = partial(member_outputs, members, inputs, vectorised=False)
    require(torch.allclose(at_once(), by_one(), rtol=1e-4, atol=1e-4), "members at once answer otherwise")
    figures = race(Side(None, at_once), Side(None, by_one), COUNT, 5)
    return {"one_by_one_over_at_once": figures["times_faster"]}


def main() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same'")
    inputs = sequences(COUNT, LENGTH)
    found = {}
    for name, make in NETWORKS.items():
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = make()
        for parameter in model.parameters():
            if parameter.abs().max() == 0:  # the default network's last layer starts at 0
                parameter.data.normal_(generator=torch.Generator().manual_seed(0))
        found[name] = {"dropout": dropout_cost(model, inputs), "members": members_cost(model, inputs)}
        print(name, found[name])
    print(write_results("uncertainty", found))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
