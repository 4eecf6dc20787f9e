r"""The OpenSSH server: what holds for everybody and for some accounts, its algorithms, its keys.

`sshd -T` is asked, never the file alone: only sshd knows its own defaults, distribution patches,
Include and Match. Options of the running server's command line are passed on, since RHEL 8 hands
its crypto policy to sshd that way. Without root, or without host keys, `sshd -G` (OpenSSH 9.3)
says the same where all of the configuration can be read.

    #T /usr/sbin/sshd
    permitrootlogin without-password
    ciphers aes128-ctr,aes256-ctr
    @root
    permitrootlogin yes
    F/etc/ssh/sshd_config
    :Match Address 10.0.0.0/8
    :PermitRootLogin yes
    K600 root root /etc/ssh/ssh_host_rsa_key
    L3072 SHA256:Xlywn8g2ylWNu1MPOKq2Mkch041O+WSRsxW4vJuE5LE root@vm (RSA)
    M2047
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, absent, missing, ok
from hipscan.probes import sshd_algorithms
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.ssh_keys import HOST_KEY_FIELDS, host_key
from hipscan.probes.sshd_match import (
    MATCH_FIELDS,
    Directive,
    deciding_lines,
    directives,
    match_records,
)
from hipscan.probes.sshd_settings import SETTINGS, settings

SCRIPT: Final = r"""
sshd=''
for path in /usr/sbin/sshd /usr/bin/sshd /sbin/sshd /usr/local/sbin/sshd; do
  if [ -e "$path" ]; then sshd=$path; break; fi
done
if [ -z "$sshd" ]; then
  for path in /usr/sbin/dropbear /usr/bin/dropbear /usr/local/sbin/dropbear; do
    if [ -e "$path" ]; then note unsupported "$path, which cannot be asked for its settings"; exit 0
    fi
  done
  note absent sshd; exit 0
fi
[ -x "$sshd" ] || { note denied "$sshd"; exit 0; }

# Options of the server that runs, if root runs it: `sshd: /usr/sbin/sshd -D -o X=y [listener] ...`
config=/etc/ssh/sshd_config
set -f
set --
pid=''
for path in /run/sshd.pid /var/run/sshd.pid /run/sshd-server.pid; do
  if [ -r "$path" ] && read -r pid <"$path"; then break; fi
done
case $pid in '' | *[!0-9]*) pid=none ;; esac
name='' owner=''
if [ -r "/proc/$pid/status" ]; then
  while IFS=' 	' read -r key value _; do
    case $key in Name:) name=$value ;; Uid:) owner=$value ;; esac
  done <"/proc/$pid/status"
fi
if [ "$name $owner" = 'sshd 0' ]; then
  want=''
  for word in $(tr '\0' ' ' <"/proc/$pid/cmdline"); do
    case $want$word in
      -o | -f | -[pbcghkuECD]) want=$word ;;
      '[listener]') break ;;
      -o*=* | -f/*)
        set -- "$@" "$want$word"
        case $want$word in -f*) config=${word#-f} ;; esac
        want='' ;;
      *) want='' ;;
    esac
    [ "$want" != -D ] || want=''
  done
fi
set +f

# The lines of a configuration file without remarks and without the values of SetEnv.
pieces() {
  files "$@" | sed -e 's/^:[[:blank:]]*#.*/:/' \
    -e 's/^\(:[[:blank:]]*[Ss][Ee][Tt][Ee][Nn][Vv][[:blank:]]*[^=]*\)=.*/\1=/'
}
plain() { printf '%s\n' "$1" | sed 's/^\(setenv [^=]*\)=.*/\1=/'; }

