"""Whether the user holds a Kerberos ticket, so that GSSAPIAuthentication means anything."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

_SECONDS: Final = 5.0


def has_ticket() -> bool:
    """Tell whether a ticket seems to be at hand: $KRB5CCNAME, the usual file, or `klist -s`.

    An answer that does not come counts as yes: then the OpenSSH client is asked to do it.
    """
    usual = Path(f"/tmp/krb5cc_{os.getuid()}")  # noqa: S108  # the default of MIT Kerberos
    if os.environ.get("KRB5CCNAME") or usual.exists():
        return True
    klist = shutil.which("klist")
    if klist is None:
        return False
    try:
        asked = subprocess.run(
            [klist, "-s"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return asked.returncode == 0
