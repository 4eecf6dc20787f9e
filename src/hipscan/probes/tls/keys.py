r"""Certificates and private keys on disk: of services, and private SSH keys of accounts.

Looked at are the folders where services keep them, the files that service configurations name,
and ~/.ssh of every account. Of a private key only its kind and whether it is encrypted leave the
host: for OpenSSH's format that stands in the first 22 octets of the body, which awk compares.
A file with more than four certificates is a bundle of authorities and is passed over, unless a
service names it as its own and it has no more than sixteen.

    U/etc/nginx/sites-enabled/a	/etc/ssl/certs/a.pem   (this configuration names that file)
    U/etc/haproxy/haproxy.cfg	/etc/haproxy/certs/       (or every file of that folder)
    N3                                              (so many files were looked at)
    S640 root ssl-cert /etc/ssl/private/a.key
    H1000 /home/ann/.ssh                            (uid of the account that owns the folder)
    F/etc/ssl/certs/a.pem
    C                                               (a certificate, in base64)
    :MIIC...
    F/etc/ssl/private/a.key
    Krsa no                                         (a private key: kind, encrypted)
"""

from typing import Final

from hipscan.probes.base import FactSpec, Field, FieldType, Probe
from hipscan.probes.tls.key_files import parse

SCRIPT: Final = r"""
for tool in find grep awk stat sort; do
  command -v "$tool" >/dev/null || { note unsupported "$tool"; exit 0; }
done
IFS=$NL
# Which files do service configurations name, other than those of authorities they trust?
set --
for path in /etc/nginx /etc/apache2 /etc/httpd /etc/lighttpd /etc/haproxy /etc/postfix \
  /etc/dovecot /etc/exim4 /etc/postgresql /var/lib/pgsql/data/postgresql.conf \
  /var/lib/pgsql/data/postgresql.auto.conf /etc/mysql /etc/my.cnf /etc/my.cnf.d \
  /etc/redis /etc/ldap /etc/openldap /etc/stunnel /etc/vsftpd.conf \
  /etc/vsftpd /etc/proftpd /etc/orthanc /etc/rsyslog.conf /etc/rsyslog.d /etc/syslog-ng \
  /etc/tomcat /etc/tomcat9 /etc/tomcat10 /etc/tomcat11 /etc/mongod.conf /etc/mongodb.conf \
  /etc/couchdb /opt/couchdb/etc /etc/elasticsearch /etc/opensearch /etc/docker/daemon.json \
  /etc/openvpn /etc/swanctl /etc/ipsec.conf /etc/mosquitto /etc/rabbitmq /etc/grafana \
  /etc/samba/smb.conf /etc/caddy /etc/traefik /etc/pure-ftpd /etc/webmin/miniserv.conf; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
named_in() {
  grep -RHiE -e '^[[:blank:]]*[^#;[:blank:]].*(cert|key|crt|chain).*[/.]' \
    -e '^[[:blank:]]*include[a-z_]*[^a-z/]+/' "$@" | awk '
  BEGIN {
    relative = "ssl_?(cert|key)(ificate)?(_?key)?(_?file)?[ \t=]+[\"\047]?[a-z0-9_.][^ \t;\"\047]*"
  }
  # What a path without a leading slash begins at.
  function base(file) {
    if (match(file, /^\/etc\/(nginx|apache2|httpd)\//)) return substr(file, 1, RLENGTH)
    if (file !~ /\/postgresql(\.auto)?\.conf$/) return ""
    sub(/[^\/]*$/, "", file); sub(/^\/etc\//, "/var/lib/", file)
    return file
  }
  { file = $0; sub(/:.*/, "", file); line = substr($0, length(file) + 2)
    if (file ~ /(sites|mods|conf)-available|snippets.snakeoil/) next
    sub(/[ \t]#.*/, "", line)
    if (tolower(line) ~ /^[ \t]*include[a-z_]*[^a-z\/]+\//) {
      match(line, /\/[^ \t\r;"\047]*/); path = substr(line, RSTART, RLENGTH)
      if (path !~ /^\/(etc\/(nginx|apache2|httpd|letsencrypt|postgresql|redis)|usr\/share)\//)
        print "I" path
      next
    }
    from = base(file)
    while (from != "" && match(tolower(line), relative)) {
      path = substr(line, RSTART, RLENGTH)
      line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
      sub(/^[A-Za-z_]*[ \t=]+["\047]?/, "", path)
      if (path !~ /[$:]/) print "U" file "\t" from path
    }
    while (match(line, /\/[A-Za-z0-9_.\/@%+-]+/)) {
      path = substr(line, RSTART, RLENGTH)
      word = tolower(substr(line, 1, RSTART - 1)); line = substr(line, RSTART + RLENGTH)
      sub(/[ \t"\047=<:]*$/, "", word); sub(/.*[ \t({;]/, "", word)
      if (word ~ /(^|[_-]|ssl|tls)ca([_-]|cert|file|path|rev|$)|trusted|client_cert|crl|chainfile/)
        continue
      if (path ~ /\/ca-(certificates|bundle)/) continue
      if (path ~ /^\/(proc|sys|dev|)\//) continue
      if (word == "crt" && path !~ /\.[a-z0-9]+$/) sub(/\/*$/, "/", path)
      else if (path !~ /\.(pem|crt|cer|key|p12|pfx|jks)$|(cert|key)[^\/]*$/) continue
      print "U" file "\t" path
    } }' | sort -u
}
named=''
[ $# -eq 0 ] || named=$(named_in "$@")
# Files that they include from elsewhere, one step far.
case $named in
  I*)
    set --
    for path in $named; do
      case $path in I*) ;; *) continue ;; esac
      for file in ${path#I}; do
        if [ -f "$file" ]; then set -- "$@" "$file"; fi
      done
    done
    case $named in
      *"${NL}U"*) named=U${named#*"${NL}U"} ;;
      *) named='' ;;
    esac
    if [ $# -gt 0 ]; then
      more=$(named_in "$@")
      while :; do
        case $more in
          I*"$NL"*) more=${more#*"$NL"} ;;
          I*) more='' ;;
          *) break ;;
        esac
      done
      named=$named${named:+${more:+$NL}}$more
    fi
    ;;
esac
[ -z "$named" ] || printf '%s\n' "$named"

# Folders of services, ~/.ssh of accounts: one find over all.
set --
for path in /etc/ssl /etc/pki /etc/nginx /etc/apache2 /etc/httpd /etc/lighttpd /etc/haproxy \
  /etc/letsencrypt/live /etc/postgresql /var/lib/pgsql/data/server.* /etc/mysql \
  /etc/my.cnf.d /var/lib/mysql/*.pem /etc/postfix /etc/dovecot /etc/exim4 /etc/ldap \
  /etc/openldap /etc/stunnel /etc/openvpn /etc/ipsec.d /etc/swanctl /etc/redis /etc/orthanc \
  /etc/docker /etc/kubernetes; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
homes=''
while IFS=: read -r _ _ uid _ _ home _; do
  if [ -d "$home/.ssh" ]; then
    case $homes in *"$home/.ssh$NL"*) continue ;; esac
    homes=$homes$home/.ssh$NL
    printf 'H%s %s\n' "$uid" "$home/.ssh"
    set -- "$@" "$home/.ssh"
  elif [ -d "$home" ] && [ ! -x "$home" ]; then note denied "$home/.ssh"
  fi
done </etc/passwd
found=''
if [ $# -gt 0 ]; then
  found=$(find "$@" -maxdepth 6 \( -path /etc/pki/ca-trust -o -path /etc/pki/java \
    -o -path /etc/pki/rpm-gpg -o -path /etc/ssl/certs/java \) -prune -o \
    \( -type f -o -path '/etc/letsencrypt/live/*' -type l \) ! -name "*$NL*" -size +0 -size -200k \
    \( -path '*/.ssh/*' ! -name '*.pub' ! -name 'known_hosts*' ! -name 'authorized_keys*' \
    ! -name config -o -name '*.pem' -o -name '*.crt' -o -name '*.cer' -o -name '*.key' \
    -o -name '*.p12' -o -name '*.pfx' -o -name '*.jks' -o -name '*.keystore' -o -name '*.ppk' \
    -o -name '*_key' \) ! -name ca-certificates.crt ! -name 'ca-bundle*' -print 2>&1 | head -n 1000)
fi
# A folder that is named stands for its files.
files_of() {
  for path; do
    path=${path#*"	"}
    case $path in
      */) printf '%s\n' "$path"* ;;
      *) printf '%s\n' "$path" ;;
    esac
  done
}
# shellcheck disable=SC2086  # one path a line
[ -z "$named" ] || named=$(files_of $named)
set --
set -f
for path in $found; do
  case $path in
    find:*) note denied "${path#find: }"; continue ;;
    /*) ;;
    *) continue ;;
  esac
  if [ -r "$path" ]; then set -- "$@" "$path"; else note denied "$path"; fi
done
for path in $named; do
  if [ -d "$path" ] || [ ! -e "$path" ]; then continue; fi
  case $NL$found$NL in *"$NL$path$NL"*) continue ;; esac
  if [ ! -f "$path" ]; then note special "$path"
  elif [ -r "$path" ]; then set -- "$@" "$path"
  else note denied "$path"
  fi
done
printf 'N%s\n' $#
[ $# -gt 0 ] || exit 0
if [ $# -ge 990 ]; then note cut "more files than are looked at"; fi
stat -L -c 'S%a %U %G %n' -- "$@" || note error "stat of keys"
NAMED=$NL$named$NL awk '
FNR == 1 {
  if (certificates <= most) printf "%s", held
  most = index(ENVIRON["NAMED"], "\n" FILENAME "\n") ? 16 : 4
  print "F" FILENAME; inside = 0; wait = 0; putty = 0; certificates = 0; held = ""
}
END { if (certificates <= most) printf "%s", held }
wait == 1 {
  wait = 0
  if (kind == "openssh") hidden = index($0, "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU") == 1 ? "no" : "yes"
  else hidden = /^Proc-Type:.*ENCRYPTED/ ? "yes" : "no"
  print "K" kind " " hidden
}
/^-----BEGIN ([A-Z]+ )?CERTIFICATE-----/ {
  if (++certificates <= most) { inside = 1; lines = 0; held = held "C\n" }
  next
}
/^-----END/ { inside = 0; next }
inside { if (++lines < 200 && /^[A-Za-z0-9+\/=]+\r?$/) held = held ":" $0 "\n"; next }
/^-----BEGIN ENCRYPTED PRIVATE KEY-----/ { print "Kpkcs8 yes"; next }
/^-----BEGIN PRIVATE KEY-----/ { print "Kpkcs8 no"; next }
/^-----BEGIN [A-Z]+ PRIVATE KEY-----/ { kind = tolower($2); wait = 1; next }
/^PuTTY-User-Key-File-/ { putty = 1; next }
putty && /^Encryption:/ { print "Kputty " ($2 ~ /^none/ ? "no" : "yes"); putty = 0 }
' "$@" || note error "reading keys"
"""

