"""The shape of an inventory in YAML; its JSON Schema for editors comes from here."""

from typing import Annotated, Literal

from pydantic import Field

from hipscan.inventory.fields import (
    Address,
    GroupName,
    HostName,
    Identity,
    PhiPath,
    Port,
    Strict,
    User,
    VariableName,
    VariableValue,
)
from hipscan.model.target import Become, TransportName

Reach = Literal[TransportName.LOCAL, TransportName.PARAMIKO, TransportName.OPENSSH]


class Settings(Strict):
    """What can be said for all hosts, for a group, or for one host."""

    user: Annotated[User | None, Field(description="Login name; else ssh_config decides.")] = None
    port: Annotated[Port | None, Field(description="Port; else ssh_config decides.")] = None
    become: Annotated[Become | None, Field(description="How to get root: none, sudo, pinned.")] = (
        None
    )
    transport: Annotated[Reach | None, Field(description="How to reach the host.")] = None
    identity: Annotated[
        Identity | None,
        Field(description="Private key file; a relative path starts at this file's folder."),
    ] = None
    variables: dict[VariableName, VariableValue] = Field(
        default_factory=dict, description="Values that rules read as $name."
    )
    phi: Annotated[bool | None, Field(description="Whether patient data is kept here.")] = None
    phi_paths: Annotated[
        tuple[PhiPath, ...],
        Field(description="Folders with patient data; those of groups and defaults are added."),
    ] = ()


class Group(Settings):
    """Hosts that share settings. A group may list its hosts, or a host its groups."""

    hosts: Annotated[tuple[HostName, ...], Field(description="Names under hosts.")] = ()


class Host(Settings):
    """One host; its name is what reports call it, and its address unless that is given."""

    address: Annotated[
        Address | None, Field(description="Host name, IP address or alias of ssh_config.")
    ] = None
    groups: Annotated[tuple[GroupName, ...], Field(description="Names under groups.")] = ()


class Inventory(Strict):
    """Which hosts there are. A host's settings win over its groups', and those over defaults."""

    defaults: Settings | None = None
    groups: dict[GroupName, Group | None] = Field(default_factory=dict)
    hosts: dict[HostName, Host | None]
