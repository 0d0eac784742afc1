"""How systemd reads what we render, by its own code where that can be called.

`load_env_file` and `extract_first_word` are called in libsystemd-shared, which systemd itself runs.
Lines, specifiers and `$` are done here, as systemd.syntax(7), systemd.unit(5) and
systemd.service(5) say.
"""

import ctypes
import re
from pathlib import Path

import pytest

# extract-word.h: EXTRACT_CUNESCAPE, EXTRACT_UNQUOTE
CUNESCAPE, UNQUOTE = 1 << 1, 1 << 5


class RefusedError(Exception):
    """systemd would not start the service."""


class Systemd:
    """The functions of libsystemd-shared that read files of ours."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib").glob("**/systemd/libsystemd-shared-*.so"))
        if not found:
            pytest.fail("libsystemd-shared is needed: apt-get install systemd")
        self._library = ctypes.CDLL(str(found[-1]))

    def env_file(self, path: Path, text: str) -> dict[str, str]:
        """What `EnvironmentFile=` sets. Raises RefusedError when the file as a whole is refused."""
        path.write_bytes(text.encode(errors="surrogateescape"))
        entries = ctypes.POINTER(ctypes.c_char_p)()
        result = self._library.load_env_file(None, bytes(path), ctypes.byref(entries))
        if result < 0:
            raise RefusedError(-result)
        values = {}
        index = 0
        while entries and (entry := entries[index]) is not None:
            name, _, value = entry.decode().partition("=")
            values[name] = value
            index += 1
        return values

    def words(self, setting: str) -> list[str]:
        """The words of one `Key=` line, quotes and C escapes undone."""
        (line,) = re.split(r"[\n\r\0]", setting)
        rest = ctypes.c_char_p(line.encode())
        words: list[str] = []
        while True:
            word = ctypes.c_char_p()
            result = self._library.extract_first_word(
                ctypes.byref(rest), ctypes.byref(word), None, CUNESCAPE | UNQUOTE
            )
            if result < 0:
                raise RefusedError(-result)
            if result == 0:
                return words
            assert word.value is not None
            words.append(word.value.decode())

    def environment(self, setting: str) -> list[str]:
        """The assignments of an `Environment=` value."""
        return [without_specifiers(word) for word in self.words(setting)]

    def command(self, setting: str) -> list[str]:
        """The arguments of an `ExecStart=` value that uses no variable."""
        return [without_variables(without_specifiers(word)) for word in self.words(setting)]


def without_specifiers(word: str) -> str:
    """`%%` is a percent sign; any other `%x` would be filled in."""
    assert not re.search(r"%[^%]|%$", word.replace("%%", "")), f"a specifier in {word!r}"
    return word.replace("%%", "%")


def without_variables(word: str) -> str:
    """`$$` is a dollar sign; a single one would be filled in."""
    assert "$" not in word.replace("$$", ""), f"a variable in {word!r}"
    return word.replace("$$", "$")


def settings_of(unit: str, key: str) -> list[str]:
    """The values of a key in a unit file, in order."""
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{key}=")]
