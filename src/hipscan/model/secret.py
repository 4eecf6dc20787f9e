"""A secret that cannot be shown by accident."""

from typing import final


@final
class Secret:
    """A password or passphrase; its repr, str and format show nothing of it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself; call this only where it goes onto the wire."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__
