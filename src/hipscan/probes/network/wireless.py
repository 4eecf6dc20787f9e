"""Wireless network interfaces, as the kernel has them in sysfs; no tool is asked."""

from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Probe,
    judge_notes,
    listing,
)

SCRIPT: Final = r"""
if [ -d /sys/class/net ]; then
  for path in /sys/class/net/*; do
    [ -e "$path/wireless" ] || [ -e "$path/phy80211" ] || continue
    flags=''
    [ -r "$path/flags" ] && read -r flags <"$path/flags"
    printf 'wireless %s %s\n' "${path##*/}" "$flags"
  done
  printf 'end\n'
else note unsupported /sys/class/net
fi
"""

FIELDS: Final = {
    "name": Field(FieldType.TEXT, "the interface: wlan0, wlp3s0"),
    "up": Field(FieldType.BOOLEAN, "whether it is switched on (IFF_UP of netdevice(7))"),
}

_UP: Final = 1


def parse(text: str, _status: int) -> Facts:
    """Parse one line an interface, with its flags in hexadecimal.

    wireless wlan0 0x1003
    end
    """
    seen = listing(text)
    if "end" not in seen.plain and not seen.notes:
        raise ValueError("the answer has no end")
    words = [line.split(" ") for line in seen.plain if line.startswith("wireless ")]
    return {"wireless_interface": judge_notes(seen.notes, [_record(*word[1:3]) for word in words])}


def _record(name: str, flags: str) -> Record:
    return {"name": name, "up": bool(int(flags, 16) & _UP) if flags else None}


PROBE: Final = Probe(
    name="wireless",
    facts=(FactSpec("wireless_interface", "A wireless interface.", ("name",), FIELDS),),
    script=SCRIPT,
    parse=parse,
)
