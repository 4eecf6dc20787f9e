"""Options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated, Final

import typer

from hipscan.model.finding import Severity
from hipscan.model.target import Become, TransportName

LEVELS: Final = (*Severity, "never")

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TARGET]...",
        help="local, a host, user@host:port or an alias of ssh_config. "
        "None: the inventory of hipscan.yaml, else local.",
    ),
]
Inventory = Annotated[
    Path | None, typer.Option("--inventory", "-i", metavar="FILE", help="The inventory, in YAML.")
]
Limit = Annotated[
    str | None,
    typer.Option("--limit", "-l", metavar="PATTERN", help="Which part of it: web*,!web3,&phi."),
]
Packs = Annotated[
    list[Path] | None,
    typer.Option("--pack", "-p", metavar="FOLDER", help="A rule pack; default: hipaa."),
]
Profile = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="A profile.")]
Values = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a variable of the rules."),
]
Only = Annotated[
    list[str] | None, typer.Option("--rule", metavar="GLOB", help="Only rules called like this.")
]
Skip = Annotated[
    list[str] | None, typer.Option("--skip", metavar="GLOB", help="No rules called like this.")
]
Vex = Annotated[
    list[Path] | None,
    typer.Option(
        "--vex",
        metavar="FILE",
        help="OpenVEX: what does not affect these hosts; a file or folder, repeatable.",
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", metavar="LEVEL", help="Exit 1 from this severity on, or never."),
]
Least = Annotated[
    Severity | None,
    typer.Option("--severity", "-s", metavar="LEVEL", help="What the table shows, from here on."),
]
Format = Annotated[
    str, typer.Option("--format", "-f", metavar="FORMAT", help="What goes to standard output.")
]
Outputs = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", metavar="FORMAT=FILE", help="One more output; repeatable."),
]
Identity = Annotated[
    Path | None, typer.Option("--identity", metavar="FILE", help="The private key, as ssh -i.")
]
KnownHosts = Annotated[
    Path | None,
    typer.Option("--known-hosts", metavar="FILE", help="Host keys, as UserKnownHostsFile."),
]
SshConfig = Annotated[
    Path | None, typer.Option("--ssh-config", metavar="FILE", help="ssh_config, as ssh -F.")
]
AcceptNew = Annotated[
    bool,
    typer.Option("--accept-new-host-keys", help="Trust and store keys of hosts not seen before."),
]
BecomeHow = Annotated[
    Become | None, typer.Option("--become", metavar="HOW", help="sudo, pinned or none.")
]
Transport = Annotated[
    TransportName | None,
    typer.Option("--transport", metavar="NAME", help="paramiko (default) or openssh."),
]
AskPassword = Annotated[
    bool, typer.Option("--ask-password", help="Ask for the password to log in with.")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="Read it from this file.")
]
PasswordFd = Annotated[
    int | None, typer.Option("--password-fd", metavar="N", help="Read it from a descriptor.")
]
AskSudo = Annotated[bool, typer.Option("--ask-sudo-password", help="Ask for the password of sudo.")]
SudoFile = Annotated[
    Path | None,
    typer.Option("--sudo-password-file", metavar="FILE", help="Read it from this file."),
]
SudoFd = Annotated[
    int | None, typer.Option("--sudo-password-fd", metavar="N", help="Read it from a descriptor.")
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", min=1, help="Targets at the same time: 32.")
]
Seconds = Annotated[
    int | None,
    typer.Option("--timeout", metavar="SECONDS", min=10, help="For one target as a whole: 120."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="hipscan.yaml to use.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
