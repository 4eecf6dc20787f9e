r"""Parameters of the LUKS devices that are open: cipher, key size, and how passphrases become keys.

The header is read from the device itself and not with cryptsetup, which takes a lock in /run and
may repair a damaged header. Of LUKS2's JSON only the names below leave the host: no salt, no
digest, no token. The first 112 octets of a LUKS1 header end before its digest.

    N4                                       (block devices seen)
    Ddata	CRYPT-LUKS2-5c0d...-data	vdb1
    V2
    J"keyslots":{                            (LUKS2 on-disk format 1.1, section 3)
    J"0":{
    J"type":"luks2"
    J"key_size":64
    J"kdf":{
    J"type":"argon2id"
    J"memory":1048576
    J"segments":{
    J"encryption":"aes-xts-plain64"
    X4c 55 4b 53 ba be 00 01 61 65 73 ...    (LUKS1: cipher, mode, hash, key size)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record, Value, absent
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Note, Probe, judge_notes, listing
from hipscan.probes.ssh.algorithms import Grade

READ_HEADER: Final = r"""
# read_header DEVICE: what its LUKS header says, without salts, digests and tokens.
read_header() {
  disk=$1
  # shellcheck disable=SC2046 # one word an octet
  set -- $(od -An -v -tx1 -N 16 "$disk")
  case $1$2$3$4$5$6$7$8 in
    4c554b53babe0001)
      printf 'V1\nX%s\n' "$(od -An -v -tx1 -N 112 "$disk" | tr '\n' ' ')" ;;
    4c554b53babe0002)
      shift 12
      blocks=$((0x$1$2$3$4 / 4096 - 1))
      [ "$blocks" -le 1023 ] || blocks=1023
      printf 'V2\n'
      dd if="$disk" bs=4096 skip=1 count="$blocks" 2>/dev/null | tr -d '\000' | grep -oE \
        -e '"(keyslots|tokens|segments|digests|config|af|area|kdf|integrity)":\{' \
        -e '"[0-9]+":\{' -e '"(key_size|memory|iterations|time|cpus|sector_size)":[0-9]+' \
        -e '"(type|encryption|hash)":"[A-Za-z0-9_:()+.,-]*"' | sed 's/^/J/' ;;
    *) note special "$disk" ;;
  esac
}
"""

SCRIPT: Final = (
    READ_HEADER
    + r"""
[ -d /sys/class/block ] || { note unsupported /sys/class/block; exit 0; }
for tool in od dd tr grep; do
  command -v "$tool" >/dev/null || { note unsupported "$tool"; exit 0; }
done
devices=0
for dev in /sys/class/block/*; do
  devices=$((devices + 1))
  [ -r "$dev/dm/uuid" ] || continue
  read -r uuid <"$dev/dm/uuid"
  case $uuid in CRYPT-LUKS[12]-*) ;; *) continue ;; esac
  read -r label <"$dev/dm/name"
  for slave in "$dev"/slaves/*; do break; done
  # Integrity and re-encryption put devices of their own between the volume and its disk.
  while [ -r "$slave/dm/name" ] && read -r between <"$slave/dm/name"; do
    case $between in "${label}_dif" | "$label-overlay" | "$label-hotzone-"*) ;; *) break ;; esac
    for slave in "$slave"/slaves/*; do break; done
  done
  disk=/dev/${slave##*/}
  printf 'D%s\t%s\t%s\n' "$label" "$uuid" "$disk"
  if [ -b "$disk" ] && [ -r "$disk" ]; then read_header "$disk"; else note denied "$disk"; fi
