r"""The one place where control characters are made visible.

Every string that came from a host, a pack or a feed passes through here before it reaches a
terminal, a log or a report. What is not printable (C0, DEL, C1, bidirectional overrides, zero
width characters, lone surrogates) becomes a visible escape: `\x1b`, `\u202e`.
"""


def _visible(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004  # the width of the two escapes
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the same


def line(text: str) -> str:
    """Return `text` as one printable line; newlines and tabs are made visible too."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _visible(char) for char in text)


def block(text: str) -> str:
    """Return `text` as printable lines: newlines stay, a tab becomes a space."""
    return "\n".join(line(part.replace("\t", " ")) for part in text.split("\n"))