IFS=$NL
next=$config text=''
for _ in 1 2 3 4 5; do
  [ -n "$next" ] || break
  # shellcheck disable=SC2086 # one path a line
  more=$(pieces $next)
  next=''
  text=$text$more$NL
  case $more in *[Ii][Nn][Cc][Ll][Uu][Dd][Ee]*) ;; *) break ;; esac
  set -f
  for pattern in $(printf '%s\n' "$more" | awk -F '[ \t=]+' '{ sub(/^:[ \t]*/, "") }
    tolower($1) == "include" { gsub(/"/, ""); for (i = 2; i <= NF; i++) if ($i != "")
      print ($i ~ /^\// ? "" : "/etc/ssh/") $i }'); do
    set +f
    if [ -d "${pattern%/*}" ] && [ ! -r "${pattern%/*}" ]; then note denied "${pattern%/*}"; fi
    for path in $pattern; do
      if [ -e "$path" ]; then next=$next$path$NL; fi
    done
  done
  set +f
done
printf '%s' "$text"

if settings=$("$sshd" -T "$@"); then printf '#T %s\n' "$sshd"
elif settings=$("$sshd" -G "$@"); then printf '#G %s\n' "$sshd"
else
  settings=''
  why=$("$sshd" -T "$@" 2>&1 >/dev/null)
  case $(id -u) in 0) printf '#error %s\n' "${why%%"$NL"*}" ;;
    *) printf '#denied %s\n' "${why%%"$NL"*}" ;;
  esac
fi
plain "$settings"

# An account as seen from an address that nobody has; Match decides what that changes.
for user in root $HIPSCAN_DATA; do
  case $user in *[,=\ ]*) continue ;; esac
  printf '@%s\n' "$user"
  [ -n "$settings" ] || continue
  case $text in *:*[Mm][Aa][Tt][Cc][Hh]*) ;; *) continue ;; esac
  from=host=host.invalid,addr=192.0.2.1,laddr=192.0.2.2,lport=22
  if mine=$("$sshd" -T "$@" -C "user=$user,$from"); then plain "$mine"
  else printf '#error sshd -T -C user=%s fails\n' "$user"
  fi
done

