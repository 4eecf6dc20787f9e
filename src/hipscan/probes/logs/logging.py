"""Where the host's records go: rsyslog, syslog-ng, busybox, journal-upload, and how long logs stay.

Only files are read. Comments and the values of settings that name a password, a token or a user
stay on the target.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.files.config_syntax import ini_section
from hipscan.probes.gathering import GATHER, by_precedence
from hipscan.probes.logs import logrotate, rsyslog, syslog_ng

_UPLOAD: Final = tuple(f"{top}/systemd/journal-upload.conf" for top in ("/etc", "/usr/lib"))
_UPLOAD_FOLDERS: Final = tuple(
    f"{top}/systemd/journal-upload.conf.d" for top in ("/etc", "/run", "/usr/lib")
)

_BUSYBOX: Final = "/etc/conf.d/syslog"  # the options of busybox's syslogd, on Alpine

SCRIPT: Final = (
    GATHER
    + rf"""
hush() {{ awk '
/^:/ {{
  if ($0 ~ /^:[ \t]*#/) {{ print ":"; next }}
  line = $0; found = ""
  key = "(pwd|pass[a-z]*|token|secret|uid|user|api_?key)[ \t]*[=(][ \t]*"
  while (match(tolower(line), key "(\"[^\"]*\"|[^\" \t)][^ \t)]*)")) {{
    part = substr(line, RSTART, RLENGTH); sub(/[=(].*/, "=\"hidden\"", part)
    found = found substr(line, 1, RSTART - 1) part; line = substr(line, RSTART + RLENGTH)
  }}
  line = found line
  sub(/:om[a-z]*sql:.*/, ":hidden", line); sub(/>[^ ,]*,[^ ,]*,[^ ,]*,.*/, ">hidden", line)
  gsub(/:\/\/[^\/@ \t"]*@/, "://hidden@", line)
  print line; next
}}
{{ print }}'; }}
wanted() {{
  [ ! -c "/etc/systemd/system/$1.service" ] || {{ printf 'off %s\n' "$1"; return; }}
  for link in /etc/systemd/system/*.wants/"$1.service" \
    /usr/lib/systemd/system/*.wants/"$1.service" /etc/runlevels/*/"$1" \
    /etc/rc[2-5].d/S[0-9][0-9]"$1"; do
    [ ! -e "$link" ] && [ ! -L "$link" ] || {{ printf 'starts %s\n' "$1"; return; }}
  done
  printf 'off %s\n' "$1"
}}
# more MAIN EXPRESSION: what a main file includes, and what these include.
more() {{
  main=$1 expression=$2 round=0
  set -- "$main"
  while [ $# -gt 0 ] && [ "$round" -lt 3 ]; do
    round=$((round + 1))
    IFS=$NL
    # shellcheck disable=SC2046  # patterns are meant
    set -- $(sed -n "$expression" "$@")
    unset IFS
    left=$#
    while [ "$left" -gt 0 ]; do
      path=$1; shift; left=$((left - 1))
      if [ -d "$path" ]; then set -- "$@" "${{path%/}}"/*; else set -- "$@" "$path"; fi
    done
    [ $# -eq 0 ] || files "$@"
    left=$#
    while [ "$left" -gt 0 ]; do
      path=$1; shift; left=$((left - 1))
      [ ! -f "$path" ] || [ ! -r "$path" ] || set -- "$@" "$path"
    done
  done
}}
{{
if [ -e {rsyslog.MAIN} ]; then
  wanted rsyslog
  files {rsyslog.MAIN}
  set --
  for path in {" ".join(rsyslog.UNITS)} {rsyslog.PIECES}/*.conf; do
    [ ! -f "$path" ] || set -- "$@" "$path"
  done
  [ $# -eq 0 ] || files "$@"
  [ ! -r {rsyslog.MAIN} ] || more {rsyslog.MAIN} \
    's/^[[:blank:]]*\$[Ii]nclude[Cc]onfig[[:blank:]]*\([^[:blank:]]*[^/]\)[[:blank:]]*$/\1/p
     s|^[[:blank:]]*\$[Ii]nclude[Cc]onfig[[:blank:]]*\([^[:blank:]]*/\)[[:blank:]]*$|\1*|p
     s/^[^#]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:blank:]]*([^)]*[Ff]ile[[:blank:]]*=[[:blank:]]*"\([^"]*\)".*/\1/p
     s/^[[:blank:]]*[Ff]ile[[:blank:]]*=[[:blank:]]*"\([^"]*[.]conf\)".*/\1/p'
fi
if [ -e {syslog_ng.MAIN} ]; then
  wanted syslog-ng
  files {syslog_ng.MAIN}
  [ ! -r {syslog_ng.MAIN} ] || more {syslog_ng.MAIN} \
    's|^[[:blank:]]*@include[[:blank:]]*"\(/[^"]*\)".*|\1|p
     s|^[[:blank:]]*@include[[:blank:]]*"\([^/"][^"]*\)".*|/etc/syslog-ng/\1|p'
fi
if [ -e {_BUSYBOX} ]; then
  wanted syslog
  files {_BUSYBOX}
fi
if [ -e /usr/lib/systemd/systemd-journal-upload ] ||
  [ -e /lib/systemd/systemd-journal-upload ]; then
  wanted systemd-journal-upload
  set --
  for path in {" ".join(_UPLOAD)}; do [ ! -e "$path" ] || set -- "$@" "$path"; done
  [ $# -eq 0 ] || files "$@"
  set --
  for path in {" ".join(_UPLOAD_FOLDERS)}; do [ ! -d "$path" ] || set -- "$@" "$path"; done
  [ $# -eq 0 ] || gather .conf "$@"
fi
set --
for path in {" ".join(logrotate.MAINS)}; do
  [ ! -e "$path" ] || {{ set -- "$path"; break; }}
done
if [ $# -gt 0 ]; then
  for path in {"/* ".join(logrotate.FOLDERS)}/*; do [ ! -f "$path" ] || set -- "$@" "$path"; done
  files "$@"
fi
}} | hush
printf 'read end\n'
"""
)

_HERE: Final = ("127.", "localhost", "[::1]")
_TLS: Final = "whether TLS protects it"
_STARTS: Final = "whether the daemon starts with the host"

DESTINATION: Final = {
    "daemon": Field(FieldType.TEXT, "rsyslog, syslog-ng, busybox or journal-upload"),
    "target": Field(FieldType.TEXT, "the host that records are sent to, as the file names it"),
    "port": Field(FieldType.TEXT, "its port, as the file names it"),
    "transport": Field(FieldType.TEXT, "udp, tcp, relp or http"),
    "tls": Field(FieldType.BOOLEAN, _TLS),
    "verified": Field(FieldType.BOOLEAN, "whether the other side has to prove who it is"),
    "local": Field(FieldType.BOOLEAN, "whether it goes to this host itself, such as to a tunnel"),
    "logins": Field(
        FieldType.BOOLEAN, "false where a selector leaves the records of logins out; else left out"
    ),
    "starts": Field(FieldType.BOOLEAN, _STARTS),
    "file": Field(FieldType.TEXT, "the file that says so"),
    "line": Field(FieldType.INTEGER, "its line; 0 where not known"),
}
LISTENER: Final = {
    "daemon": Field(FieldType.TEXT, "rsyslog or syslog-ng"),
    "transport": Field(FieldType.TEXT, "udp, tcp, relp"),
    "port": Field(FieldType.TEXT, "the port, as the file names it"),
    "address": Field(FieldType.TEXT, "the address; * for all"),
    "tls": Field(FieldType.BOOLEAN, _TLS),
    "local": Field(FieldType.BOOLEAN, "whether it listens on loopback only"),
    "starts": Field(FieldType.BOOLEAN, _STARTS),
    "file": Field(FieldType.TEXT, "the file that says so"),
    "line": Field(FieldType.INTEGER, "its line; 0 where not known"),
}
FILE: Final = {
    "path": Field(FieldType.TEXT, "the log file that rsyslog writes"),
    "mode": Field(FieldType.MODE, "the mode it makes it with: FileCreateMode less the umask"),
    "file": Field(FieldType.TEXT, "the file that says so"),
    "line": Field(FieldType.INTEGER, "its line"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse which daemons start, and their files.

    starts rsyslog
    F/etc/rsyslog.conf
    :*.* @@logs.example.org:6514
    F/etc/logrotate.d/rsyslog
    :/var/log/syslog {
    read end
    """
    seen = listing(text)
    if "read end" not in seen.plain:
        raise ValueError("the answer has no end")
    starts = {
        name: word == "starts"
        for word, _, name in (line.partition(" ") for line in seen.plain)
        if word in {"starts", "off"}
    }
    missing = {note.text for note in seen.of_kind("absent")}
    found = [
        module.read(seen.files, starts=starts.get(name), missing=missing)
        for name, module in (("rsyslog", rsyslog), ("syslog-ng", syslog_ng))
        if module.MAIN in seen.files
    ]
    unread = [path for each in found for path in each.unread]
    places = [record for each in found for record in each.destinations]
    places += _busybox(seen.files, starts=starts.get("syslog"))
    places += _uploads(seen.files, starts=starts.get("systemd-journal-upload"))
    lost = _lost(seen, unread)
    return {
        "log_destination": _fact(places, lost),
        "log_listener": _fact([r for each in found for r in each.listeners], lost),
        "log_file_made": _fact([r for each in found for r in each.files], lost),
        "log_rotation": _fact(list(logrotate.read(seen.files)), _lost(seen, (), rotation=True)),
    }


def _lost(seen: Listing, unread: Sequence[str], *, rotation: bool = False) -> list[str]:
    bad = [note for note in seen.notes if note.kind != "absent"]
    mine = [n.text for n in bad if ("/etc/logrotate" in n.text) is rotation]
    return mine + [f"{path} was not read" for path in unread]


def _fact(records: Sequence[Record], lost: Sequence[str]) -> Fact:
    if lost:
        return Fact(FactStatus.PARTIAL, tuple(records), "; ".join(lost[:5]))
    return ok(*records)


def _busybox(files: Mapping[str, Sequence[str]], *, starts: bool | None) -> Iterator[Record]:
    """Yield where busybox's syslogd sends to (`-R HOST[:PORT]`, UDP alone).

    SYSLOGD_OPTS="-t -L -R logs.example.org:514"
    """
    for number, line in enumerate(files.get(_BUSYBOX, ()), 1):
        if not line.lstrip().startswith("SYSLOGD_OPTS"):
            continue
        for host, port in re.findall(r"\s-R\s*(\[[^\]]+\]|[^\s:\"']+)(?::(\d+))?", line):
            yield {
                "daemon": "busybox",
                "target": host,
                "port": port or "514",
                "transport": "udp",
                "tls": False,
                "verified": False,
                "local": host.startswith(_HERE),
                "starts": starts,
                "file": _BUSYBOX,
                "line": number,
            }


def _uploads(files: Mapping[str, Sequence[str]], *, starts: bool | None) -> Iterator[Record]:
    """Yield where systemd-journal-upload sends to (journal-upload.conf(5)); https where unsaid."""
    main = next((path for path in _UPLOAD if path in files), "")
    pieces = by_precedence(files, _UPLOAD_FOLDERS)
    url, ca, place = "", "", (main, 0)
    for path in (main, *pieces):
        for setting in ini_section(files.get(path, ()), "Upload"):
            if setting.key == "URL":
                url, place = setting.value, (path, setting.line)
            elif setting.key == "TrustedCertificateFile":
                ca = setting.value
    if not url:
        return
    match = re.match(r"(?:(https?)://)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?", url)
    scheme, host, port = match.groups("") if match else ("", url, "")
    is_tls = scheme != "http"
    yield {
        "daemon": "journal-upload",
        "target": host,
        "port": port or "19532",
        "transport": "http",
        "tls": is_tls,
        "verified": is_tls and ca not in {"-", "all"},
        "local": host.startswith(_HERE),
        "starts": starts,
        "file": place[0],
        "line": place[1],
    }


PROBE: Final = Probe(
    name="logging",
    facts=(
        FactSpec(
            "log_destination",
            "One place off the host that records are sent to.",
            ("daemon", "target", "port"),
            DESTINATION,
        ),
        FactSpec(
            "log_listener",
            "One port on which a log daemon takes records from the network.",
            ("daemon", "transport", "port"),
            LISTENER,
        ),
        FactSpec("log_file_made", "One log file that rsyslog is to write.", ("path",), FILE),
        FactSpec("log_rotation", "How long one log is kept.", ("path",), logrotate.FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
)
