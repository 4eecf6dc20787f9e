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
    +sshd -f/etc/ssh/sftp.conf              (another server that runs, and its settings)
    permitrootlogin no
    F/etc/ssh/sshd_config
    :Match Address 10.0.0.0/8
    :PermitRootLogin yes
    K600 root root /etc/ssh/ssh_host_rsa_key
    L3072 SHA256:Xlywn8g2ylWNu1MPOKq2Mkch041O+WSRsxW4vJuE5LE root@vm (RSA)
    A644 root root /etc/ssh/users_ca.pub
    Q/etc/ssh/users_ca.pub
    256 SHA256:SohSyt8QL/J1K8ybXEh9pAtRbB/q9HOPAYCrcM3jnic users (ED25519)
    Xyes                                    (the program knows strict key exchange)
    M2047                                   (the smallest group in the moduli file)
"""

from collections.abc import Iterator
from typing import Final

from hipscan.probes.base import FactSpec, Field, FieldType, Probe
from hipscan.probes.ssh import sshd_algorithms
from hipscan.probes.ssh.ssh_keys import AUTHORITY_FIELDS, HOST_KEY_FIELDS
from hipscan.probes.ssh.sshd_answer import parse
from hipscan.probes.ssh.sshd_match import MATCH_FIELDS, redact
from hipscan.probes.ssh.sshd_settings import SETTINGS

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

# Options of the servers that root runs here: `sshd: /usr/sbin/sshd -D -o X=y [listener] ...`. Of
# several the one that has no file of its own is the host's; what the others do is told as well.
usual=/etc/ssh/sshd_config
if [ ! -e "$usual" ] && [ -e /usr$usual ]; then usual=/usr$usual; fi
pids=$(grep -lE '^(sshd: )?(/[a-z]+)+/sshd([^a-z-]|$)' /proc/[0-9]*/cmdline)
for path in /run/sshd.pid /var/run/sshd.pid /run/sshd-server.pid; do
  if [ -r "$path" ] && read -r pid <"$path"; then pids="$pid $pids"; break; fi
done
set -f
servers=$NL
for pid in $pids; do
  pid=${pid#/proc/} pid=${pid%%/*} name='' owner=''
  case $pid in '' | *[!0-9]*) continue ;; esac
  [ -r "/proc/$pid/status" ] || continue
  while IFS=' 	' read -r key value _; do
    case $key in Name:) name=$value ;; Uid:) owner=$value; break ;; esac
  done <"/proc/$pid/status"
  [ "$name $owner" = 'sshd 0' ] || continue
  if [ -e "/proc/$pid/root/" ] && ! [ "/proc/$pid/root/" -ef / ]; then continue; fi  # a container's
  want='' options=''
  for word in $(tr '\0' ' ' <"/proc/$pid/cmdline"); do
    case $want$word in
      -o | -f | -[pbcghkuECD]) want=$word ;;
      '[listener]') break ;;
      -o*=* | -f/*) options="$options $want$word" want='' ;;
      -o[A-Za-z]*) want=$want$word= ;;
      *) want='' ;;
    esac
    [ "$want" != -D ] || want=''
  done
  case $servers in
    *"${NL}sshd$options$NL"*) ;;
    *) servers=${servers}sshd$options$NL ;;
  esac
done
# The host's own server comes first.
own=''
IFS=$NL
for server in $servers; do
  case $server in *' -f'*) ;; *) own=$server; break ;; esac
done
for server in $servers; do own=${own:-$server}; done
others='' configs=''
for server in $servers; do
  [ "$server" != "$own" ] || continue
  others=$others$server$NL
  case $server in *' -f'*) server=${server##* -f} configs=$configs$NL${server%% *} ;; esac
done
IFS=' '
set --
for word in ${own#sshd}; do set -- "$@" "$word"; done
case $own in *' -f'*) own=${own##* -f} usual=${own%% *} ;; esac
set +f

# Values of SetEnv and arguments of commands stay here, and so do remarks.
hide() {
  blank='[[:blank:]]' gap='[[:blank:]=]+'
  sed -E -e "s/^:$blank*#.*/:/" -e "s/^(:.*[^[:blank:]])$blank+#.*/\1/" \
    -e "s/^(:?$blank*\"?[Ss][Ee][Tt][Ee][Nn][Vv]\"?${gap}[^=]*)=.*/\1=/" \
    -e "s/^(:?$blank*\"?[A-Za-z]+[Cc][Oo][Mm][Mm][Aa][Nn][Dd]\"?${gap}[^[:blank:]]+)$blank.*/\1/"
}
pieces() { files "$@" | hide; }
plain() { printf '%s\n' "$1" | hide; }
ask() {
  told=$("$sshd" "$@") || return
  case $told in  # OpenSSH 10.6 spells keywords as its manual does
    [A-Z]*) told=$(printf '%s\n' "$told" | awk '{ sub(/^[^ ]+/, tolower($1)) } 1') ;;
  esac
}

IFS=$NL
next=$usual$configs text=''
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

settings=''
if ask -T "$@"; then settings=$told; printf '#T %s\n' "$sshd"
elif ask -G "$@"; then settings=$told; printf '#G %s\n' "$sshd"
else
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
  if ask -T "$@" -C "user=$user,$from"; then plain "$told"
  else printf '#error sshd -T -C user=%s fails\n' "$user"
  fi
done

more=''
set -f
for server in $others; do
  printf '+%s\n' "$server"
  IFS=' '
  # shellcheck disable=SC2086 # an option a word
  set -- ${server#sshd}
  IFS=$NL
  if ask -T "$@" || ask -G "$@"; then plain "$told"; more=$more$told$NL
  else printf '#error sshd does not tell\n'
  fi
done
set +f

set --
moduli='' programs=$sshd held=$NL authorities=''
case $text in *[Tt][Rr][Uu][Ss][Tt][Ee][Dd][Uu][Ss][Ee][Rr]*)  # for some, in a Match block
  authorities=$(printf '%s\n' "$text" | awk -F '[ \t="]+' '{ sub(/^:[ \t"]*/, "") }
    tolower($1) == "trustedusercakeys" && $2 ~ /^\// { print $2 }') ;;
esac
for line in $settings $more; do
  case $line in
    'sshdsessionpath '* | 'sshdauthpath '*) programs=$programs$NL${line#* } ;;
    'hostkey '*)
      path=${line#hostkey }
      case $held in *"$NL$path$NL"*) continue ;; esac
      held=$held$path$NL
      if [ -e "$path" ]; then set -- "$@" "$path"; fi ;;
    'modulifile '*) moduli=${moduli:-${line#modulifile }} ;;
    'trustedusercakeys '*) authorities=$authorities$NL${line#trustedusercakeys } ;;
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
held=$NL
for path in $authorities; do
  case $held in *"$NL$path$NL"*) continue ;; esac
  held=$held$path$NL
  if [ "$path" = none ]; then continue
  elif [ -f "$path" ] && [ -r "$path" ]; then
    stat -L -c 'A%a %U %G %n' -- "$path"
    printf 'Q%s\n' "$path"
    ssh-keygen -lf "$path"
  else printf 'Q%s\n' "$path"
  fi
done
# Does the program know strict key exchange? `sshd -T` does not say it.
for program in $programs; do
  if [ ! -r "$program" ]; then echo Xunknown
  elif grep -q kex-strict-s-v00@openssh.com "$program"; then echo Xyes
  fi
done
case $settings in
  *diffie-hellman-group-exchange-*)
    [ ! -r "$moduli" ] || awk '!/^#/ && $5 && (!least || $5 < least) { least = $5 }
      END { print "M" least + 0 }' "$moduli" ;;
esac
exit 0
"""


