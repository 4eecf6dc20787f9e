r"""OpenEMR: the database's password of each site, what the set-up leaves, and who gets documents.

Found by sites/NAME/sqlconf.php below the folders of web servers. The documents of patients lie
below the web root, in sites/NAME/documents; OpenEMR's installation notes tell to deny the folder in
Apache or nginx, and so either of these, or a .htaccess that Apache heeds (AllowOverride), must say
so. Of sqlconf.php nothing but the state of the password leaves the host (its shipped one is public:
openemr/openemr, sites/default/sqlconf.php).
"""

import re
from typing import Final

from hipscan.model.fact import FactStatus, Record, Value, absent, missing
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
from hipscan.probes.modes import CLOSED, MODE_FIELDS, MODES, read_modes

_LEFT: Final = "setup.php admin.php acl_setup.php acl_upgrade.php sl_convert.php sql_upgrade.php"
_SERVERS: Final = (
    "/etc/apache2/apache2.conf /etc/apache2/conf-enabled/*.conf /etc/apache2/sites-enabled/* "
    "/etc/apache2/conf.d/*.conf /etc/apache2/vhosts.d/*.conf "
    "/etc/httpd/conf/httpd.conf /etc/httpd/conf.d/*.conf /etc/nginx/*.conf "
    "/etc/nginx/conf.d/*.conf /etc/nginx/default.d/*.conf "
    "/etc/nginx/snippets/*.conf /etc/nginx/sites-enabled/*"
)

SCRIPT: Final = (
    MODES
    + CLOSED
    + rf"""
set --
for path in /var/www/*/sites/*/sqlconf.php /var/www/*/*/sites/*/sqlconf.php \
    /srv/*/sites/*/sqlconf.php /srv/www/*/sites/*/sqlconf.php /opt/*/sites/*/sqlconf.php \
    /usr/share/*/sites/*/sqlconf.php /var/www/localhost/htdocs/*/sites/*/sqlconf.php; do
  [ ! -f "$path" ] || set -- "$@" "$path"
done
if [ $# -eq 0 ]; then
  closed /var/www /var/www/* /srv/* /opt/* /usr/share/openemr /var/www/*/sites /var/www/*/sites/*
  printf 'none\n'; exit 0
fi
files "$@" | awk '
  /^[F!]/ {{ print; next }}
  /^:[ \t]*\$(login|pass|config)[ \t]*=/ {{
    name = $0; sub(/^:[ \t]*\$/, "", name); sub(/[ \t]*=.*/, "", name)
    value = $0; sub(/^[^=]*=[ \t]*/, "", value); sub(/[ \t]*;.*$/, "", value)
    quoted = value ~ /^["\047]/
    gsub(/["\047]/, "", value)
    if (name == "config") print ":config " (value == "1" ? "done" : "open")
    else if (!quoted) print ":" name " variable"
    else print ":" name " " (value == "" ? "empty" : \
      value ~ /^(openemr|root|pass|password|admin)$/ ? "known-default" : "set")
  }}'
modes "$@"
roots=$NL
for path in "$@"; do
  site=${{path%/sqlconf.php}}; root=${{site%/sites/*}}
  if [ -d "$site/documents" ]; then
    for rule in "$site/documents/.htaccess" "${{site%/*}}/.htaccess"; do
      [ -f "$rule" ] && grep -qiE '^[[:blank:]]*(deny from all|require all denied)' "$rule" &&
        printf 'H%s\n' "$site"
    done
    printf 'P%s\n' "$site"
  fi
  case $roots in *"$NL$root$NL"*) continue ;; esac
  roots=$roots$root$NL
  for name in {_LEFT}; do [ ! -e "$root/$name" ] || printf 'L%s %s\n' "$name" "$root"; done
done
set --
for path in {_SERVERS}; do
  [ -f "$path" ] || continue
  if [ -r "$path" ]; then set -- "$@" "$path"; else note denied "$path"; fi
done
if [ $# -gt 0 ]; then
  printf 'web\n'
  awk '
    /^[ \t]*#/ {{ next }}
    tolower($0) ~ /^[ \t]*(<(directory|location|files)(match)?[ \t]|location[ \t])/ {{
      inside = 1; head = $0
    }}
    tolower($0) ~ /^[ \t]*allowoverride[ \t].*(all|authconfig|limit)/ {{ print "O" FILENAME }}
    inside && tolower($0) ~ /(require all denied|deny from all|deny[ \t]+all|return[ \t]+40[34])/ {{
      if (head ~ /documents/) print "D" FILENAME
      if (head ~ /php/) print "N" head
      inside = 0
    }}
    /^[ \t]*(<\/|\}})/ {{ inside = 0 }}' "$@"
fi
printf 'E\n'
"""
)

