"""`hipscan init`: commented hipscan.yaml and inventory.yaml to start from."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from hipscan.documents import files
from hipscan.errors import ExitCode, UsageError

_CONFIG: Final = """\
# What hipscan does in this folder. A flag on the command line wins over a line here, and so does
# an environment variable HIPSCAN_<KEY>.
inventory: inventory.yaml

# Exit with 1 when something at least this severe is wrong: critical, high, medium, low, info; or
# never.
fail_on: critical

# What the table shows, from here on; the other reports hold everything.
# severity: medium

# Values of the rules' variables: `hipscan explain RULE` names them.
# set:
#   max_update_age_days: 15

# What was found out about known vulnerabilities, as OpenVEX: `not_affected` and `fixed` are
# believed, and shown in every report.
# vex: [vex/]

# Violations that somebody accepted. Each needs a reason, an owner and a last day, and is listed in
# every report.
# waivers:
#   - rule: ssh-password-login
#     target: kiosk*
#     reason: "No keys on the kiosks until they are replaced in spring."
#     owner: "A. Nurse, IT security"
#     until: "2027-03-31"
"""

_INVENTORY: Final = """\
# The hosts to scan. `hipscan scan` without a target takes all of them, `-l web*` a part.
defaults:
  user: scan
  become: sudo            # sudo, pinned (see docs/transports.md) or none

groups:
  web:
    hosts: [web1]
  databases:
    phi: true             # hosts that hold patient data
    phi_paths: [/srv/phi] # and where on them: checked for encryption and access
    hosts: [db1]

hosts:
  web1:
    address: web1.example.org
  db1:
    address: 192.0.2.10
    port: 2222
"""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path(),
) -> int:
    """Write a commented hipscan.yaml and inventory.yaml; existing files are left alone.

    \b
    hipscan init
    """
    wanted = {"hipscan.yaml": _CONFIG, "inventory.yaml": _INVENTORY}
    there = [name for name in wanted if (folder / name).exists()]
    if there:
        raise UsageError(f"{' and '.join(there)} exist already", hint="move them away first")
    for name, text in wanted.items():
        files.write(folder / name, text.encode())
        sys.stdout.write(f"wrote {folder / name}\n")
    sys.stdout.write("edit inventory.yaml, then run: hipscan check, hipscan scan\n")
    return ExitCode.OK
