"""The fields of accounts, groups, login keys and sources of accounts, as rules see them."""

from typing import Final

from hipscan.probes.base import Field, FieldType

ACCOUNT: Final = {
    "name": Field(FieldType.TEXT, "login name"),
    "uid": Field(FieldType.INTEGER, "number of the account"),
    "gid": Field(FieldType.INTEGER, "number of its first group"),
    "home": Field(FieldType.TEXT, "home directory as passwd names it"),
    "shell": Field(FieldType.TEXT, "login shell; empty means /bin/sh"),
    "login": Field(FieldType.BOOLEAN, "whether the shell lets anybody in (not nologin or false)"),
    "system": Field(
        FieldType.BOOLEAN, "below UID_MIN or nobody; root is neither system nor person"
    ),
    "person": Field(FieldType.BOOLEAN, "at or above UID_MIN, not nobody, with a login shell"),
    "password": Field(
        FieldType.TEXT,
        "set; locked (no password can match); empty (none is asked for); none (no line in shadow)",
    ),
    "hash": Field(
        FieldType.TEXT,
        "method of the hash, also behind a lock: yescrypt, sha512, md5, des, ...",
    ),
    "shadowed": Field(FieldType.BOOLEAN, "whether passwd refers to shadow instead of a hash"),
    "last_change": Field(FieldType.TIME, "day of the last change of password; 0: due at login"),
    "min_days": Field(FieldType.INTEGER, "days before the password may change; 0 when not set"),
    "max_days": Field(FieldType.INTEGER, "days after which it must change; 99999 when not set"),
    "warn_days": Field(FieldType.INTEGER, "days of warning before that; 0 when not set"),
    "inactive_days": Field(FieldType.INTEGER, "days from an aged password to a closed account"),
    "expires": Field(FieldType.TIME, "day on which the account closes"),
    "last_login": Field(
        FieldType.TIME, "last login that lastlog, lastlog2 or wtmpdb knows; left out: never"
    ),
    "ways_in": Field(
        FieldType.LIST, "how one can log in as it: password, key; nothing: not at all"
    ),
    "group_exists": Field(FieldType.BOOLEAN, "whether its first group has a line in group"),
    "shell_listed": Field(FieldType.BOOLEAN, "whether /etc/shells names its login shell"),
    "home_exists": Field(FieldType.BOOLEAN, "whether the home is there"),
    "home_mode": Field(FieldType.MODE, "permission bits of the home"),
    "home_owner": Field(FieldType.TEXT, "owner of the home"),
    "home_owned": Field(FieldType.BOOLEAN, "whether the home belongs to the account or to root"),
    "home_group": Field(FieldType.TEXT, "group of the home"),
    "home_group_owned": Field(
        FieldType.BOOLEAN, "whether the home's group is the account's first group or root"
    ),
    "duplicate_uid": Field(FieldType.BOOLEAN, "whether another name has the same number"),
    "duplicate_name": Field(FieldType.BOOLEAN, "whether another line has the same name"),
    "twins": Field(FieldType.LIST, "the other names with the same number"),
    "line": Field(FieldType.INTEGER, "line of /etc/passwd"),
}
GROUP: Final = {
    "name": Field(FieldType.TEXT, "name of the group"),
    "gid": Field(FieldType.INTEGER, "its number"),
    "members": Field(FieldType.LIST, "accounts in it, by its own line or as their first group"),
    "duplicate_gid": Field(FieldType.BOOLEAN, "whether another group has the same number"),
    "duplicate_name": Field(FieldType.BOOLEAN, "whether another line has the same name"),
}
KEY: Final = {
    "account": Field(FieldType.TEXT, "who the key logs in as"),
    "fingerprint": Field(FieldType.TEXT, "SHA256:... as ssh-keygen -l prints it"),
    "type": Field(FieldType.TEXT, "type of the key, for example ssh-ed25519"),
    "bits": Field(FieldType.INTEGER, "size of the key"),
    "grade": Field(FieldType.TEXT, "ok, warn or fail"),
    "options": Field(FieldType.LIST, "names of its options; their values stay on the target"),
    "file": Field(FieldType.TEXT, "file that holds it"),
    "line": Field(FieldType.INTEGER, "line in the file"),
    "mode": Field(FieldType.MODE, "permission bits of the file"),
    "owner": Field(FieldType.TEXT, "owner of the file"),
    "modified": Field(FieldType.TIME, "last change of the file, so no key in it is younger"),
    "has_comment": Field(FieldType.BOOLEAN, "whether a remark says whose key it is"),
    "shared_with": Field(FieldType.LIST, "other people's accounts that the same key opens"),
    "account_login": Field(FieldType.BOOLEAN, "whether the account's shell lets anybody in"),
    "account_locked": Field(
        FieldType.BOOLEAN, "whether somebody locked a password that the account has"
    ),
    "account_expires": Field(FieldType.TIME, "day on which the account closes"),
}
SHELL: Final = {
    "path": Field(FieldType.TEXT, "a login shell that /etc/shells names"),
    "refuses": Field(FieldType.BOOLEAN, "whether it lets nobody in (nologin or false)"),
}
DEFAULTS: Final = {
    "inactive_days": Field(
        FieldType.INTEGER, "days from an aged password to a closed account; -1 for never"
    ),
}
SOURCE: Final = {
    "database": Field(FieldType.TEXT, "passwd, shadow or group"),
    "source": Field(FieldType.TEXT, "files, sss, ldap, winbind, nis, systemd, ..."),
    "local": Field(FieldType.BOOLEAN, "whether hipscan reads it"),
}
