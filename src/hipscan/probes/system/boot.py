r"""How the host starts: kernel parameters, GRUB's password, and what the rescue shells ask for.

`run` is the command line of the kernel that runs, `boot` what an entry of the boot loader gives
the next one, `default` what /etc/default/grub writes into such entries when they are made again,
and `spare` a rescue entry or what kernel-install gives a new one. The variables of RHEL's entries,
`$kernelopts` of RHEL 8 and `$tuned_params`, stand in grubenv (grub2-editenv(1)).

GRUB asks for a password where `superusers` names somebody (GRUB manual, "Security"); RHEL's
grub.cfg names them only while user.cfg holds a hash. systemd-boot knows no passwords, but lets
nobody change an entry where loader.conf(5) says `editor no`. Hashes stay on the target; so do
values of parameters that may be a secret.

    run BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet
    boot root=/dev/sda1 ro quiet
    default quiet
    grub /boot/grub/grub.cfg
    entries
    super root
    hash /etc/grub.d/40_custom pbkdf2
    mode 644 /etc/grub.d/40_custom
    loader yes /boot/efi/loader/loader.conf
    nx yes
    efi 1
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing, ok
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Field,
    FieldType,
    Listing,
    Probe,
    judge_notes,
    listing,
)
from hipscan.probes.system.rescue import SCRIPT as RESCUE
from hipscan.probes.system.rescue import SPEC as RESCUE_SHELL
from hipscan.probes.system.rescue import rescue_shells

_SCRIPT: Final = r"""
set -- /proc/cmdline
for path in /boot/grub2/grubenv /boot/efi/EFI/*/grubenv \
  /etc/default/grub /etc/default/grub.d/*.cfg /etc/kernel/cmdline \
  /boot/loader/entries/*.conf /boot/efi/loader/entries/*.conf /efi/loader/entries/*.conf \
  /boot/extlinux.conf /boot/extlinux/extlinux.conf /etc/grub.d/* /boot/grub/grub.cfg \
  /boot/grub/custom.cfg /boot/grub2/grub.cfg /boot/grub2/custom.cfg /boot/grub2/user.cfg \
  /boot/efi/EFI/*/grub.cfg /boot/efi/EFI/*/user.cfg; do
  case $path in *[*]*) continue ;; esac
  if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"
  elif [ -e "$path" ]; then note denied "$path"
  else note_missing "$path"
  fi
done
for path in /etc/default/grub.d /boot/loader/entries /boot/efi/loader/entries \
  /efi/loader/entries /etc/grub.d /boot/efi /boot/efi/EFI/*; do
  [ ! -d "$path" ] || { [ -r "$path" ] && [ -x "$path" ]; } || note denied "$path"
done
awk '
function shown(from,   i, word, words) {
  for (i = from; i <= NF; i++) {
    word = $i
    if (tolower(word) ~ /(pass|secret|token|credential|key)[^=]*=/) sub(/=.*/, "=hidden", word)
    words = words " " word
  }
  return words
}
FILENAME == "/proc/cmdline" { print "run" shown(1); next }
FILENAME == "/etc/kernel/cmdline" { print "spare" shown(1); next }
FILENAME ~ /\/grubenv$/ {
  if (match($0, /^[a-z_]+=/)) made[substr($0, 1, RLENGTH - 1)] = substr($0, RLENGTH + 1)
  next
}
FILENAME ~ /\/loader\/entries\// {
  for (i = 2; i <= NF; i++) {
    name = substr($i, 2)
    if ($i ~ /^\$/ && (name in made || name == "tuned_params")) $i = made[name]
  }
  $0 = $0
  if ($1 == "options") print (FILENAME ~ /rescue/ ? "spare" : "boot") shown(2)
  next
}
FILENAME ~ /extlinux\.conf$/ {
  if (tolower($1) == "append") print "boot" shown(2)
  next
}
FILENAME ~ /^\/etc\/default\// {
  if (!match($0, /^[ \t]*(export[ \t]+)?GRUB_CMDLINE_LINUX(_DEFAULT)?\+?=/)) next
  name = substr($0, 1, RLENGTH); more = name ~ /\+=$/
  gsub(/^[ \t]*(export[ \t]+)?|\+?=$/, "", name)
  value = substr($0, RLENGTH + 1)
  if (value ~ /^["\047]/) {
    quote = substr(value, 1, 1); value = substr(value, 2); sub(quote ".*", "", value)
  } else sub(/[ \t;#].*/, "", value)
  if (index(value, "$" name) || index(value, "${" name "}")) more = 1
  gsub(/\$\{?[A-Z0-9_]+\}?/, "", value)
  set[name] = more ? set[name] " " value : value
  next
}
FILENAME != file {
  file = FILENAME; first = 1; listed = 0
  if (file !~ /^\/etc\//) print "grub", file
}
/^[ \t]*password(_pbkdf2)?[ \t]/ {
  if ($3 !~ /^["\047]?\$/) print "hash", FILENAME, $1 == "password" ? "plain" : "pbkdf2"
  next
}
/^GRUB2_PASSWORD=./ { print "hash", FILENAME, "pbkdf2"; next }
FILENAME ~ /^\/etc\// { next }
/^[ \t]*linux(16|efi)?[ \t]/ { if (first) print "boot" shown(3); first = 0; next }
/^[ \t]*(menuentry|submenu|blscfg)/ { if (!listed) print "entries"; listed = 1; next }
/^[ \t]*set[ \t]+superusers=/ {
  sub(/^[ \t]*set[ \t]+superusers=/, ""); gsub(/["\047]/, ""); print "super", $0; next
}
/GRUB2_PASSWORD/ { print "conditional" }
END { for (name in set) { $0 = set[name]; print "default" shown(1) } }
' "$@" || note error "reading the boot loader"
set --
for path in /boot/grub/*.cfg /boot/grub2/*.cfg /boot/efi/EFI/*/*.cfg /etc/grub.d/*; do
  [ ! -f "$path" ] || set -- "$@" "$path"
done
[ $# -eq 0 ] || stat -L -c 'mode %a %n' -- "$@"
for top in /boot /boot/efi /efi; do
  set -- "$top"/EFI/systemd/systemd-boot*.efi
  file=$top/loader/loader.conf editor=yes
  [ -e "$1" ] || [ -e "$file" ] || continue
  if [ -r "$file" ]; then
    while read -r key value _; do [ "$key" != editor ] || editor=$value; done <"$file"
  elif [ -e "$file" ]; then note denied "$file"
  fi
  printf 'loader %s %s\n' "$editor" "$file"
  break
done
awk '/^flags[ \t]*:/ { print "nx", / nx( |$)/ ? "yes" : "no"; exit }' /proc/cpuinfo
if [ -d /sys/firmware/efi ]; then
  set -- /sys/firmware/efi/efivars/SecureBoot-*
  byte=unknown
  [ ! -r "$1" ] || byte=$(od -An -tu1 -j4 -N1 "$1")
  printf 'efi %s\n' "$byte"
fi
"""

SCRIPT: Final = _SCRIPT + RESCUE

BOOT_FIELDS: Final = {
    "parameters": Field(FieldType.LIST, "the kernel's command line; secrets are hidden"),
    "configured": Field(
        FieldType.LIST, "parameters for the next start, of the boot loader and /etc/default/grub"
    ),
    "lasting": Field(
        FieldType.LIST,
        "those that every entry and /etc/default/grub have: they stay when one is made anew",
    ),
    "nx": Field(FieldType.BOOLEAN, "whether the processor can forbid running data; x86 only"),
    "uefi": Field(FieldType.BOOLEAN, "whether it was started by UEFI"),
    "secure_boot": Field(FieldType.BOOLEAN, "whether Secure Boot is on; UEFI only"),
}
PASSWORD_FIELDS: Final = {
    "file": Field(FieldType.TEXT, "GRUB's configuration with the entries, or systemd-boot's"),
    "protected": Field(
        FieldType.BOOLEAN, "whether changing an entry needs a password, or cannot be done"
    ),
    "superuser": Field(FieldType.TEXT, "who may; left out where there is nobody"),
}
HASH_FIELDS: Final = {
    "file": Field(FieldType.TEXT, "a file that holds a password of GRUB"),
    "mode": Field(FieldType.MODE, "its permission bits"),
    "plain": Field(FieldType.BOOLEAN, "whether it is the password itself and not a hash"),
}


_LAST_COUNTS: Final = ("audit", "audit_backlog_limit")
_NO: Final = ("0", "no", "n", "false", "f", "off")


@dataclass(frozen=True, slots=True)
class _Grub:
    """One file of GRUB: whether it has entries, whom it names, whether user.cfg decides."""

    path: str
    said: tuple[str, ...]

    @property
    def is_main(self) -> bool:
        return "entries" in self.said

    @property
    def superusers(self) -> str:
        named = [line[6:].strip() for line in self.said if line.startswith("super ")]
        return named[-1] if named else ""

    @property
    def asks_user_cfg(self) -> bool:
        return "conditional" in self.said


def parse(text: str, _status: int) -> Facts:
    """Parse the lines that the module's docstring shows, and the units of the rescue shells."""
    seen = listing(text)
    if not any(line.startswith("run") for line in seen.plain):
        raise ValueError("the kernel's command line is missing")
    return {
        "boot": _boot(seen),
        "boot_password": _passwords(seen),
        "boot_hash": _hashes(seen),
        "rescue_shell": rescue_shells(seen),
    }


def _words(seen: Listing, *kinds: str) -> list[str]:
    lines = (line.split() for line in seen.plain)
    words = [word for first, *rest in lines if first in kinds for word in rest]
    return list(dict.fromkeys(_settled(words)))


def _settled(words: Sequence[str]) -> Iterator[str]:
    """Yield the words without those that a later one overrides: `audit=1 ... audit=0` is off."""
    last = {word.partition("=")[0]: word for word in words}
    for word in words:
        key = word.partition("=")[0]
        if key not in _LAST_COUNTS or last[key] == word:
            yield word


def _lasting(seen: Listing) -> list[str] | None:
    """Return what neither an entry nor /etc/default/grub lacks; None where nothing tells.

    An entry with variables that grubenv does not have tells nothing.
    """
    lines = [line.split() for line in seen.plain if line]
    entries = [words for first, *words in lines if first == "boot"]
    defaults = [words for first, *words in lines if first == "default"]
    told = [set(_settled(words)) for words in entries if "$" not in "".join(words)]
    if defaults:
        told.append(set(_settled([word for words in defaults for word in words])))
    elif not entries:
        told.append(set(_words(seen, "spare")))
    every = _words(seen, "boot", "spare", "default")
    return [word for word in every if all(word in each for each in told)] if told else None


def _hidden(seen: Listing) -> list[str]:
    return [note.text for note in seen.of_kind("denied", "error") if "systemd" not in note.text]


def _boot(seen: Listing) -> Fact:
    hidden = bool(_hidden(seen))
    record: dict[str, Value] = {
        "parameters": _words(seen, "run"),
        "configured": None if hidden else _words(seen, "boot", "spare", "default"),
        "lasting": None if hidden else _lasting(seen),
        "uefi": any(line.startswith("efi ") for line in seen.plain),
    }
    flags = _words(seen, "nx")
    if flags:
        record["nx"] = flags == ["yes"]
    if record["uefi"]:
        record["secure_boot"] = {"0": False, "1": True}.get("".join(_words(seen, "efi")))
    return ok(record)


def _files(plain: Sequence[str]) -> Iterator[_Grub]:
    path, said = "", list[str]()
    for line in (*plain, "grub "):
        if line.startswith("grub "):
            if path:
                yield _Grub(path, tuple(said))
            path, said = line[5:], []
        else:
            said.append(line)


def _passwords(seen: Listing) -> Fact:
    files = list(_files(seen.plain))
    holders = {line.split(" ")[1] for line in seen.plain if line.startswith("hash ")}
    records = [_password(each, files, holders) for each in files if each.is_main]
    records = records or list(_editors(seen))
    hidden = [path for path in _hidden(seen) if path.startswith("/boot")]
    if hidden:
        return missing(FactStatus.DENIED, f"denied: {hidden[0]}")
    return ok(*records) if records else absent("neither GRUB nor systemd-boot starts this host")


def _editors(seen: Listing) -> Iterator[Record]:
    for line in seen.plain:
        match line.split(" ", 2):
            case ["loader", editor, path]:
                yield {"file": path, "protected": editor.lower() in _NO}
            case _:
                pass


def _password(main: _Grub, files: Sequence[_Grub], holders: set[str]) -> Record:
    near = [each for each in files if dirname(each.path) == dirname(main.path)]
    custom = [each for each in near if basename(each.path) == "custom.cfg"]
    names = next((each.superusers for each in (*custom, main) if each.superusers), "")
    if main.asks_user_cfg and not any(
        each.path in holders for each in near if basename(each.path) == "user.cfg"
    ):
        names = ""
    found: dict[str, Value] = {"file": main.path, "protected": bool(names)}
    return {**found, "superuser": names} if names else found


def _threes(lines: Sequence[Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    return ((line[0], line[1], line[2]) for line in lines if len(line) == 3)  # noqa: PLR2004  # kind and two values


def _hashes(seen: Listing) -> Fact:
    lines = [line.split(" ", 2) for line in seen.plain]
    modes = {path: mode.zfill(4) for kind, mode, path in _threes(lines) if kind == "mode"}
    records: list[Record] = [
        {"file": path, "mode": modes.get(path), "plain": how == "plain"}
        for kind, path, how in _threes(lines)
        if kind == "hash"
    ]
    return judge_notes([note for note in seen.notes if note.text in _hidden(seen)], records)


PROBE: Final = Probe(
    name="boot",
    facts=(
        FactSpec("boot", "How the kernel was and will be started.", (), BOOT_FIELDS),
        FactSpec(
            "boot_password",
            "Whether the boot loader's entries are protected.",
            ("file",),
            PASSWORD_FIELDS,
        ),
        FactSpec("boot_hash", "Files that hold a password of GRUB.", ("file",), HASH_FIELDS),
        RESCUE_SHELL,
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat", "od"),
)
