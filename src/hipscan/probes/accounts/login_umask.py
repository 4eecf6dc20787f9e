"""Which rights new files get after a login: pam_umask and login.defs, then the files of shells.

Shells read their files last, so a umask there wins: for everybody the last file that has one, for
root one of root's own. A shell that is not a login shell, as `sudo -s` starts one, reads files
called bashrc alone; what they say counts where it is looser. Where a file has several, behind
conditions perhaps, the loosest counts.
Without any, pam_umask(8) takes its argument or UMASK of login.defs(5); without pam_umask the
kernel's default of 022 holds. That pam_umask gives the group of one account alone the rights of
its owner (USERGROUPS_ENAB, as on Debian 13) opens nothing to others and is left out.
"""

from collections.abc import Callable, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing, ok
from hipscan.model.knowledge import Knowledge
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "login_umask",
    "Which rights new files get after a login.",
    ("who",),
    {
        "who": Field(FieldType.TEXT, "people or root"),
        "leaves": Field(FieldType.MODE, "the rights that the umask leaves a new folder"),
        "file": Field(FieldType.TEXT, "the file that decides; empty for the kernel's default"),
        "line": Field(FieldType.INTEGER, "its line"),
    },
)

_FULL: Final = 0o777
_ORDER: Final = ("/etc/profile", "/etc/bash.bashrc", "/etc/profile.d/", "/etc/bashrc")

FactReader = Callable[[str], Fact]


def derive(get: FactReader, _knowledge: Knowledge) -> Fact:
    """Return a record for people and one for root; not known where one of the files is not."""
    settings, rules, defaults = (get(n) for n in ("umask_setting", "pam_rule", "login_defs"))
    if not settings.is_decided:
        return missing(settings.status, settings.reason)
    base = _from_pam(rules, defaults)
    records = []
    for who in ("people", "root"):
        mine = [each for each in settings.records if who == "root" or not each["of_root"]]
        chosen = _loosest(_last(mine) or base, _last([m for m in mine if _is_for_all_shells(m)]))
        if isinstance(chosen, FactStatus):
            return missing(chosen, "PAM or login.defs could not be read")
        records.append({"who": who, **chosen})
    return ok(*records)


def _is_for_all_shells(setting: Record) -> bool:
    return str(setting["file"]).endswith(("/.bashrc", "/bash.bashrc", "/etc/bashrc"))


def _loosest(login: Record | FactStatus, every: Record | None) -> Record | FactStatus:
    """Return what a login shell has, or else what every shell has where that leaves more."""
    if every is None or isinstance(login, FactStatus):
        return every or login
    return max(login, every, key=_left)


def _left(setting: Record) -> int:
    """Return how many rights are left; all of them where that is not known."""
    return int(str(setting["leaves"] or "0777"), 8).bit_count()


def _last(settings: Sequence[Record]) -> Record | None:
    if not settings:
        return None
    last = max(map(_rank, settings))
    inside = [each for each in settings if _rank(each) == last]
    loosest = max(inside, key=_left)
    return {"leaves": loosest["leaves"], "file": loosest["file"], "line": loosest["line"]}


def _rank(setting: Record) -> tuple[int, str]:
    path = str(setting["file"]).replace("/usr/etc/", "/etc/", 1)
    if setting.get("late"):
        return _ORDER.index("/etc/bashrc"), ""
    for number, start in enumerate(_ORDER):
        if path == start or (start.endswith("/") and path.startswith(start)):
            return number, path
    return len(_ORDER), path  # a file of root's own


def _from_pam(rules: Fact, defaults: Fact) -> Record | FactStatus:
    if not rules.is_decided:
        return rules.status
    used = [
        rule
        for rule in rules.records
        if rule["service"] in ("login", "sshd")
        and rule["type"] == "session"
        and rule["module"] == "pam_umask.so"
    ]
    if not used:
        return {"leaves": "0755", "file": "", "line": 0}
    words: Value = used[0]["arguments"]
    for word in words if isinstance(words, list | tuple) else ():
        key, _, value = str(word).partition("=")
        if key == "umask" and value.isdigit():
            mask = f"{_FULL & ~int(value, 8) & _FULL:04o}"
            return {"leaves": mask, "file": used[0]["file"], "line": used[0]["line"]}
    if not defaults.is_decided:
        return defaults.status
    umask = defaults.records[0]["umask"] if defaults.records else "0022"
    leaves = None if umask is None else f"{_FULL & ~int(str(umask), 8):04o}"
    return {"leaves": leaves, "file": "/etc/login.defs", "line": 0}
