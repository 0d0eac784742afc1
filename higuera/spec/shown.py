"""Text that somebody else wrote, made safe for a terminal."""


def shown(text: str) -> str:
    """The text with what steers a terminal written as an escape (`\\x1b`); tabs stay."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()
