"""Whether an id names a bad state: what is wrong, not what to do and not what is right.

`ssh-root-login` and `swap-not-encrypted` do; `ensure-swap-encrypted` and `swap-encrypted` do not.
A word that can stand for either, such as `enabled` or `open`, is left alone.
"""

from typing import Final

_ORDERS: Final = frozenset(
    {
        *("allow", "avoid", "check", "configure", "disable", "enable", "enforce", "ensure"),
        *("harden", "install", "limit", "make", "must", "protect", "remove", "require"),
        *("restrict", "secure", "set", "use", "verify"),
    }
)
# Words that begin like an order and are the name of a thing: set-uid-not-packaged, use-after-free.
_THINGS: Final = frozenset({("set", "uid"), ("set", "gid"), ("make", "file"), ("use", "after")})
_WISHES: Final = frozenset({"ensure", "must", "shall", "should"})
_PRAISE: Final = frozenset(
    {
        *("compliant", "correct", "encrypted", "enforced", "good", "hardened", "healthy"),
        *("protected", "restricted", "safe", "secure", "secured", "strong", "valid"),
        "verified",
    }
)
_NEGATIONS: Final = frozenset(
    {"not", "no", "never", "without", "nothing", "nobody", "half", "badly", "off"}
)


def unfit_word(name: str) -> str:
    """Return the word of an id that gives an order, utters a wish or praises; "" for a good id."""
    words = name.split("-")
    if words[0] in _ORDERS and tuple(words[:2]) not in _THINGS:
        return words[0]
    wishes = [word for word in words if word in _WISHES]
    if wishes or _NEGATIONS & set(words):
        return wishes[0] if wishes else ""
    return next((word for word in words if word in _PRAISE), "")
