"""`hipscan scan`: look at targets, judge them, report."""

import typer

from hipscan.cli import options


def scan(  # noqa: PLR0913 - the options of a command are its parameters
    targets: options.Targets = None,
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    pack: options.Packs = None,
    profile: options.Profile = None,
    set_: options.Values = None,
    rule: options.Only = None,
    skip: options.Skip = None,
    fail_on: options.FailOn = None,
    severity: options.Least = None,
    format_: options.Format = "table",
    output: options.Outputs = None,
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
    debug: options.Debug = False,
) -> None:
    """Scan targets and report what is wrong.

    Examples:
      hipscan scan local
      hipscan scan admin@web1 db1 --become sudo --ask-sudo-password
      hipscan scan -i inventory.yaml -l 'web*' -o html=report.html --fail-on high
    """
    from hipscan.cli import flags, scanning  # noqa: PLC0415 - heavy: only when it runs
    from hipscan.cli.passwords import PasswordSource  # noqa: PLC0415 - the same

    reach = flags.Reach(
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
        debug=debug,
    )
    criteria = flags.Criteria(
        packs=tuple(pack or ()),
        profile=profile,
        values=tuple(set_ or ()),
        only=tuple(rule or ()),
        skip=tuple(skip or ()),
        fail_on=fail_on,
    )
    wanted = flags.Wanted(format_, tuple(output or ()), severity)
    raise typer.Exit(scanning.scan(reach, criteria, wanted))