CERTIFICATE_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "index": Field(FieldType.INTEGER, "place in the file; 0 is the server's own certificate"),
    "subject_cn": Field(FieldType.TEXT, "common name of the subject"),
    "issuer_cn": Field(FieldType.TEXT, "common name of the issuer"),
    "not_before": Field(FieldType.TIME, "start of validity"),
    "not_after": Field(FieldType.TIME, "end of validity"),
    "key_type": Field(FieldType.TEXT, "rsa, dsa, ec, ed25519 or ed448"),
    "bits": Field(FieldType.INTEGER, "size of the key"),
    "key_grade": Field(FieldType.TEXT, "ok, warn or fail, by type and size"),
    "signature_hash": Field(FieldType.TEXT, "hash under the signature"),
    "signature_grade": Field(
        FieldType.TEXT, "ok, warn or fail; a root's own signature is not relied on and is ok"
    ),
    "self_signed": Field(FieldType.BOOLEAN, "whether subject and issuer are the same"),
    "is_ca": Field(FieldType.BOOLEAN, "whether it may sign other certificates"),
    "snakeoil": Field(
        FieldType.BOOLEAN, "whether it is the throw-away certificate that a package made"
    ),
    "used_by": Field(FieldType.LIST, "service configurations that name the file as their own"),
    "in_use": Field(FieldType.BOOLEAN, "whether a service configuration names the file as its own"),
}
KEY_FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "kind": Field(FieldType.TEXT, "rsa, ec, dsa, pkcs8, openssh, putty, or keystore (p12, jks)"),
    "encrypted": Field(FieldType.BOOLEAN, "whether a passphrase guards it; unknown for keystores"),
    "mode": Field(FieldType.MODE, "permission bits"),
    "owner": Field(FieldType.TEXT, "owner of the file"),
    "group": Field(FieldType.TEXT, "group of the file"),
    "folder": Field(FieldType.TEXT, "the folder it is in"),
    "personal": Field(FieldType.BOOLEAN, "whether it lies in ~/.ssh of an account"),
    "exposed": Field(
        FieldType.BOOLEAN,
        "whether others can read or change it, or its group can change it; for a key in ~/.ssh"
        " also whether the group can read it",
    ),
    "used_by": Field(FieldType.LIST, "service configurations that name the file as their own"),
}


PROBE: Final = Probe(
    name="keys",
    facts=(
        FactSpec(
            "certificate",
            "Certificates in the folders of services, or named by their configurations.",
            ("path", "index"),
            CERTIFICATE_FIELDS,
        ),
        FactSpec(
            "private_key",
            "Private keys of services and in ~/.ssh; the server's host keys are ssh_host_key.",
            ("path",),
            KEY_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
