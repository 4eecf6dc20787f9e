"""The repository files of dnf and zypper, with the defaults of the main configuration."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Record, Value

_MAIN: Final = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
_ZYPPER: Final = "/etc/zypp/"
_TRUE: Final = ("1", "yes", "true", "on")
_ADDRESSES: Final = ("baseurl", "metalink", "mirrorlist")

Section = Mapping[str, str]


def rpm_repositories(files: Mapping[str, Sequence[str]]) -> list[Record]:
    """Return the repositories that the files name; dnf checks nothing unless it is told to.

    [baseos]
    name=AlmaLinux $releasever - BaseOS
    mirrorlist=https://mirrors.almalinux.org/mirrorlist/$releasever/baseos
    enabled=1
    gpgcheck=1
    """
    main, zypper = _main(files, _MAIN), _main(files, (f"{_ZYPPER}zypp.conf",))
    return [
        _record(path, line, name, section, zypper if path.startswith(_ZYPPER) else main)
        for path, lines in files.items()
        if not path.startswith("/etc/apt/")
        for line, name, section in sections(lines)
        if name != "main"
    ]


def _main(files: Mapping[str, Sequence[str]], paths: Sequence[str]) -> Section:
    found: Section = {}
    for path in paths:
        for _, name, section in sections(files.get(path, ())):
            found = section if name == "main" else found
    return found


def sections(lines: Sequence[str]) -> Iterator[tuple[int, str, Section]]:
    """Return (line, name, keys) of each section; a line that is indented goes on with a value."""
    start, name, key = 0, "", ""
    values: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("[") and text.endswith("]"):
            if start:
                yield start, name, values
            start, name, key, values = number, text[1:-1], "", {}
        elif line[0] in " \t" and key:
            values[key] += " " + text
        else:
            key, _, value = text.partition("=")
            key = key.strip().lower()
            values[key] = value.strip()
    if start:
        yield start, name, values


def _record(path: str, line: int, name: str, section: Section, main: Section) -> Record:
    is_zypper = path.startswith(_ZYPPER)
    merged = {"gpgcheck": "1" if is_zypper else "0", **main, **section}
    uri = next((section[key].split()[0] for key in _ADDRESSES if section.get(key)), "")
    gpgcheck = _flag(merged.get("pkg_gpgcheck", merged["gpgcheck"]))
    record: dict[str, Value] = {
        "manager": "zypper" if is_zypper else "dnf",
        "uri": uri,
        "suite": name,
        "scheme": uri.partition(":")[0],
        "enabled": _flag(section.get("enabled", "1")),
        "verified": gpgcheck,
        "gpgcheck": gpgcheck,
        # To zypper gpgcheck means the lists as well.
        "repo_gpgcheck": _flag(
            merged.get("repo_gpgcheck", merged["gpgcheck"] if is_zypper else "0")
        ),
        "sslverify": _flag(merged.get("sslverify", "1")),
        "file": path,
        "line": line,
    }
    return record


def _flag(value: str) -> bool:
    return value.lower() in _TRUE
