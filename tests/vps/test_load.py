"""Under load: no request is lost while releases move, and no tab is cut before its time."""

import threading
import time
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import httpx
from harness import HIGUERA, Project, until
from under_load import loaded

REQUESTS = 100_000
SOCKETS = 5
DRAIN = 5.0  # mini/stack.yml


class Move(NamedTuple):
    """A deploy or a rollback that went through: when traffic moved, and to which slot."""

    began: float
    flipped: float
    slot: str


class Cut(NamedTuple):
    """A WebSocket that was ended from the other side, as bench/load.py tells it."""

    asked: float
    opened: float
    ended: float


class Standing(NamedTuple):
    """When traffic moved last, the backend's slot that it goes to, the release that is live."""

    flipped: float
    slot: str
    release: str

    @classmethod
    def of(cls, project: Project) -> "Standing":
        # A rename sets the change time of what it moves, and a sandbox has this machine's clock.
        live = "/srv/mini/traffic/live"
        flipped, slot, release = project.shell(
            f"stat -c %.Z {live}; basename $(readlink {live}/services/backend);"
            f" basename $(readlink {live}/release)"
        ).split()
        return cls(float(flipped), slot, release)


def new_code(project: Project, name: str) -> None:
    """Other code for both services, so that both move."""
    for service in ("backend", "web"):
        with (project.folder / "app" / service / "server.js").open("a") as code:
            code.write(f"// {name}\n")


def move(project: Project, verb: str) -> Move:
    """A deploy or a rollback by the real command line, which has to go through."""
    began = time.time()
    if verb == "deploy":
        project.deployed()
    else:
        done = project.run(HIGUERA, "rollback", "--yes")
        assert done.returncode == 0, done.stderr
    standing = Standing.of(project)
    return Move(began, standing.flipped, standing.slot)


def explained_by(cut: Cut, moves: list[Move]) -> int | None:
    """The move that cut a tab at the drain limit, to give its slot to another release."""
    # nginx chose the slot between these two moments.
    slots = {
        [move.slot for move in moves if move.flipped <= moment][-1]
        for moment in (cut.asked - 0.01, cut.opened)
    }
    for number, (before, move) in enumerate(pairwise(moves), 1):
        if move.began <= cut.ended <= move.flipped:
            left = before.flipped  # every move takes traffic to the other slot
            return number if move.slot in slots and cut.ended - left >= DRAIN else None
    return None


def test_ten_deploys_and_ten_rollbacks_lose_nothing(mini: Project) -> None:
    """Two deploys and two rollbacks in turn: so slots are used again under their open tabs."""
    start = Standing.of(mini)
    moves = [Move(0.0, 0.0, start.slot)]
    # The pause leaves the machine to the tests beside this one.
    with loaded(mini, "--requests", str(REQUESTS), "--pause", "0.06") as counted:
        for number in range(5):
            for verb in ("deploy", "deploy", "rollback", "rollback"):
                if verb == "deploy":
                    new_code(mini, f"{number} {len(moves)}")
                moves.append(move(mini, verb))
    assert all(before.slot != after.slot for before, after in pairwise(moves))
    assert counted["failures"] == 0, f"{counted['reasons']}\n{counted['lost']}\n" + mini.shell(
        "tail -n 40 /var/log/nginx/error.log; grep '\"status\":5' /var/log/nginx/mini.log",
        check=False,
    )
    assert counted["requests"] >= REQUESTS
    assert counted["idle_closed"] == 0, "nginx was reloaded, or closes without saying so"
    cuts = [Cut(*cut) for cut in counted["cuts"]]
    reused = Counter(explained_by(cut, moves) for cut in cuts)
    assert None not in reused, f"{cuts}\n{moves}"
    assert all(count <= SOCKETS for count in reused.values()), reused


def test_a_tab_gets_the_drain_limit_before_its_slot_is_used_again(mini: Project) -> None:
    """By hand on the box, and at once: nothing else would give it that time."""
    new_code(mini, "two")
    mini.deployed()
    with loaded(mini, "--clients", "0", "--sockets", "1") as counted:
        old = Standing.of(mini)
        release = mini.shell("higuera-mini target")
        mini.shell(f"higuera-mini switch 0001; higuera-mini prepare backend green {release}")
        flipped = Standing.of(mini).flipped
    (cut,) = (Cut(*cut) for cut in counted["cuts"])
    assert old.slot == "backend-green"
    assert cut.ended - flipped >= DRAIN


class Poll:
    """Four browsers that ask all the time which release they get."""

    def __init__(self, address: str) -> None:
        self.answers: list[tuple[float, str]] = []
        self._address = address
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(4)]

    def _ask(self, number: int) -> None:
        agent = {"User-Agent": f"poll {number}"}
        with httpx.Client(base_url=f"http://{self._address}", trust_env=False) as http:
            while not self._over.wait(0.01):
                release = http.get("/api/version", headers=agent).json()["release"]
                self.answers.append((time.time(), release))

    def lately(self) -> set[str]:
        """What they got in the last second."""
        return {release for at, release in self.answers if at > time.time() - 1}

    def __enter__(self) -> "Poll":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_a_rollback_is_felt_within_a_second(mini: Project) -> None:
    new_code(mini, "two")
    mini.deployed()
    began = time.monotonic()
    assert mini.run(HIGUERA, "rollback", "--dry-run").returncode == 0
    starting = time.monotonic() - began
    with Poll(mini.host.address) as poll:
        began = time.monotonic()
        assert mini.run(HIGUERA, "rollback", "--yes").returncode == 0
        took = time.monotonic() - began
        flipped, _, good = Standing.of(mini)
        until(lambda: poll.lately() == {good}, "all get the good release", 10)
    first = min(at for at, release in poll.answers if release == good)
    last = max(at for at, release in poll.answers if release != good)
    assert first - flipped < 1
    assert last - flipped < 3
    # Without what Python needs to start, connect and look around: 3 s, or 5 with a load average
    # of 9; a rollback that waited for a drain would take 5 more.
    assert took - starting < 8
