r"""What is read of Postfix: settings that matter, their defaults, the shell that finds them.

Only these settings leave the host, of main.cf also those whose $names they hold, and of master.cf
the SMTP servers and what sends. `postconf -d` prints built-in defaults; it reads nothing else and
writes nothing.
"""

from collections.abc import Mapping
from typing import Final

CERTIFICATES: Final = (
    "smtpd_tls_cert_file",
    "smtpd_tls_chain_files",
    "smtpd_tls_dcert_file",
    "smtpd_tls_eccert_file",
)
# Built-in defaults that matter where `postconf -d` did not answer (postconf(5)).
DEFAULTS: Final[Mapping[str, str]] = {
    "compatibility_level": "0",
    "disable_vrfy_command": "no",
    "inet_interfaces": "all",
    "mynetworks": "",
    "mynetworks_style": "${{$compatibility_level} <level {2} ? {subnet} : {host}}",
    "relayhost": "",
    "smtp_enforce_tls": "no",
    "smtp_sasl_auth_enable": "no",
    "smtp_tls_mandatory_protocols": ">=TLSv1",
    "smtp_tls_protocols": ">=TLSv1",
    "smtp_tls_security_level": "",
    "smtp_tls_wrappermode": "no",
    "smtp_use_tls": "no",
    "smtpd_enforce_tls": "no",
    "smtpd_recipient_restrictions": "",
    "smtpd_relay_restrictions": "${{$compatibility_level} <level {1} ? {} : "
    "{permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}",
    "smtpd_sasl_auth_enable": "no",
    **dict.fromkeys(CERTIFICATES, ""),
    "smtpd_tls_auth_only": "no",
    "smtpd_tls_mandatory_protocols": ">=TLSv1",
    "smtpd_tls_protocols": ">=TLSv1",
    "smtpd_tls_security_level": "",
    "smtpd_tls_wrappermode": "no",
    "smtpd_use_tls": "no",
}

SCRIPT: Final = rf"""
if command -v postconf >/dev/null; then
  postconf -d mail_version {" ".join(DEFAULTS)} | sed 's/^/default /'
fi
set --
for top in /etc/postfix /etc/postfix-*; do
  for path in "$top/main.cf" "$top/master.cf"; do
    if [ -e "$path" ]; then set -- "$@" "$path"; fi
  done
done
files "$@" | awk -v keys="{"|".join(DEFAULTS)}" '
function flush() {{ if (held != "") {{ n++; text[n] = held; master[n] = inside }}; held = "" }}
BEGIN {{ count = split(keys, each, "|"); for (i = 1; i <= count; i++) wanted[each[i]] = 1 }}
!/^:/ {{ flush(); n++; text[n] = $0; other[n] = 1; inside = /\/master\.cf$/; next }}
{{ line = substr($0, 2) }}
line ~ /^[ \t]*(#|$)/ {{ next }}
line ~ /^[ \t]/ {{ held = held line; next }}
{{ flush(); held = line }}
END {{
  flush()
  for (i = 1; i <= n; i++) {{
    if (other[i]) continue
    name[i] = text[i]; sub(/[ \t]*=.*/, "", name[i])
    if (master[i]) {{
      split(text[i], part, /[ \t]+/)
      sends = part[1] part[2] part[8] == "smtpunixsmtp"
      if (part[8] !~ /^(smtpd|postscreen)$/ && !sends) {{ text[i] = ""; continue }}
      out = part[1]; for (k = 2; k <= 8; k++) out = out " " part[k]
      rest = text[i]
      while (match(rest, /-o[ \t]*(\{{[^\}}]*\}}|[^ \t]+)/)) {{
        piece = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
        key = piece; sub(/^-o[ \t]*\{{?[ \t]*/, "", key); sub(/[ \t]*=.*/, "", key)
        if (key in wanted) out = out " " piece
      }}
      text[i] = out
    }}
  }}
  do {{
    more = 0
    for (i = 1; i <= n; i++) {{
      if (other[i] || done[i] || text[i] == "") continue
      if (!master[i] && !(name[i] in wanted)) continue
      done[i] = more = 1; rest = text[i]
      while (match(rest, /[$][\{{(]*[A-Za-z0-9_]+/)) {{
        key = substr(rest, RSTART, RLENGTH); gsub(/[$\{{(]/, "", key)
        rest = substr(rest, RSTART + RLENGTH); wanted[key] = 1
      }}
    }}
  }} while (more)
  for (i = 1; i <= n; i++) if (other[i]) print text[i]; else if (done[i]) print ":" text[i]
}}'
"""