done
printf 'N%s\n' "$devices"
"""
)

FIELDS: Final = {
    "name": Field(FieldType.TEXT, "name of the mapping below /dev/mapper"),
    "device": Field(FieldType.TEXT, "the encrypted device"),
    "version": Field(FieldType.INTEGER, "1 or 2"),
    "cipher": Field(FieldType.TEXT, "cipher, mode and IV, for example aes-xts-plain64"),
    "key_bits": Field(FieldType.INTEGER, "size of the volume key; XTS uses half of it at a time"),
    "grade": Field(FieldType.TEXT, "ok, warn or fail, by cipher and key size"),
    "reason": Field(FieldType.TEXT, "why it has this grade"),
    "kdf": Field(FieldType.LIST, "how passphrases become keys, over all slots: argon2id, pbkdf2"),
    "memory": Field(FieldType.INTEGER, "KiB, the least over all slots with argon2"),
    "iterations": Field(FieldType.INTEGER, "the least over all slots with pbkdf2, LUKS2 only"),
    "hash": Field(FieldType.LIST, "hashes of pbkdf2 over all slots"),
    "slots": Field(FieldType.INTEGER, "key slots in use, LUKS2 only"),
    "integrity": Field(FieldType.BOOLEAN, "whether changes of the ciphertext are noticed"),
}

_OLD_CIPHERS: Final = ("des", "cast5", "blowfish", "arc4", "anubis", "tea", "xtea")
_STRONG_MODES: Final = ("-xts-", "-adiantum", "-gcm", "-random", "adiantum", "aegis")
_XTS_BITS: Final = 256
_KEY_BITS: Final = 128


@dataclass(slots=True)
class _Device:
    """One open device and what its header says."""

    name: str
    uuid: str
    path: str
    json: list[str] = field(default_factory=list)
    hex: str = ""


def parse(text: str, _status: int) -> Facts:
    """Parse headers of LUKS1 and LUKS2; the module's docstring shows one."""
    seen = listing(text)
    devices = list(_devices(seen.plain))
    if not devices:
        if not any(line.startswith("N") for line in seen.plain) and not seen.notes:
            raise ValueError("it does not say how many block devices there are")
        if seen.notes:
            return {"luks": judge_notes(seen.notes, ())}
        return {"luks": absent("no LUKS device is open")}
    detached = [
        Note("special", f"{note.text} has no LUKS header of its own")
        for note in seen.of_kind("special")
    ]
    notes = [*seen.of_kind("denied", "error"), *detached]
    return {"luks": judge_notes(notes, [_record(device) for device in devices])}


def _devices(lines: Sequence[str]) -> Iterator[_Device]:
    current: _Device | None = None
    for line in lines:
        match line[:1]:
            case "D":
                if current:
                    yield current
                name, uuid, path = line[1:].split("\t")
                current = _Device(name, uuid, path)
            case "J" if current:
                current.json.append(line[1:])
            case "X" if current:
                current.hex = line[1:]
    if current:
        yield current


def _record(device: _Device) -> Record:
    if device.hex:
        details = _version_1(bytes.fromhex(device.hex))
    elif device.json:
        details = _version_2(device.json)
    else:
        unknown = ("cipher", "key_bits", "grade", "reason", "kdf", "hash", "integrity")
        details = dict.fromkeys(unknown)
    return {
        "name": device.name,
        "device": device.path,
        "version": int(device.uuid[10:11]),
        **details,
    }


def _version_1(header: bytes) -> dict[str, Value]:
    """Read magic, version, cipher, mode, hash, payload offset and key size (LUKS1, figure 1)."""
    words = [header[at : at + 32].split(b"\0")[0].decode("ascii") for at in (8, 40, 72)]
    cipher = f"{words[0]}-{words[1]}"
    bits = int.from_bytes(header[108:112]) * 8
    grade, reason = grade_cipher(cipher, bits)
    return {
        "cipher": cipher,
        "key_bits": bits,
        "grade": grade.value,
        "reason": reason,
        "kdf": ["pbkdf2"],
        "hash": [words[2]],
        "integrity": False,
    }


