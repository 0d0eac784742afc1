"""How a child process ended, and what it was told meanwhile."""

import signal
from types import FrameType, TracebackType
from typing import Self

from higuera.runs import Event
from higuera.runs.event import Result


class Signals:
    """Counts SIGINT and SIGTERM instead of dying of them, as long as this is entered."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.raises = False
        """Whether one ends what this process waits for, such as an answer."""

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.seen.append(number)
        if self.raises:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._count) for number in numbers}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)


def truth(code: int, finished: Event | None, signals: list[int]) -> tuple[int, Result]:
    """The exit status and the result of a run.

    + code: what the child exited with; negative: the signal that killed it
    + finished: how it said itself that it ended, if it lived to do so
    + signals: what this process was sent meanwhile
    """
    if finished is not None and finished.result == "interrupted":
        return finished.status or 130, "interrupted"
    if finished is not None and finished.result == "declined":
        return 1, "declined"
    said_so = finished is not None and finished.result == "ok"
    if code == 0 and (said_so or (finished is None and not signals)):
        return 0, "ok"
    if finished is None and signals:
        return 128 + signals[0], "interrupted"
    return 1, "died" if code < 0 else "failed"
