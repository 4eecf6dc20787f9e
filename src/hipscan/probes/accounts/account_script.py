r"""The shell of the accounts probe: what each line means stands in `accounts`."""

from typing import Final

SCRIPT: Final = r"""
set -f
IFS=$NL
regular() {
  if [ ! -e "$1" ]; then note_missing "$1"
  elif [ ! -f "$1" ]; then note special "$1"
  elif [ ! -r "$1" ]; then note denied "$1"
  else return 0
  fi
  return 1
}

set --
for path in /etc/passwd /etc/shadow /etc/group /etc/login.defs /etc/nsswitch.conf /etc/shells \
  /etc/default/useradd; do
  # SUSE keeps the vendor's file below /usr until somebody writes one.
  if [ ! -e "$path" ] && [ -e "/usr$path" ]; then path=/usr$path; fi
  regular "$path" && set -- "$@" "$path"
done
[ $# -eq 0 ] || awk -F: '
function method(h) {
  if (h ~ /^\$y\$/) return "yescrypt"
  if (h ~ /^\$gy\$/) return "gost-yescrypt"
  if (h ~ /^\$7\$/) return "scrypt"
  if (h ~ /^\$6\$/) return "sha512"
  if (h ~ /^\$5\$/) return "sha256"
  if (h ~ /^\$2[abxy]?\$/) return "bcrypt"
  if (h ~ /^\$1\$/) return "md5"
  if (h ~ /^\$md5/) return "sunmd5"
  if (h ~ /^\$sha1/) return "sha1"
  if (h ~ /^\$3\$/) return "nt"
  if (h ~ /^_/ && length(h) == 20) return "bsdi"
  if (h ~ /^[.\/0-9A-Za-z]+$/ && length(h) >= 13) return "des"
  return (h ~ /^\$/) ? "other" : ""
}
function state(h,  word) {
  if (h == "") return "empty"
  word = (h ~ /^[!*]/) ? "locked" : "set"
  sub(/^[!*]+/, "", h)
  h = method(h)
  if (h == "") return "locked"
  return word " " h
}
FILENAME ~ /(passwd|shadow|group)$/ {
  if ($0 ~ /^[ \t]*(#|$)/) next
  if ($0 ~ /^[+-]/) { print "N" FILENAME ":" FNR; next }
}
FILENAME == "/etc/passwd" {
  if (NF < 7 || $1 == "" || $3 !~ /^[0-9]+$/ || $4 !~ /^[0-9]+$/) {
    print "B" FILENAME ":" FNR
    next
  }
  word = ($2 == "x") ? "x" : state($2)
  print "P" $1 ":" word ":" $3 ":" $4 ":" $6 ":" $7 ":" FNR
}
FILENAME == "/etc/shadow" { print "S" $1 ":" state($2) ":" $3 ":" $4 ":" $5 ":" $6 ":" $7 ":" $8 }
FILENAME == "/etc/group" {
  if (NF < 3 || $3 !~ /^[0-9]+$/) { print "B" FILENAME ":" FNR; next }
  print "G" $1 ":" $3 ":" $4
}
FILENAME ~ /login\.defs$/ && /^[ \t]*UID_(MIN|MAX)[ \t]/ { print "D" $0 }
FILENAME ~ /shells$/ && /^[ \t]*\// { gsub(/[ \t]|#.*/, ""); print "E" $0 }
FILENAME ~ /useradd$/ && sub(/^[ \t]*INACTIVE=/, "") { print "I" $0 }
FILENAME ~ /nsswitch\.conf$/ && /^[ \t]*(passwd|shadow|group)[ \t]*:/ { print "W" $0 }
' "$@"
regular /etc/passwd >/dev/null || exit 0

# Homes and files of keys: which are there, and on no network file system.
set --
regular /proc/self/mountinfo && set -- /proc/self/mountinfo
set +f
main=/etc/ssh/sshd_config
if [ ! -e "$main" ] && [ -e "/usr$main" ]; then main=/usr$main; fi
for path in "$main" /etc/ssh/sshd_config.d/*.conf; do
  case $path in *\**) continue ;; esac
  regular "$path" && set -- "$@" "$path"
done
set -f
places=$(awk -F: -v remote=' nfs nfs4 cifs smb3 autofs ceph glusterfs 9p afs lustre beegfs ' '
function far(path,  best, mount) {
  best = ""
  for (mount in type)
    if (index(path "/", mount == "/" ? "/" : mount "/") == 1 && length(mount) > length(best))
      best = mount
  if (type[best] ~ /^fuse\./) return 1
  return best != "" && index(remote, " " type[best] " ")
}
function value(line) {
  sub(/^[ \t]*[A-Za-z]+[ \t]*=?[ \t]*/, "", line)
  gsub(/"/, "", line)
  return line
}
FILENAME == "/proc/self/mountinfo" {
  n = split($0, part, " ")
  for (i = 7; i < n && part[i] != "-"; i++);
  type[part[5]] = part[i + 1]
  next
}
FILENAME != "/etc/passwd" {
  word = tolower($0)
  if (FNR == 1) matched = 0
  if (word ~ /^[ \t]*match[ \t]/) matched = 1
  if (word ~ /^[ \t]*authorizedkeysfile[ \t=]/) {
    if (!matched) named = 1
    n = split(value($0), part, /[ \t]+/)
    for (i = 1; i <= n; i++) if (part[i] != "" && tolower(part[i]) != "none") files[part[i]]
  }
  if (word ~ /^[ \t]*authorizedkeyscommand[ \t=]/ && tolower(value($0)) != "none") print "C"
  next
}
NF >= 7 && $6 ~ /^\// && $0 !~ /^[#+-]/ {
  if (!named) { files[".ssh/authorized_keys"]; files[".ssh/authorized_keys2"]; named = 1 }
  if (far($6)) print "R" $6
  else {
    print "H" $6
    if ($3 == 0 || ($3 >= 500 && $3 < 65534)) print "V" $1 ":" $6
  }
  for (file in files) {
    path = ""
    rest = file
    while (match(rest, /%./)) {
      sign = substr(rest, RSTART + 1, 1)
      path = path substr(rest, 1, RSTART - 1) (sign == "h" ? $6 : sign == "u" ? $1 : \
        sign == "U" ? $3 : "%")
      rest = substr(rest, RSTART + 2)
    }
    path = path rest
    if (path !~ /^\//) path = ($6 == "/" ? "" : $6) "/" path
    if (far(path)) print "X" path
    else print "K" $1 ":" path
  }
}' "$@" /etc/passwd)
keys='' files=0
set --
for line in $places; do
  path=${line#?}
  case $line in
    C | R*) printf '%s\n' "$line" ;;
    X*) note special "$path" ;;
    V*)
      name=${path%%:*} path=${path#*:}
      [ "$path" != / ] && [ -d "$path" ] || continue
      set +f
      for file in "$path"/.[!.]*; do
        case $file in *"$NL"*) continue ;; esac
        [ -f "$file" ] || continue
        files=$((files + 1))
        [ "$files" -le 5000 ] || { note cut homes; break; }
        printf 'O%s:%s\n' "$name" "$file"
        set -- "$@" "$file"
      done
      set -f ;;
    H*) if [ -e "$path" ]; then set -- "$@" "$path"; else note_missing "$path"; fi ;;
    K*)
      path=${path#*:}
      regular "$path" || continue
      printf 'A%s\n' "${line#?}"
      case $NL$keys in *"$NL$path$NL"*) ;; *) keys=$keys$path$NL; set -- "$@" "$path" ;; esac ;;
  esac
done
# Debian 13 keeps last logins in databases; a small one travels whole.
for path in /var/lib/lastlog/lastlog2.db /var/lib/wtmpdb/wtmp.db; do
  if [ ! -f "$path" ] || [ ! -r "$path" ]; then continue; fi
  command -v base64 >/dev/null || continue
  [ "$(wc -c <"$path")" -gt 524288 ] || printf 'L%s\n' "$(base64 "$path" | tr -d '\n')"
done
# Without lastlog(8), or where that would ask a directory for every account (SSSD stands in
# nsswitch.conf of RHEL 8 and 9 from the start), the file itself, from account 1000 on: 292 bytes
# each.
ask='lastlog' switch=/etc/nsswitch.conf
[ -e "$switch" ] || switch=/usr$switch
case $(awk '/^[ \t]*passwd[ \t]*:/' "$switch") in
  *sss* | *ldap* | *winbind* | *nis*) ask='file' ;;
esac
command -v lastlog >/dev/null || ask='file'
if [ -f /var/log/lastlog ] && [ -r /var/log/lastlog ] && [ "$ask" = file ] &&
  command -v base64 >/dev/null
then
  printf 'J%s\n' "$(tail -c +292001 /var/log/lastlog | head -c 262800 | base64 | tr -d '\n')"
fi
[ $# -gt 0 ] || exit 0
command -v stat >/dev/null || { note unsupported stat; exit 0; }
sizes=$(stat -L -c '%f:%u:%g:%s:%Y:%U:%G:%n' -- "$@")
set --
for line in $sizes; do
  printf 'T%s\n' "$line"
  path=${line#*:*:*:*:*:*:*:}
  case $NL$keys in *"$NL$path$NL"*) ;; *) continue ;; esac
  size=${line#*:*:*:}
  if [ "${size%%:*}" -gt 262144 ]; then note cut "$path"; else set -- "$@" "$path"; fi
done
[ $# -eq 0 ] || awk '
FNR == 1 { print "Y" FILENAME }
/^[ \t]*(#|$)/ { next }
{
  gsub(/\\"/, "")
  gsub(/"[^"]*"/, "")
  sub(/".*/, "")
  if (!match($0, /[a-z0-9-]+(@[a-z0-9.-]+)?[ \t]+AAAA[A-Za-z0-9+\/]+=*/)) next
  key = substr($0, RSTART, RLENGTH)
  if (substr($0, RSTART + RLENGTH) ~ /[^ \t]/) key = key " c"
  n = split(substr($0, 1, RSTART - 1), option, ",")
  names = ""
  for (i = 1; i <= n; i++) {
    sub(/[ \t=].*/, "", option[i])
    if (option[i] ~ /^[A-Za-z0-9-]+$/) names = names "," option[i]
  }
  print "Z" FNR " " substr(names, 2) " " key
}' "$@"

# The last login of each account; lastlog asks every source of accounts, so only local ones.
[ ! -r /var/log/lastlog ] || [ "$ask" != lastlog ] || TZ=UTC lastlog | sed 's/^/U/'
"""
