"""The plain description of a model: enough to build it again, small enough for a JSON file."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from torch import nn

from seqinterp.errors import InputError, ModelError
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.network import Network
from seqinterp.models.networks import build, network_name
from seqinterp.models.strands import BothStrands


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A network by name with its settings, how many members answer together, and how strands are combined."""

    network: str
    settings: Mapping[str, Any]
    members: int = 1
    strands: str = "mean"

    def __post_init__(self) -> None:
        if not isinstance(self.members, int) or self.members < 1:
            raise InputError(f"a model needs at least one member, but members is {self.members!r}")
        if self.strands not in ("one", "mean", "max"):
            raise InputError(f"strands must be 'one', 'mean' or 'max', but it is {self.strands!r}")


def build_model(architecture: Architecture) -> nn.Module:
    """A freshly initialised model of this architecture; start weights come from torch's global random state."""
    return assemble(
        [build(architecture.network, architecture.settings) for _ in range(architecture.members)],
        architecture.strands,
    )


def assemble(networks: list[Network], strands: str) -> nn.Module:
    """One model of one or several networks: Ensemble(BothStrands(network), ...), without idle wrappers."""
    members: list[nn.Module] = [network if strands == "one" else BothStrands(network, strands) for network in networks]
    return members[0] if len(members) == 1 else Ensemble(members)


def architecture_of(model: nn.Module) -> Architecture:
    """The description of a model that was built here; ModelError for any other model."""
    members = list(model.members) if isinstance(model, Ensemble) else [model]
    described = [_describe_member(member) for member in members]
    if any(other != described[0] for other in described[1:]):
        raise ModelError(
            "the members of this ensemble differ in network, settings or strands; "
            "only an ensemble of equal members can be described"
        )
    return dataclasses.replace(described[0], members=len(members))


def _describe_member(member: nn.Module) -> Architecture:
    """One member as an architecture of one."""
    strands = "one"
    network: nn.Module = member
    if isinstance(member, BothStrands):
        strands, network = member.combine, member.network
    name = network_name(network) if isinstance(network, Network) else None
    if name is None or not isinstance(network, Network):
        raise ModelError(
            f"{type(network).__name__} is not one of this package's networks; save its weights with "
            "safetensors.torch.save_file and keep the code that builds it"
        )
    return Architecture(name, dataclasses.asdict(network.settings), strands=strands)
