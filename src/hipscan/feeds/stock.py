"""Stock: what is installed, in the words of the feeds; made of facts by one module an ecosystem."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hipscan.versions import Scheme


@dataclass(frozen=True, slots=True)
class Item:
    """One installed thing as a feed would call it.

    `name` and `version` are looked up and compared; `source` is what results are merged by and
    shown as. `packages` are the installed binary packages behind it, `places` files where it was
    found. `module` is name:stream of the module that it was built for; `is_modular` says that it
    was built for one, known or not. `needs` is what a fix takes beyond an update. `inside` is what
    the thing is a part of, where it was not installed by itself. `compared` is the version that
    feeds know, where it is another one.
    """

    name: str
    version: str
    source: str
    packages: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    module: str = ""
    is_modular: bool = False
    needs: str = ""
    inside: str = ""
    compared: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """What is installed of one family of ecosystems.

    `label` is what the family is called to people, and `feed` what feed knows it; `ecosystems` is
    a pattern (re.fullmatch) of the names of ecosystems to look in. `unjudged` has packages that
    no feed can judge, with the reason. `repository` is the ISO time of the repositories that the
    target installs from, "" where it is not known. `subscribed` has what the target has of that
    fixes need (`Ubuntu Pro`). `longer` is a pattern of those of the ecosystems whose records go
    before the others', since the target gets its updates from there.
    """

    label: str
    feed: str
    ecosystems: str
    scheme: Scheme
    items: tuple[Item, ...]
    unjudged: Mapping[str, str] = field(default_factory=dict)
    repository: str = ""
    subscribed: frozenset[str] = frozenset()
    longer: str = ""
