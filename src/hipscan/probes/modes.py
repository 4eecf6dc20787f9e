"""Modes and owners of files that a probe read, as `stat` prints them beside their contents.

A file below a folder that others may not enter is closed to them, whatever its own mode.

And the shell that tells a folder which may not be entered from one that is empty.
"""

import stat
from collections.abc import Iterable
from typing import Final

from hipscan.model.fact import Value
from hipscan.probes.base import Field, FieldType
from hipscan.probes.files.file_status import owner_name, permissions

# closed FOLDER...: say which may not be entered, so that nobody takes what is there for absent.
CLOSED: Final = r"""
closed() {
  for folder; do [ ! -d "$folder" ] || [ -x "$folder" ] || note denied "$folder"; done
}
"""

# modes FILE...: links are followed, as a program follows them; with the folders above.
MODES: Final = r"""
modes() {
  ups=''
  for up; do
    while :; do
      case $up in /*/*) up=${up%/*} ;; *) break ;; esac
      case $ups in *"$NL$up$NL"*) break ;; *) ups=$ups$NL$up$NL ;; esac
    done
  done
  IFS=$NL
  set -f
  # shellcheck disable=SC2086 # lines are words here
  set -- "$@" $ups
  set +f
  unset IFS
  stat -L -c 'S%f:%u:%g:%U:%G:%n' -- "$@"
}
"""

MODE_FIELDS: Final = {
    "mode": Field(FieldType.MODE, "permission bits of the file"),
    "owner": Field(FieldType.TEXT, "its owner"),
    "group": Field(FieldType.TEXT, "its group"),
    "world_readable": Field(FieldType.BOOLEAN, "whether others may read it"),
    "world_writable": Field(FieldType.BOOLEAN, "whether others may write it"),
    "group_writable": Field(FieldType.BOOLEAN, "whether its group may write it"),
}


def read_modes(lines: Iterable[str]) -> dict[str, dict[str, Value]]:
    """Return the fields of `MODE_FIELDS` of files by path; other lines are passed over.

    S81a4:0:0:root:root:/opt/oie/conf/mirth.properties
    S41c0:0:0:root:root:/opt/oie
    """
    found: dict[str, dict[str, Value]] = {}
    closed: set[str] = set()
    for line in lines:
        if line.startswith("S"):
            raw, uid, gid, user, group, path = line[1:].split(":", 5)
            mode = int(raw, 16)
            if stat.S_ISDIR(mode):
                closed |= set() if mode & stat.S_IXOTH else {f"{path}/"}
                continue
            found[path] = {
                "owner": owner_name(user, uid),
                "group": owner_name(group, gid),
                **permissions(stat.S_IMODE(mode)),
            }
    for path, fields in found.items():
        if path.startswith(tuple(closed)):
            fields |= {"world_readable": False, "world_writable": False}
    return found
