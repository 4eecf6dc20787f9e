"""What the fields of an inventory may hold, so that none can become an option or a shell word.

Host and user names are judged as on the command line (`hipscan.model.target`). A path of an
identity is made absolute by its reader, and holds nothing that ssh would expand. What reaches
the script's data is one printable line.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hipscan.errors import UsageError
from hipscan.model.target import check_host, check_port, check_user

T = TypeVar("T", str, int)
Scalar: TypeAlias = str | int | float | bool
Variable: TypeAlias = Scalar | tuple[Scalar, ...]

_GROUP: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_VARIABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_RESERVED: Final = frozenset({"groups", "phi", "phi_paths", "target"})
_LONGEST_PATH: Final = 4096
_LONGEST_TEXT: Final = 4096


class Strict(BaseModel):
    """Base of all models here: unknown keys are mistakes, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _judged(judge: Callable[..., T], where: str) -> Callable[[T], T]:
    """Turn a judge that raises UsageError into one that pydantic understands."""

    def validate(value: T) -> T:
        try:
            return judge(value, where=where)
        except UsageError as error:
            raise ValueError(error.message, error.hint) from None

    return validate


def _group(name: str) -> str:
    if not _GROUP.fullmatch(name):
        raise ValueError(
            f"groups: {name!r} is not a group name", "use letters, digits, '.', '_' and '-'"
        )
    return name


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"variables: {name!r} is not a name", "use small letters, digits and '_', as in $name"
        )
    if name in _RESERVED:
        raise ValueError(f"variables: {name!r} is the target's own", "use another name")
    return name


def _value(value: Variable) -> Variable:
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and (len(text) > _LONGEST_TEXT or not text.isprintable()):
            raise ValueError(f"variables: {text[:40]!r} is not one printable line")
    return value


def _phi_path(path: str) -> str:
    if not path.startswith("/") or not path.isprintable() or len(path) > _LONGEST_PATH:
        raise ValueError(
            f"phi_paths: {path!r} is not an absolute path", "write it in full, from / on"
        )
    if {".", ".."} & set(path.split("/")):
        raise ValueError(f"phi_paths: {path!r} goes through '.' or '..'", "write it in full")
    return path if path == "/" else path.rstrip("/")


def _identity(path: str) -> str:
    if not path or not path.isprintable() or set("%$`") & set(path) or len(path) > _LONGEST_PATH:
        raise ValueError(
            f"identity: {path!r} is not a path of a key file",
            "ssh would expand '%' and '$'; write the path in full, or from ~ on",
        )
    try:
        Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"identity: {path!r} starts in a home that there is not") from None
    return path


_HOST_PATTERN: Final = {"pattern": "^[A-Za-z0-9_:][A-Za-z0-9._:%-]*$"}

HostName = Annotated[
    str, AfterValidator(_judged(check_host, "hosts")), Field(json_schema_extra=_HOST_PATTERN)
]
Address = Annotated[
    str, AfterValidator(_judged(check_host, "address")), Field(json_schema_extra=_HOST_PATTERN)
]
User = Annotated[str, AfterValidator(_judged(check_user, "user"))]
Port = Annotated[
    int,
    AfterValidator(_judged(check_port, "port")),
    Field(json_schema_extra={"minimum": 1, "maximum": 65535}),
]
GroupName = Annotated[str, AfterValidator(_group)]
Identity = Annotated[str, AfterValidator(_identity)]
PhiPath = Annotated[str, AfterValidator(_phi_path)]
VariableName = Annotated[str, AfterValidator(_variable)]
VariableValue = Annotated[Variable, AfterValidator(_value)]