set --
moduli=''
for line in $settings; do
  case $line in
    'hostkey '*) if [ -e "${line#hostkey }" ]; then set -- "$@" "${line#hostkey }"; fi ;;
    'modulifile '*) moduli=${line#modulifile } ;;
  esac
done
if [ -z "$settings" ]; then
  set -- /etc/ssh/ssh_host_*_key
  [ -e "$1" ] || shift
fi
[ $# -eq 0 ] || stat -L -c 'K%a %U %G %n' -- "$@" || note error "stat of host keys"
command -v ssh-keygen >/dev/null || note unsupported ssh-keygen
for key; do
  printf 'P%s\n' "$key"
  ssh-keygen -lf "$key" || ssh-keygen -lf "$key.pub"
done
case $settings in
  *diffie-hellman-group-exchange-*)
    [ ! -r "$moduli" ] || awk '!/^#/ && $5 && (!least || $5 < least) { least = $5 }
      END { print "M" least + 0 }' "$moduli" ;;
esac
exit 0
"""

_ALL: Final = ("sshd_config", "sshd_user_config", "sshd_match", "sshd_algorithm", "ssh_host_key")


@dataclass(slots=True)
class _Answer:
    """The script's answer in sections; `users` maps an account to its lines."""

    head: str = ""
    settings: list[str] = field(default_factory=list)
    users: dict[str, list[str]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    prints: dict[str, list[str]] = field(default_factory=dict)
    moduli: int | None = None


def parse(text: str, _status: int) -> Facts:
    """Parse the sections of the answer; the module's docstring shows one."""
    seen = listing(text)
    nothing = [note for note in seen.notes if note.text == "sshd" or note.text.startswith("/usr/")]
    answer = _sections(seen.plain)
    if nothing and not answer.head:
        return dict.fromkeys(_ALL, _no_server(nothing[0].kind, nothing[0].text))
    lines = directives(seen.files, _start(seen))
    config = _config(answer, seen, lines)
    keys = _host_keys(answer, config)
    return {
        "sshd_config": config,
        "sshd_user_config": _user_config(answer, config),
        "sshd_match": _matches(seen, lines),
        "sshd_algorithm": _algorithms(answer, config, keys),
        "ssh_host_key": keys,
    }


def _sections(plain: Sequence[str]) -> _Answer:
    answer = _Answer()
    current = answer.settings
    for line in plain:
        match line[:1]:
            case "#" if not answer.head:
                answer.head = line[1:]
            case "@":
                current = answer.users.setdefault(line[1:], [])
            case "K":
                answer.keys.append(line[1:])
            case "P":
                current = answer.prints.setdefault(line[1:], [])
            case "M":
                answer.moduli = int(line[1:])
            case _:
                current.append(line)
    return answer


def _no_server(kind: str, what: str) -> Fact:
    if kind == "absent":
        return absent("no OpenSSH server is installed")
    status = FactStatus.DENIED if kind == "denied" else FactStatus.UNSUPPORTED
    return missing(status, what)


def _start(seen: Listing) -> str:
    return next(iter(seen.files), "")


def _config(answer: _Answer, seen: Listing, lines: tuple[Directive, ...]) -> Fact:
    kind, _, rest = answer.head.partition(" ")
    if kind in {"T", "G"}:
        hidden = seen.of_kind("denied")
        if kind == "G" and hidden:
            return missing(FactStatus.DENIED, f"cannot read {hidden[0].text}")
        if not answer.settings:
            raise ValueError("sshd prints no settings")
        return ok({**settings(answer.settings), "set_in": deciding_lines(lines)})
    status = FactStatus.DENIED if kind == "denied" else FactStatus.PARTIAL
    prefix = "sshd -T without root" if kind == "denied" else "sshd -T"
    return missing(status, f"{prefix}: {rest or 'no answer'}")


def _user_config(answer: _Answer, config: Fact) -> Fact:
    if not config.records:
        return config
    failed = [user for user, lines in answer.users.items() if lines[:1] and lines[0][0] == "#"]
    records = [
        {"user": user, **settings(lines or answer.settings)}
        for user, lines in answer.users.items()
        if user not in failed
    ]
    if failed:
        reason = f"sshd does not say what holds for {', '.join(failed)}"
        return Fact(FactStatus.PARTIAL, tuple(records), reason)
    return ok(*records)


def _matches(seen: Listing, lines: tuple[Directive, ...]) -> Fact:
    records = tuple(match_records(lines))
    unread = seen.of_kind("denied", "special", "error")
    if unread:
        return Fact(FactStatus.PARTIAL, records, f"cannot read {unread[0].text}")
    if not seen.files:
        return missing(FactStatus.PARTIAL, "no configuration file of sshd was found")
    return ok(*records)


def _host_keys(answer: _Answer, config: Fact) -> Fact:
    records = [host_key(stat, answer.prints.get(stat.split(" ", 3)[3], ())) for stat in answer.keys]
    if not config.records:
        return Fact(FactStatus.PARTIAL, tuple(records), "which host keys sshd uses is not known")
    if not records:
        return missing(FactStatus.PARTIAL, "none of the host keys that sshd names can be seen")
    return ok(*records)


def _algorithms(answer: _Answer, config: Fact, keys: Fact) -> Fact:
    if not config.records:
        return config
    held = tuple(keys.records) if keys.is_decided else None
    return ok(*sshd_algorithms.offered(config.records[0], held, answer.moduli))


def _specs() -> Iterator[FactSpec]:
    config = {
        **SETTINGS,
        "set_in": Field(FieldType.LIST, "the line that decides each keyword: `keyword file:line`"),
    }
    user = {"user": Field(FieldType.TEXT, "the account"), **SETTINGS}
    yield FactSpec("sshd_config", "What sshd does, Match blocks aside.", (), config)
    yield FactSpec(
        "sshd_user_config",
        "What sshd does for root, and for the accounts that the target's data name, when they"
        " come from an address that no Match block knows.",
        ("user",),
        user,
    )
    yield FactSpec(
        "sshd_match",
        "The settings inside Match blocks of sshd's configuration files.",
        ("criteria", "keyword"),
        MATCH_FIELDS,
    )
    yield FactSpec(
        "sshd_algorithm",
        "Every algorithm that sshd may agree to, graded.",
        ("kind", "name"),
        sshd_algorithms.FIELDS,
    )
    yield FactSpec("ssh_host_key", "The host keys that sshd uses.", ("path",), HOST_KEY_FIELDS)


PROBE: Final = Probe(
    name="sshd",
    facts=tuple(_specs()),
    script=SCRIPT,
    parse=parse,
    data="user",
    commands=("sshd -T", "sshd -G", "ssh-keygen -lf"),
)
