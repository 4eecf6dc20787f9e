"""Where the content that ships with hipscan is: packs, frameworks, lifecycles.

In a wheel it is inside the package; in a checkout and an editable install it is the folder
`rules` at the top.
"""

from functools import cache
from pathlib import Path

import hipscan
from hipscan.errors import UsageError


@cache
def root() -> Path:
    """Return the folder of the content; raise UsageError when the installation is broken."""
    package = Path(hipscan.__file__).resolve().parent
    for folder in (package / "_rules", package.parents[1] / "rules"):
        if (folder / "hipaa" / "pack.yaml").is_file():
            return folder
    raise UsageError("the rules that ship with hipscan are missing", hint="install hipscan again")
