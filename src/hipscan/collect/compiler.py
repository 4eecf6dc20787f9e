r"""The compiler: probes become one POSIX sh script.

The script is the definition of one function, `hipscan`, and equal byte for byte for equal
probes. What differs by run comes behind it, as the argument of the call on the last line:

    hipscan 'nonce 5f0c...
    run platform
    data phi_path /srv/dicom
    ' 3<&0 </dev/null

A cut connection therefore leaves a function that is not complete, or one that is never called.
Standard input of everything inside is /dev/null; descriptor 3 keeps the connection, and its
end (the client died) ends the script.

Most of what a probe costs is starting processes, so probes with the same limit of time share one
shell and one limit, each in a subshell of its own. Where that limit is reached, they run again one
by one, and the reader keeps the first whole frame of each: a probe that hangs costs only itself.

The reply (hipscan.collect.framing reads it):

    @NONCE begin CODE
    @NONCE frame PROBE plain
    |payload as it is, each line behind a bar
    @NONCE done PROBE STATUS CENTISECONDS
    @NONCE frame PROBE
    |payload of a bulky probe in CODE: compressed and in base64, each line behind a bar
    @NONCE done PROBE STATUS CENTISECONDS
    @NONCE end
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from hipscan.collect.library import LIBRARY
from hipscan.probes.base import Probe

_HEAD: Final = r"""# hipscan: reads facts of this host and prints them. It writes nothing.
# It uses no network.
hipscan() {
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL
unset ENV BASH_ENV CDPATH TMOUT GREP_OPTIONS POSIXLY_CORRECT
umask 077
cd / || exit 1
set -f
NL='
'
IFS=$NL
nonce='' run='' watch='' deadline=110 phi_path='' stat_path='' user=''
for line in $1; do
  case $line in
    'nonce '*) nonce=${line#nonce } ;;
    'deadline '*) deadline=${line#deadline } ;;
    'watch '*) watch=${line#watch } ;;
    'run '*) run=$run${line#run }$NL ;;
    'data phi_path '*) phi_path=$phi_path${line#data phi_path }$NL ;;
    'data stat_path '*) stat_path=$stat_path${line#data stat_path }$NL ;;
    'data user '*) user=$user${line#data user }$NL ;;
  esac
done
unset IFS
case $nonce in '' | *[!0-9a-f]*) exit 1 ;; esac
case $deadline in '' | *[!0-9]*) exit 1 ;; esac

# The lowest priority that the host offers, for this shell and all that it starts.
command -v renice >/dev/null && renice -n 19 -p $$ >/dev/null 2>&1
command -v ionice >/dev/null && ionice -c 3 -p $$ >/dev/null 2>&1

if command -v base64 >/dev/null; then code=base64 coded=base64
else code='od -An -v -tx1' coded=hex
fi
if command -v gzip >/dev/null; then code="gzip -1 | $code" coded=gzip+$coded; fi
code="$code | sed 's/^/|/'"
# A short answer is not worth two processes. A paste that is not GNU's may lose bytes of it.
plain=$code plainly=''
if command -v paste >/dev/null; then
  case $(paste --version 2>&1) in
    *'(GNU coreutils)'*) plain="paste -d '|' /dev/null -" plainly=' plain' ;;
  esac
fi

# Where there are two kinds of awk, mawk starts at half the cost; its old versions lack too much.
quick=''
if command -v mawk >/dev/null; then
  case $(mawk -W version 2>&1) in 'mawk 1.3.4 '*) quick='awk() { mawk "$@"; }' ;; esac
fi

# Who ends a probe that runs too long: GNU timeout, which ends the probe's whole process group;
# elsewhere a watchdog of our own.
limiter=own
if command -v timeout >/dev/null; then
  case $(timeout --version 2>&1) in *GNU*) limiter=timeout ;; esac
fi
group=''
command -v setsid >/dev/null && group=setsid

child='' dog='' eye='' sleeper=''
# End what runs below a probe, as a group where it has one of its own.
reap() {
  [ -z "$child" ] && return
  kill -KILL "-$child" 2>/dev/null || kill -KILL "$child" 2>/dev/null
  child=''
}
stop() {
  trap '' TERM HUP INT PIPE
  reap
  [ -z "$dog" ] || kill -TERM "$dog" 2>/dev/null
  [ -z "$sleeper" ] || kill -TERM "$sleeper" 2>/dev/null
  [ -z "$eye" ] || kill -KILL "$eye" 2>/dev/null
}
trap 'stop; exit 143' TERM HUP INT PIPE

# A sleeper that sends a signal to this shell, and takes its own sleep with it when it is ended.
after() {
  (
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    sleep "$1" & nap=$!
    wait "$nap"
    kill -"$2" $$
  ) >/dev/null 2>&1 3<&- &
}
after "$deadline" TERM
sleeper=$!
if [ "$watch" = stdin ]; then
  ( while read -r _ <&3; do :; done; kill -TERM $$ ) >/dev/null 2>&1 &
  eye=$!
fi
exec 3<&-

# The time since boot in hundredths of a second, without starting a process.
clock='now() {
  read -r up _ </proc/uptime 2>/dev/null || up=0.0
  case $up in 0.*) now=0 ;; *) now=${up%.*}${up#*.} ;; esac
}'
now=0
eval "$clock"

