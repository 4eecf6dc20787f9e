"""The shell function that keeps a tool from writing by taking root away from it.

As root, rpm writes to the write-ahead log beside its database even for a query; as nobody it
cannot, and answers all the same. `setpriv` does that without PAM, so it leaves no log entry.
"""

from typing import Final

AS_NOBODY: Final = r"""
as_nobody() {
  if [ "$(id -u)" -ne 0 ]; then "$@"
  elif command -v setpriv >/dev/null; then
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  else note unsupported "setpriv, without which $1 would write as root"; fi
}
"""