@dataclass(slots=True)
class _Json:
    """What is kept while the lines of LUKS2's JSON go by."""

    section: str = ""
    part: str = ""
    slot: str = ""
    segments: set[str] = field(default_factory=set)
    ciphers: list[str] = field(default_factory=list)
    key_bits: list[int] = field(default_factory=list)
    kdfs: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    iterations: list[int] = field(default_factory=list)
    integrity: bool = False

    def read(self, line: str) -> None:
        """Take one line: `"kdf":{`, `"type":"argon2id"`, `"memory":1048576`."""
        name, _, value = line.partition(":")
        name, value = name.strip('"'), value.strip('"')
        if value == "{":
            self._enter(name)
            return
        match self.section, self.part, name:
            case "keyslots", "", "type":
                self.slot = value
            case "segments", "", "type":
                self.segments.add(value)
            case "keyslots", "", "key_size" if self.slot != "reencrypt":  # which holds no key
                self.key_bits.append(int(value) * 8)
            case "keyslots", "kdf", "type":
                self.kdfs.append(value)
            case "keyslots", "kdf", "hash":
                self.hashes.append(value)
            case "keyslots", "kdf", "memory":
                self.memory.append(int(value))
            case "keyslots", "kdf", "iterations":
                self.iterations.append(int(value))
            case "segments", _, "encryption":
                self.ciphers.append(value)

    def _enter(self, name: str) -> None:
        if name in {"keyslots", "tokens", "segments", "digests", "config"}:
            self.section, self.part = name, ""
        else:
            self.part = "" if name.isdigit() else name
            self.integrity |= self.section == "segments" and name == "integrity"


def _version_2(lines: Sequence[str]) -> dict[str, Value]:
    seen = _Json()
    for line in lines:
        seen.read(line)
    if not (seen.ciphers or "hw-opal" in seen.segments) or not seen.key_bits:
        raise ValueError("a LUKS2 header without segments or key slots")
    record: dict[str, Value] = {
        **_weakest(seen),
        "key_bits": min(seen.key_bits),
        "kdf": sorted(set(seen.kdfs)),
        "hash": sorted(set(seen.hashes)),
        "slots": len(seen.kdfs),
        "integrity": seen.integrity,
    }
    if seen.memory:
        record["memory"] = min(seen.memory)
    if seen.iterations:
        record["iterations"] = min(seen.iterations)
    return record


def _weakest(seen: _Json) -> dict[str, Value]:
    """Return the cipher that protects least, while a volume is re-encrypted one of two, or none."""
    if not seen.ciphers:
        reason = "the drive encrypts by itself (OPAL), and how cannot be seen from here"
        return {"cipher": "hw-opal", "grade": None, "reason": reason}
    worst = (Grade.OK, Grade.WARN, Grade.FAIL)
    graded = [(*grade_cipher(name, min(seen.key_bits)), name) for name in seen.ciphers]
    grade, reason, cipher = max(graded, key=lambda each: worst.index(each[0]))
    if "linear" in seen.segments:
        grade, reason = (
            Grade.FAIL,
            "a part of the volume is not encrypted: the change of it is not finished",
        )
    return {"cipher": cipher, "grade": grade.value, "reason": reason}


def grade_cipher(cipher: str, key_bits: int) -> tuple[Grade, str]:
    """Return grade and reason of a dm-crypt cipher (`aes-xts-plain64`) with its key size."""
    if "null" in cipher:
        return Grade.FAIL, "the null cipher encrypts nothing"
    if cipher.startswith(_OLD_CIPHERS) or "-ecb" in cipher:
        return Grade.FAIL, f"{cipher} is broken or out of use"
    if key_bits < (_XTS_BITS if "-xts-" in cipher else _KEY_BITS):
        return Grade.FAIL, f"a key of {key_bits} bits is too short for {cipher}"
    if any(mode in cipher for mode in _STRONG_MODES):
        return Grade.OK, "a current cipher and mode"
    return Grade.WARN, f"{cipher} lets an attacker with the disk change or compare blocks"


PROBE: Final = Probe(
    name="luks",
    facts=(FactSpec("luks", "LUKS devices that are open.", ("name",), FIELDS),),
    script=SCRIPT,
    parse=parse,
)
