r"""Mirth Connect and its heirs (Open Integration Engine, BridgeLink): mirth.properties.

Found by conf/mirth.properties one folder below /opt, /usr/local, /usr/share or /srv, and where a
unit says that it starts. The version is that of the TCP connector, which every release brings
along, else the one that the file notes for its migrations. What a file does not set has the
default of the file that is shipped (server/conf/mirth.properties), which is also where the
published password of the key store stands.

Channels live in the server's database, which no probe asks; channels that lie exported as XML in
the folders `channels`, `export` or `appdata/channels` of the installation are read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing
from hipscan.probes.base import Facts, FactSpec, Listing, Probe, judge_notes, listing
from hipscan.probes.health.mirth_fields import CHANNEL_FIELDS, FIELDS
from hipscan.probes.modes import CLOSED, MODES, read_modes
from hipscan.probes.properties import PROPERTIES, read_properties
from hipscan.probes.tls.tls_grades import old_protocols

_SHOWN: Final = (
    r"https?[.](host|port|contextpath)|https[.](server|client)[.]protocols|"
    r"password[.](min(length|upper|lower|numeric|special)|retrylimit|lockoutperiod|expiration|"
    r"graceperiod|reuse(period|limit))|server[.]api[.](accesscontrolalloworigin|"
    r"accesscontrolallowcredentials|require-requested-with)|database|database[.](url|username)|"
    r"version|keystore[.](path|type)|dir[.]appdata"
)
_SECRET: Final = "pass|secret|token|credential"  # noqa: S105  # a pattern of names
_PUBLISHED: Final = "81uWxplDtB|changeit|mirth|mirthdb|admin|password"

SCRIPT: Final = (
    PROPERTIES
    + MODES
    + CLOSED
    + rf"""
set --
for path in /opt/*/conf/mirth.properties /usr/local/*/conf/mirth.properties \
    /usr/share/*/conf/mirth.properties /srv/*/conf/mirth.properties \
    /etc/systemd/system/[mob]*.service; do
  [ -e "$path" ] || continue
  case $path in
    *.service)
      while IFS= read -r line || [ -n "$line" ]; do
        case $line in
          ExecStart=*/mcserver* | ExecStart=*/mcservice* | ExecStart=*/oieserver* | \
            ExecStart=*/blserver* | ExecStart=*/blservice*) ;;
          *) continue ;;
        esac
        home=/${{line#*/}}; home=${{home%%/mcs*}}; home=${{home%%/oies*}}; home=${{home%%/bls*}}
        named=$home/conf/mirth.properties
        case "$*" in *"$named"*) continue ;; esac
        [ ! -e "$named" ] || set -- "$@" "$named"
      done <"$path" ;;
    *) set -- "$@" "$path" ;;
  esac