_SERVER: Final = Field(
    FieldType.TEXT, "how a further server was started; left out for the host's own"
)


def _specs() -> Iterator[FactSpec]:
    config = {
        **SETTINGS,
        "terrapin": Field(
            FieldType.BOOLEAN,
            "whether an attacker in between can cut the start of a connection (CVE-2023-48795):"
            " sshd knows no strict key exchange, and offers chacha20-poly1305 or CBC with -etm",
        ),
        "includes": Field(FieldType.LIST, "paths and globs included outside Match blocks"),
        "set_in": Field(FieldType.LIST, "the line that decides each keyword: `keyword file:line`"),
        "server": _SERVER,
    }
    user = {"user": Field(FieldType.TEXT, "the account"), **SETTINGS, "server": _SERVER}
    yield FactSpec("sshd_config", "What sshd does, Match blocks aside.", ("server",), config)
    yield FactSpec(
        "sshd_user_config",
        "What sshd does for root, and for the accounts that the target's data name, when they"
        " come from an address that no Match block knows.",
        ("user", "server"),
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
    yield FactSpec(
        "ssh_user_authority",
        "A key whose certificates log in (TrustedUserCAKeys).",
        ("path", "fingerprint"),
        AUTHORITY_FIELDS,
    )


PROBE: Final = Probe(
    name="sshd",
    facts=tuple(_specs()),
    script=SCRIPT,
    parse=parse,
    data="user",
    redact=redact,
    commands=("sshd -T", "sshd -G", "ssh-keygen -lf"),
)
