r"""Settings that hold secrets: hidden on the target, and once more when they are parsed.

`HIDE` is an awk program for the output of `files` (hipscan.probes.base). Of a setting whose name
looks like a secret only `hidden` leaves the host, and nothing where the value is empty; comments
leave it without their text. What the host sent is never trusted: `seen` decides again.

    :requirepass s3cret             ->  :requirepass hidden
    :# old password: s3cret         ->  :
    :minlen = 12  # as Eve asked    ->  :minlen = 12  #
    :url http://joe:s3cret@db/x     ->  :url http://hidden@db/x
"""

import re
from typing import Final

HIDDEN: Final = "hidden"

# Environment=TOKEN=... of a unit's configuration is there for secrets as well.
_TELLING: Final = (
    "pass|secret|token|credential|community|conninfo|psk|salt|^user$"
    "|^(manager|default)?environment$"
)
_PERHAPS: Final = "key|auth"  # a path says where the key is, anything else may be the key
# Settings about passwords and keys that hold none.
_HARMLESS: Final = (
    "pass_(max|min|warn|change|always)[a-z_]*|password_encryption|password_times|"
    "keyfile|keysdir|krb5_?key[a-z_]*|prevent_no_auth|auth_?delay|passwordauthentication"
)

HIDE: Final = rf"""
hide() {{ awk '
function scrub(text,   found) {{
  found = ""
  while (match(text, /:\/\/[^\/@ \t]*@/)) {{
    found = found substr(text, 1, RSTART - 1) "://{HIDDEN}@"
    text = substr(text, RSTART + RLENGTH)
  }}
  return found text
}}
!/^:/ {{ print; next }}
{{
  line = substr($0, 2)
  sub(/^[ \t]+/, "", line)
  if (line ~ /^[#;]/) {{ print ":"; next }}
  sub(/[ \t]#.*$/, " #", line)
  if (!match(line, /^[^ \t=]+[ \t]*=?[ \t]*/)) {{ print ":" scrub(line); next }}
  head = substr(line, 1, RLENGTH); value = substr(line, RLENGTH + 1)
  key = tolower(head); sub(/[ \t]*=?[ \t]*$/, "", key); gsub(/-/, "_", key)
  if (key !~ /^({_HARMLESS})$/ &&
      (key ~ /{_TELLING}/ || key ~ /{_PERHAPS}/ && value !~ /^["\047]?\//))
    value = value ~ /^["\047 \t]*$/ ? "" : "{HIDDEN}"
  print ":" head scrub(value)
}}'; }}
"""

_TELLING_KEY: Final = re.compile(_TELLING)
_PERHAPS_KEY: Final = re.compile(_PERHAPS)
_HARMLESS_KEY: Final = re.compile(_HARMLESS)


def seen(key: str, value: str) -> str:
    """Return what a fact may say of a setting: the value, or only `set` or `empty`."""
    plain = key.lower().replace("-", "_")
    bare = value.strip("\"' \t")
    if _HARMLESS_KEY.fullmatch(plain):
        return value
    perhaps = _PERHAPS_KEY.search(plain) and not bare.startswith("/")
    if perhaps or _TELLING_KEY.search(plain):
        return "set" if bare else "empty"
    return value
