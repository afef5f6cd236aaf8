"""The networks by name, and how one is built from a name and plain settings."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_origin

from seqinterp.errors import InputError
from seqinterp.models.deepbind_like import DeepBindLike
from seqinterp.models.jund import Jund
from seqinterp.models.motif_network import MotifNetwork
from seqinterp.models.network import Network

NETWORKS: Mapping[str, type[Network]] = MappingProxyType(
    {"default": MotifNetwork, "jund": Jund, "deepbind": DeepBindLike}
)


def network_class(name: str) -> type[Network]:
    """The network of this name; InputError, with the names there are, where there is none."""
    if name not in NETWORKS:
        raise InputError(f"there is no network named {name!r}; choose one of {', '.join(NETWORKS)}")
    return NETWORKS[name]


def network_name(network: Network) -> str | None:
    """The name under which a network's class is listed, None where it is not."""
    return next((name for name, listed in NETWORKS.items() if type(network) is listed), None)


def make_settings(name: str, settings: Mapping[str, Any] | None = None) -> Any:
    """The settings of a network from a plain mapping, for example out of a JSON file.

    Raises InputError for an unknown, missing or wrongly typed setting, by its name.
    """
    declared = dataclasses.fields(network_class(name).Settings)
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (settings or {}).items()}
    unknown = sorted(set(given) - {field.name for field in declared})
    if unknown:
        known = ", ".join(field.name for field in declared)
        raise InputError(f"the network {name!r} has no setting {unknown[0]!r}; its settings are {known}")
    for field in declared:
        if field.name not in given and field.default is dataclasses.MISSING:
            raise InputError(f"the network {name!r} needs the setting {field.name}")
        if field.name in given:
            _check_type(name, field.name, given[field.name], get_origin(field.type) or field.type)
    return network_class(name).Settings(**given)


def build(name: str, settings: Mapping[str, Any] | None = None) -> Network:
    """A freshly initialised network; the start weights come from torch's global random state."""
    return network_class(name)(make_settings(name, settings))


def _check_type(name: str, setting: str, value: object, wanted: Any) -> None:
    """Refuse a value of another type; a whole number may stand for a float, True and False for no number."""
    accepted = (float, int) if wanted is float else (wanted,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and wanted is not bool):
        raise InputError(
            f"the setting {setting} of the network {name!r} must be of type {wanted.__name__}, but it is {value!r}"
        )
