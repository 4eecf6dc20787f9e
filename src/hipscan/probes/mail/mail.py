"""Mail servers: what Postfix, Dovecot and Exim take and send, and what of it is protected."""

from typing import Final

from hipscan.probes.allow_list import FOLLOW, ONLY
from hipscan.probes.bundle import bundle
from hipscan.probes.mail import dovecot, exim, postfix

PROBE: Final = bundle(
    "mail",
    (postfix.MEMBER, dovecot.MEMBER, exim.MEMBER),
    shell=ONLY + FOLLOW,
    commands=("postconf -d NAME ...", "dovecot --version"),
)
