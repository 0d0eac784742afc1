"""A service: one long-running process with a port, a start command and a health path."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from higuera.spec.model import Command, EnvironmentVariable, Model, Name, RelativePath, UrlPath

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, Colour] = ("blue", "green")

# Blue listens where its owner expects it; green this much above.
GREEN_PORT_OFFSET = 100


def other(colour: Colour) -> Colour:
    """The colour that a candidate takes while this one is live."""
    return "green" if colour == "blue" else "blue"


StaticPrefix = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9_-]+/)+$")]


class Service(Model):
    """One process of the stack, as `services.<name>` in the stack file."""

    runtime: Literal["node"]
    build: Command
    """Run with `sh` in a copy of the source on the controller, with no secret in reach."""
    sources: list[RelativePath] = []
    """What of the source this service is built from (files, folders); empty: all of it."""
    artifact: RelativePath
    """The folder that the build makes and the release carries."""
    start: Command
    """Run by systemd in the unpacked artifact, as the service's own account."""
    port: int = Field(ge=1024, le=65000)
    """TCP port on 127.0.0.1 of the blue slot; green listens on `port + 100`."""
    health: UrlPath
    """Answers 2xx when the service can serve."""
    static: dict[StaticPrefix, RelativePath] = {}
    """URL prefixes that nginx serves from folders of the artifact, the previous release's too."""
    env: dict[EnvironmentVariable, str] = {}
    secrets: list[EnvironmentVariable] = []

    def port_of(self, colour: Colour) -> int:
        """The loopback port on which this colour listens."""
        return self.port if colour == "blue" else self.port + GREEN_PORT_OFFSET


Services = dict[Name, Service]
