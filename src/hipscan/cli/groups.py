"""Groups of options: a command that takes a `Reach` gets all options that make one.

    @grouped
    def scan(reach: Reach, criteria: Criteria, wanted: Wanted) -> int: ...

Typer reads a command's options from its signature. `grouped` writes that signature: each
parameter whose type is a group is replaced by the parameters of the function that builds it.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final, get_type_hints

import typer

from hipscan.cli import options
from hipscan.cli.flags import Criteria, Reach, Wanted
from hipscan.cli.passwords import PasswordSource


def _reach(  # noqa: PLR0913  # each parameter is an option
    targets: options.Targets = None,
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    identity: options.Identity = None,
    known_hosts: options.KnownHosts = None,
    ssh_config: options.SshConfig = None,
    accept_new_host_keys: options.AcceptNew = False,
    become: options.BecomeHow = None,
    transport: options.Transport = None,
    ask_password: options.AskPassword = False,
    password_file: options.PasswordFile = None,
    password_fd: options.PasswordFd = None,
    ask_sudo_password: options.AskSudo = False,
    sudo_password_file: options.SudoFile = None,
    sudo_password_fd: options.SudoFd = None,
    jobs: options.Jobs = None,
    timeout: options.Seconds = None,
    quiet: options.Quiet = False,
    config: options.Config = None,
    debug: options.Debug = False,
) -> Reach:
    return Reach(
        targets=tuple(targets or ()),
        inventory=inventory,
        limit=limit,
        identity=identity,
        known_hosts=known_hosts,
        ssh_config=ssh_config,
        accept_new=accept_new_host_keys,
        become=become,
        transport=transport,
        login=PasswordSource("password", ask_password, password_file, password_fd),
        sudo=PasswordSource(
            "sudo password", ask_sudo_password, sudo_password_file, sudo_password_fd
        ),
        jobs=jobs,
        timeout=timeout,
        quiet=quiet,
        config=config,
        debug=debug,
    )


def _criteria(  # noqa: PLR0913  # each parameter is an option
    *,
    pack: options.Packs = None,
    profile: options.Profile = None,
    set_: options.Values = None,
    rule: options.Only = None,
    skip: options.Skip = None,
    fail_on: options.FailOn = None,
    vex: options.Vex = None,
) -> Criteria:
    return Criteria(
        packs=tuple(pack or ()),
        profile=profile,
        values=tuple(set_ or ()),
        only=tuple(rule or ()),
        skip=tuple(skip or ()),
        fail_on=fail_on,
        vex=tuple(vex or ()),
    )


def _wanted(
    *,
    severity: options.Least = None,
    format_: options.Format = "table",
    output: options.Outputs = None,
) -> Wanted:
    return Wanted(format_, tuple(output or ()), severity)


_BUILDERS: Final[dict[type, Callable[..., object]]] = {
    Reach: _reach,
    Criteria: _criteria,
    Wanted: _wanted,
}


def grouped(command: Callable[..., int]) -> Callable[..., None]:
    """Return `command` as typer wants it; what it returns is the exit status."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., object], tuple[str, ...]]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        builder = _BUILDERS.get(hints[name])
        own = _parameters(builder) if builder else [_keyword(parameter, hints[name])]
        if builder:
            groups[name] = builder, tuple(item.name for item in own)
        parameters += own

    def run(**values: Any) -> None:  # noqa: ANN401  # what typer parsed
        arguments = {
            group: builder(**{name: values.pop(name) for name in names})
            for group, (builder, names) in groups.items()
        }
        raise typer.Exit(command(**arguments, **values))

    run.__doc__ = command.__doc__
    run.__name__ = command.__name__
    run.__annotations__ = {item.name: item.annotation for item in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run


def _parameters(builder: Callable[..., object]) -> list[inspect.Parameter]:
    hints = get_type_hints(builder, include_extras=True)
    found = inspect.signature(builder).parameters
    return [_keyword(parameter, hints[name]) for name, parameter in found.items()]


def _keyword(parameter: inspect.Parameter, hint: Any) -> inspect.Parameter:  # noqa: ANN401  # a type
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hint)
