"""File services: what Samba, NFS, the rsync daemon and FTP servers hand out, to whom and how."""

from typing import Final

from hipscan.probes.allow_list import FOLLOW, ONLY
from hipscan.probes.bundle import bundle
from hipscan.probes.sharing import exports, ftp, rsyncd, samba

PROBE: Final = bundle(
    "sharing",
    (samba.MEMBER, exports.MEMBER, rsyncd.MEMBER, ftp.MEMBER),
    shell=ONLY + FOLLOW,
    commands=("smbd --version", "rpm", "setpriv"),
)