late=''
trap 'late=yes; reap' USR1

# limited SECONDS DATA TEXT: run a text in a shell of its own, for so long at most.
limited() {
  all="nonce=\$HIPSCAN_NONCE; unset HIPSCAN_NONCE; ended=''$NL$quick$NL$clock$NL$library$3
printf '%s\\n' \"\$ended\" || exit 1"
  late=''
  if [ "$limiter" = timeout ]; then
    HIPSCAN_NONCE=$nonce HIPSCAN_DATA=$2 timeout -k 2 "$1" sh -c "$all" &
    child=$!
    wait "$child"; status=$?
  else
    HIPSCAN_NONCE=$nonce HIPSCAN_DATA=$2 $group sh -c "$all" &
    child=$!
    after "$1" USR1
    dog=$!
    wait "$child"; status=$?
    kill -TERM "$dog" 2>/dev/null
    [ -z "$late" ] || status=124
  fi
  child='' dog=''
}

# framed NAME DIGEST BYTES FORM SCRIPT: the text that prints the frame of a probe, but for its last
# line: that goes with the first of the next, since each write may become a packet of SSH.
framed() {
  if [ "$4" = bulky ]; then how=$code form=''; else how=$plain form=$plainly; fi
  frame="printf '%s\\n@%s frame $1$form\\n' \"\$ended\" \$nonce || exit 1
now; begun=\$now
{ printf '#begin $1 $2\\n'
trap 'printf \"\\n#end %s\\n\" \$?' EXIT
exec 2>/dev/null
$5
} | head -c $3 | $how
status=\$?; now
ended=\"\$NL@\$nonce done $1 \$status \$((now - begun))\"
"
}

# Probes without data wait for each other and run in one shell, one behind the other; where not all
# of them end within the time of one, each runs again alone, and so do all that follow.
alone='' waiting='' texts='' limit=''
release() {
  [ -n "$waiting" ] || return 0
  names=$waiting text=$texts
  waiting='' texts=''
  limited "$limit" '' "$text"
  [ "$status" -ne 0 ] || return 0
  alone=yes
  for name in $names; do choose "$name"; done
}

# probe NAME DIGEST SECONDS BYTES FORM DATA SCRIPT
probe() {
  [ "$3" = "$limit" ] || release
  framed "$1" "$2" "$4" "$5" "$7"
  if [ -z "$alone$6" ]; then
    waiting="$waiting $1" texts=$texts$frame limit=$3
    [ "${#texts}" -lt 40000 ] || release
    return
  fi
  now; begun=$now
  limited "$3" "$6" "$frame"
  [ "$status" -ne 0 ] || return 0
  now
  printf '\n@%s frame %s\n@%s done %s %s %s\n' \
    "$nonce" "$1" "$nonce" "$1" "$status" $((now - begun)) || exit 1
}

choose() {
  case $1 in
@CASES@
  esac
}
"""

_TAIL: Final = r"""
printf '\n@%s begin %s\n' "$nonce" "$coded" || exit 1
for name in $run; do choose "$name"; done
release
printf '\n@%s end\n' "$nonce"
stop
exit 0
}
"""

_PINNED: Final = r"""
pinned=''
while IFS= read -r line; do
  [ "$line" = . ] && break
  pinned=$pinned$line'
'
done
hipscan "$pinned" 3<&0 </dev/null
"""


def quote(text: str) -> str:
    """Return `text` as one word of sh, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def probe_digest(probe: Probe) -> str:
    """Return eight hex digits of what a probe's script is, to notice an old pinned script."""
    return _digest(probe.script)


@cache
def _digest(script: str) -> str:
    return hashlib.sha256((LIBRARY + script).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Script:
    """The compiled script: `text` defines the function, `probes` are the ones it has."""

    text: str
    probes: tuple[Probe, ...]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def call(self, data: str) -> str:
        """Return the last line, which runs the function on `data`."""
        return f"hipscan {quote(data)} 3<&0 </dev/null\n"

    @property
    def pinned(self) -> str:
        """Return the file an administrator installs: it reads the data from standard input."""
        return "#!/bin/sh\n" + self.text + _PINNED

    @property
    def pinned_digest(self) -> str:
        """Return the SHA-256 of that file in hex, for sudoers."""
        return hashlib.sha256(self.pinned.encode()).hexdigest()


def compile_probes(probes: Sequence[Probe]) -> Script:
    """Compile probes into one script; the order of the argument does not matter.

    What may take long runs last, so that a script that runs out of time loses only that.
    """
    ordered = tuple(sorted(probes, key=lambda probe: (probe.seconds, probe.name)))
    cases = "\n".join(_case(probe) for probe in ordered)
    library = f"library={quote(LIBRARY)}\n"
    return Script(_HEAD.replace("@CASES@", cases) + library + _TAIL, ordered)


def _case(probe: Probe) -> str:
    data = f'"${probe.data}"' if probe.data else "''"
    head = f"    {probe.name}) probe {probe.name} {probe_digest(probe)} {probe.seconds}"
    form = "bulky" if probe.bulky else "short"
    return f"{head} {probe.limit} {form} {data} {quote(probe.script)} ;;"