done
if [ $# -eq 0 ]; then
  closed /opt/* /usr/local/* /usr/share/mirth* /srv/* /opt/*/conf
  printf 'none\n'; exit 0
fi
files "$@" | properties '{_SHOWN}' '{_SECRET}' '{_PUBLISHED}'
modes "$@"
for path in "$@"; do
  home=${{path%/conf/mirth.properties}} data='' store=''
  if [ -r "$path" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      value=${{line#*[=:]}}
      value=${{value#"${{value%%[![:space:]]*}}"}}; value=${{value%"${{value##*[![:space:]]}}"}}
      case $line in
        dir.appdata[\ =:]*) data=$value ;;
        keystore.path[\ =:]*) store=$value ;;
      esac
    done <"$path"
  fi
  case ${{data:=appdata}} in /*) ;; *) data=$home/$data ;; esac
  case $store in
    '' | '${{dir.appdata}}/'*) store=$data/${{store##*\}}/}}; store=${{store%/}} ;;
    /*) ;;
    *) store=$home/$store ;;
  esac
  [ "$store" != "$data" ] || store=$data/keystore.jks
  [ ! -e "$store" ] || modes "$store"
  printf 'K%s\t%s\n' "$home" "$store"
  for part in "$home/extensions/tcp/source.xml" "$home"/channels/*.xml "$home"/export/*.xml \
      "$home"/appdata/channels/*.xml; do
    [ -f "$part" ] && [ -r "$part" ] || continue
    case $part in
      */source.xml) awk -v home="$home" '
        match($0, /<pluginVersion>[0-9.]+/) {{
          print "V" substr($0, RSTART + 15, RLENGTH - 15) " " home; exit
        }}' "$part" ;;
      *) awk -v path="$part" -v home="$home" '
        function text(   it) {{
          it = $0; sub(/^[^>]*>/, "", it); sub(/<.*/, "", it); gsub(/\t/, " ", it); return it
        }}
        /<channel[ >]/ {{ is = 1 }}
        /<name>/ && name == "" {{ name = text() }}
        /<sourceConnector/ {{ source = 1 }}
        /<\/sourceConnector>/ {{ source = 0 }}
        source && /<properties class=/ {{
          kind = $0; sub(/.*class="/, "", kind); sub(/".*/, "", kind)
        }}
        source && /<host>/ && host == "" {{ host = text() }}
        source && /<port>/ && port == "" {{ port = text() }}
        /<encryptData>/ {{ encrypt = text() }}
        END {{
          OFS = "\t"; if (is) print "C" home, path, name, kind, host, port, encrypt
        }}
      ' "$part" ;;
    esac
  done
done
printf 'E\n'
"""
)

# What the shipped file says (nextgenhealthcare/connect and OpenIntegrationEngine/engine).
_DEFAULTS: Final = {
    "http.port": "8080",
    "https.port": "8443",
    "http.host": "0.0.0.0",  # noqa: S104  # what the server does, not this program
    "https.host": "0.0.0.0",  # noqa: S104  # the same
    "password.minlength": "0",
    "password.retrylimit": "0",
    "password.lockoutperiod": "0",
    "password.expiration": "0",
    "password.reuselimit": "0",
    "server.api.accesscontrolalloworigin": "",
    "database": "derby",
}
_FIXED: Final = (4, 4, 1)  # CVE-2023-43208, listed by CISA as exploited
_WITHOUT_OLD: Final = (3, 12, 1)  # whose migration takes TLS 1.1 out
_LOCAL: Final = re.compile(r"^(localhost|127\.[0-9.]+|::1|\[::1\])$")
_TCP: Final = re.compile(r"\.(TcpReceiverProperties|LLPListenerProperties|HttpReceiverProperties)$")


def parse(text: str, _status: int) -> Facts:
    """Parse the settings, the modes, the versions and the exported channels.

    F/opt/mirthconnect/conf/mirth.properties
    :https.port	8443
    S81a4:0:0:root:root:/opt/mirthconnect/conf/mirth.properties
    K/opt/mirthconnect (tab) /opt/mirthconnect/appdata/keystore.jks
    V4.5.2 /opt/mirthconnect
    C (tabs between) home, file, ADT, TcpReceiverProperties, 0.0.0.0, 6661, false
    E
    """
    seen = listing(text)
    if "none" in seen.plain and not seen.notes:
        reason = "neither Mirth Connect nor one of its heirs is installed"
        return dict.fromkeys(("mirth", "mirth_channel"), absent(reason))
    if "none" in seen.plain or (seen.notes and "E" not in seen.plain):
        found = missing(FactStatus.DENIED, judge_notes(seen.notes, ()).reason)
        return dict.fromkeys(("mirth", "mirth_channel"), found)
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    records = [_record(path, lines, seen) for path, lines in seen.files.items()]
    return {"mirth": judge_notes(seen.notes, records), "mirth_channel": _channels(seen)}


def _record(path: str, lines: tuple[str, ...], seen: Listing) -> Record:
    home = path.removesuffix("/conf/mirth.properties")
    settings = _DEFAULTS | read_properties(lines)
    version = _version(home, seen) or settings.get("version", "")
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    protocols = _words(settings.get("https.server.protocols")) or _protocols(number)
    modes = read_modes(seen.plain)
    record: dict[str, Value] = {
        "home": home,
        "version": version or None,
        "exploited": number < _FIXED if number else None,
        "http_port": _number(settings["http.port"]),
        "https_port": _number(settings["https.port"]),
        "http_local": bool(_LOCAL.match(settings["http.host"].strip())),
        "https_local": bool(_LOCAL.match(settings["https.host"].strip())),
        "protocols": protocols,
        "weak_protocols": None if protocols is None else old_protocols(protocols),
        "default_secrets": sorted(_with_state(settings, "known-default")),
        "secrets": sorted(_with_state(settings, "known-default", "set")),
        "database": settings["database"].strip(),
        "cors_origin": settings["server.api.accesscontrolalloworigin"].strip(),
        "keystore_world_readable": modes.get(_key_store(home, seen), {}).get("world_readable"),
        **{name: _number(settings[key]) for name, key in _PASSWORDS.items()},
        **modes.get(path, {}),
    }
    return {
        key: value for key, value in record.items() if key not in _OPTIONAL or value is not None
    }


_OPTIONAL: Final = ("keystore_world_readable",)
_PASSWORDS: Final = {
    "password_length": "password.minlength",
    "password_tries": "password.retrylimit",
    "password_lock_hours": "password.lockoutperiod",
    "password_days": "password.expiration",
    "password_history": "password.reuselimit",
}


def _version(home: str, seen: Listing) -> str:
    for line in seen.plain:
        number, _, place = line[1:].partition(" ")
        if line.startswith("V") and place == home:
            return number
    return ""


def _key_store(home: str, seen: Listing) -> str:
    pairs = (line.split("\t", 1) for line in seen.behind("K"))
    return next((path[0] for place, *path in pairs if place == home and path), "")


def _protocols(version: tuple[int, ...]) -> list[str] | None:
    """Return what the server offers where no file says so (MirthSSLUtil)."""
    if not version:
        return None
    older = [] if version >= _WITHOUT_OLD else ["TLSv1.1"]
    return ["TLSv1.3", "TLSv1.2", *older, "SSLv2Hello"]


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _number(text: str) -> int | None:
    plain = text.strip()
    return int(plain) if re.fullmatch(r"-?[0-9]{1,9}", plain) else None


def _with_state(settings: Mapping[str, str], *states: str) -> Iterator[str]:
    for key, value in settings.items():
        if value in states and re.search(_SECRET, key):
            yield key


def _channels(seen: Listing) -> Fact:
    records = [_channel(line[1:]) for line in seen.plain if line.startswith("C")]
    if records:
        return Fact(FactStatus.PARTIAL, tuple(records), "the database may hold further channels")
    return missing(FactStatus.UNSUPPORTED, "channels are kept in the database, which is not asked")


def _channel(line: str) -> Record:
    home, path, name, kind, host, port, encrypt = line.split("\t")
    return {
        "home": home,
        "file": path,
        "name": name,
        "listener": kind.rpartition(".")[2].removesuffix("Properties"),
        "port": _number(port),
        "remote": bool(_TCP.search(kind)) and not _LOCAL.match(host),
        "encrypts_messages": encrypt == "true",
    }


PROBE: Final = Probe(
    name="mirth",
    facts=(
        FactSpec("mirth", "An installation of Mirth Connect or an heir.", ("home",), FIELDS),
        FactSpec("mirth_channel", "A channel that lies exported.", ("file",), CHANNEL_FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
