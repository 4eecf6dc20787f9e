"""What the lab and a keeper tell each other."""

from dataclasses import dataclass

INSIDE, OUTSIDE, PREFIX = "198.51.100.2", "198.51.100.1", "24"  # RFC 5737: nobody's network
LINE_LIMIT = 64 * 1024 * 1024  # bytes of one answer of a host's agent


@dataclass(frozen=True, slots=True)
class Spec:
    """What to start: `layers` top first; `folder` is there, empty, and for this host alone.

    `kernel` has the layers of the image with a user-mode kernel, or nothing.
    """

    name: str
    folder: str
    layers: tuple[str, ...]
    init: str
    kernel: tuple[str, ...]
    public_key: str


@dataclass(frozen=True, slots=True)
class Started:
    """Where the host is.

    `address` and `port` lead to its sshd; `init` is the machine's pid of its first process, 0
    where it has a kernel of its own: then the keeper takes scripts to it (`uml.py`).
    """

    address: str
    port: int
    init: int