FIELDS: Final = {
    "file": Field(FieldType.TEXT, "sites/NAME/sqlconf.php"),
    "site": Field(FieldType.TEXT, "name of the site"),
    "root": Field(FieldType.TEXT, "folder of the installation"),
    "installed": Field(FieldType.BOOLEAN, "whether the set-up was gone through; else anybody can"),
    "database_password": Field(FieldType.TEXT, "set, empty, variable or known-default"),
    "left_scripts": Field(FieldType.LIST, "scripts of the set-up that are there and not refused"),
    "documents": Field(FieldType.BOOLEAN, "whether it has a folder of patients' documents"),
    "documents_denied": Field(
        FieldType.BOOLEAN, "whether a web server's file or a .htaccess denies that folder"
    ),
    **MODE_FIELDS,
}


def parse(text: str, _status: int) -> Facts:
    """Parse the states of the settings, the modes, what is left, and the rules of web servers.

    F/var/www/openemr/sites/default/sqlconf.php
    :pass known-default
    :config done
    S81a4:33:33:www-data:www-data:/var/www/openemr/sites/default/sqlconf.php
    P/var/www/openemr/sites/default
    Lsetup.php /var/www/openemr
    web
    D/etc/apache2/sites-enabled/openemr.conf
    N<FilesMatch "^(setup|admin)[.]php$">
    O/etc/apache2/sites-enabled/openemr.conf
    E
    """
    seen = listing(text)
    if "none" in seen.plain:
        reason = judge_notes(seen.notes, ()).reason
        found = missing(FactStatus.DENIED, reason) if seen.notes else None
        return {"openemr_site": found or absent("OpenEMR is not installed")}
    if "E" not in seen.plain:
        raise ValueError("the answer has no end")
    modes = read_modes(seen.plain)
    unread = [note for note in seen.notes if note.text.endswith("/sqlconf.php")]
    records: list[Record] = [
        _record(path, lines, seen) | modes.get(path, {}) for path, lines in seen.files.items()
    ]
    return {"openemr_site": judge_notes(unread, records)}


def _record(path: str, lines: tuple[str, ...], seen: Listing) -> dict[str, Value]:
    settings = dict(line.split(" ", 1) for line in lines if " " in line)
    folder = path.removesuffix("/sqlconf.php")
    root, _, site = folder.rpartition("/sites/")
    left = [line[1:].split(" ", 1) for line in seen.plain if line.startswith("L")]
    return {
        "file": path,
        "site": site,
        "root": root,
        "installed": settings.get("config") == "done" if "config" in settings else None,
        "database_password": settings.get("pass"),
        "left_scripts": sorted(
            name for name, *place in left if place == [root] and not _is_refused(name, seen)
        ),
        "documents": f"P{folder}" in seen.plain,
        "documents_denied": _denied(folder, seen),
    }


def _is_refused(script: str, seen: Listing) -> bool:
    """Return whether a section of a web server that refuses everybody names the script."""
    stem = re.compile(rf"(?<![a-z_]){script.removesuffix('.php')}(?![a-z_])")
    return any(stem.search(head) for head in seen.behind("N"))


def _denied(folder: str, seen: Listing) -> bool | None:
    if seen.behind("D") or (f"H{folder}" in seen.plain and seen.behind("O")):
        return True
    hidden = [note for note in seen.notes if not note.text.endswith("/sqlconf.php")]
    return None if hidden or "web" not in seen.plain else False


PROBE: Final = Probe(
    name="openemr",
    facts=(FactSpec("openemr_site", "A site of OpenEMR.", ("root", "site"), FIELDS),),
    script=SCRIPT,
    parse=parse,
    commands=("stat",),
)
