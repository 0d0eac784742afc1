"""What others say, for a terminal."""


def plain(text: str) -> str:
    """On one line; what a host says may hold anything, escape sequences of a terminal too."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
