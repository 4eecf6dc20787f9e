"""Key-value configuration files in general, and login.defs with its documented defaults.

Which files there are stands in hipscan.probes.files.config_files, how they read in
hipscan.probes.files.config_syntax. A file that may not be read gives one record whose key and value
are unknown, so that it costs only the rules that ask for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import dirname
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, absent, missing, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.files.config_files import FILES, ConfigFile
from hipscan.probes.files.config_syntax import Setting
from hipscan.probes.gathering import GATHER, by_precedence
from hipscan.probes.secrets import HIDE, seen

_PATHS: Final = " ".join(path for kind in FILES for path in kind.files)
_FOLDERS: Final = " ".join(folder for kind in FILES[1:] for folder in kind.folders)

SCRIPT: Final = (
    GATHER
    + HIDE
    + rf"""
{{
files {_PATHS}
gather .conf {_FOLDERS}
[ ! -d {FILES[0].folders[0]} ] || gather {FILES[0].suffix} {FILES[0].folders[0]}
}} | hide
"""
)

FIELDS: Final = {
    "name": Field(FieldType.TEXT, "which kind of file: " + ", ".join(kind.name for kind in FILES)),
    "section": Field(FieldType.TEXT, "the section, where there are any; for limits the domain: *"),
    "key": Field(FieldType.TEXT, "the setting, spelt as documented; for limits `hard core`"),
    "value": Field(FieldType.TEXT, "its value; of a setting that is a secret only set or empty"),
    "number": Field(FieldType.INTEGER, "the value, where it is a whole number"),
    "file": Field(FieldType.TEXT, "the file that sets it; nothing for a documented default"),
    "line": Field(FieldType.INTEGER, "the line of the file"),
    "effective": Field(FieldType.BOOLEAN, "whether this setting counts, or a later one hides it"),
    "default": Field(FieldType.BOOLEAN, "whether it is the documented default, set nowhere"),
}

LOGIN_DEFS: Final = {
    "file": Field(FieldType.TEXT, "the file that was read"),
    "encrypt_method": Field(FieldType.TEXT, "ENCRYPT_METHOD, upper case; DES where unset"),
    "pass_max_days": Field(FieldType.INTEGER, "PASS_MAX_DAYS; -1 where unset: never expires"),
    "pass_min_days": Field(FieldType.INTEGER, "PASS_MIN_DAYS; -1 where unset"),
    "pass_warn_age": Field(FieldType.INTEGER, "PASS_WARN_AGE in days; -1 where unset"),
    "umask": Field(FieldType.MODE, "UMASK; 0022 where unset"),
    "home_mode": Field(FieldType.MODE, "mode of new homes: HOME_MODE, else what UMASK leaves"),
    "uid_min": Field(FieldType.INTEGER, "UID_MIN, the first uid of people; 1000 where unset"),
    "uid_max": Field(FieldType.INTEGER, "UID_MAX; 60000 where unset"),
    "sha_crypt_min_rounds": Field(FieldType.INTEGER, "SHA_CRYPT_MIN_ROUNDS; 5000 where unset"),
    "log_ok_logins": Field(FieldType.BOOLEAN, "LOG_OK_LOGINS; no where unset"),
    "faillog_enab": Field(FieldType.BOOLEAN, "FAILLOG_ENAB; no where unset"),
    "login_retries": Field(FieldType.INTEGER, "LOGIN_RETRIES; 5 where unset"),
}


def parse(text: str, _status: int) -> Facts:
    """Parse the files of the table.

    F/etc/login.defs
    :UMASK 022
    !denied /etc/audit/auditd.conf
    """
    read = listing(text)
    records = [record for kind in FILES for record in _records(kind, read)]
    if not read.files and not read.notes:
        raise ValueError("neither a file nor a word about one")
    return {"config": ok(*records), "login_defs": _login_defs(read)}


def _records(kind: ConfigFile, read: Listing) -> Iterator[Record]:
    for note in read.notes:
        if note.kind != "absent" and _concerns(kind, note.text):
            yield _unknown(kind, note.text)
    settings = list(_settings(kind, read))
    last = {(setting.section, setting.key): place for place, (_, setting) in enumerate(settings)}
    for place, (path, setting) in enumerate(settings):
        holds = setting.key in kind.several or last[setting.section, setting.key] == place
        holds = holds and (bool(setting.value) or setting.key not in kind.defaults)
        yield _record(kind, path, setting, effective=holds)
    if settings or any(path in read.files for path in kind.files):
        made = {key for (_, key), place in last.items() if settings[place][1].value}
        for key, value in kind.defaults.items():
            if key not in made:
                yield _record(kind, "", Setting(kind.section, key, value, 0), effective=True)


def _concerns(kind: ConfigFile, path: str) -> bool:
    return path in kind.files or path in kind.folders or dirname(path) in kind.folders


def _unknown(kind: ConfigFile, path: str) -> Record:
    unknown = dict.fromkeys(("section", "key", "value", "number"))
    return {"name": kind.name, **unknown, "file": path, "line": 0, "effective": True}


def _settings(kind: ConfigFile, read: Listing) -> Iterator[tuple[str, Setting]]:
    main = next((path for path in kind.files if path in read.files), None)
    pieces = by_precedence(read.files, kind.folders)
    order = (*pieces, main) if kind.folders_first else (main, *pieces)
    for path in order:
        if path is not None:
            yield from _file(kind, path, read)


def _file(kind: ConfigFile, path: str, read: Listing) -> Iterator[tuple[str, Setting]]:
    """Yield what a file sets; programs pass over what stands in another section, or in none."""
    for setting in kind.reader(read.files[path]):
        if kind.section and setting.section != kind.section:
            continue
        key = setting.key.lower() if kind.fold else setting.key
        yield path, replace(setting, key=key)


def _record(kind: ConfigFile, path: str, setting: Setting, *, effective: bool) -> Record:
    value = seen(setting.key, setting.value)
    record: dict[str, str | int | bool] = {
        "name": kind.name,
        "key": setting.key,
        "value": value,
        "file": path,
        "line": setting.line,
        "effective": effective,
        "default": not path,
    }
    if setting.section:
        record["section"] = setting.section
    number = _number(value)
    return record if number is None else {**record, "number": number}


def _number(value: str, base: int = 10) -> int | None:
    try:
        return int(value, base) if value.isascii() else None
    except ValueError:
        return None


def _login_defs(read: Listing) -> Fact:
    kind = FILES[0]
    path = next((path for path in kind.files if path in read.files), None)
    for note in read.notes:
        if path is None and note.kind != "absent" and note.text in kind.files:
            return missing(FactStatus.DENIED, f"{note.kind}: {note.text}")
    if path is None:
        return absent("there is no login.defs")
    made = {setting.key: setting.value for _, setting in _settings(kind, read)}
    return ok(_login_record(path, made))


def _login_record(path: str, made: Mapping[str, str]) -> Record:
    def number(key: str, default: int) -> int | None:
        return _c_number(made[key]) if key in made else default

    umask = number("UMASK", 0o022)
    home = number("HOME_MODE", 0o777 & ~umask) if umask is not None else None
    return {
        "file": path,
        "encrypt_method": made.get("ENCRYPT_METHOD", "DES").strip('"').upper(),
        "pass_max_days": number("PASS_MAX_DAYS", -1),
        "pass_min_days": number("PASS_MIN_DAYS", -1),
        "pass_warn_age": number("PASS_WARN_AGE", -1),
        "umask": None if umask is None else f"{umask:04o}",
        "home_mode": None if home is None else f"{home:04o}",
        "uid_min": number("UID_MIN", 1000),
        "uid_max": number("UID_MAX", 60000),
        "sha_crypt_min_rounds": number("SHA_CRYPT_MIN_ROUNDS", 5000),
        "log_ok_logins": made.get("LOG_OK_LOGINS", "no").lower() == "yes",
        "faillog_enab": made.get("FAILLOG_ENAB", "no").lower() == "yes",
        "login_retries": number("LOGIN_RETRIES", 5),
    }


def _c_number(text: str) -> int | None:
    """Read a number as strtol(3) with base 0: 022 is octal, 0x12 is hexadecimal."""
    plain = text.strip('" \t')
    digits = plain.lstrip("+-")
    octal = len(digits) > 1 and digits.startswith("0") and digits[1:2].isdigit()
    return _number(plain, 8) if octal else _number(plain, 0)


PROBE: Final = Probe(
    name="config",
    facts=(
        FactSpec(
            "config",
            "Settings of the key-value files that hipscan knows, with drop-ins.",
            ("name", "section", "key"),
            FIELDS,
        ),
        FactSpec("login_defs", "login.defs(5) with its defaults.", ("file",), LOGIN_DEFS),
    ),
    script=SCRIPT,
    parse=parse,
)
