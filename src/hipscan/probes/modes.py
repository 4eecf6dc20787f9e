"""Modes and owners of files that a probe read, as `stat` prints them beside their contents.

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

# modes FILE...: links are followed, as a program follows them.
MODES: Final = r"""
modes() { stat -L -c 'S%f:%u:%g:%U:%G:%n' -- "$@"; }
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
    """Return the fields of `MODE_FIELDS` by path; other lines are passed over.

    S81a4:0:0:root:root:/opt/oie/conf/mirth.properties
    """
    found: dict[str, dict[str, Value]] = {}
    for line in lines:
        if line.startswith("S"):
            raw, uid, gid, user, group, path = line[1:].split(":", 5)
            found[path] = {
                "owner": owner_name(user, uid),
                "group": owner_name(group, gid),
                **permissions(stat.S_IMODE(int(raw, 16))),
            }
    return found
