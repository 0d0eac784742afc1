"""`@sandbox/NAME`: a throw-away VPS on this machine, booted when pyinfra connects to it."""

from collections.abc import Iterator
from typing import Any

from pyinfra import logger
from pyinfra.api.exceptions import ConnectError, InventoryError
from typing_extensions import override

from higuera import sandbox
from higuera.connectors.ssh import HigueraSSHConnector, signs_of_life
from higuera.errors import SandboxError
from higuera.sandbox import paths


class SandboxConnector(HigueraSSHConnector):
    """Connect to a sandbox VPS over SSH, making and booting it first if need be."""

    handles_execution = True

    @override
    @staticmethod
    def make_names_data(name: str | None = None) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """Yield the host that `@sandbox/NAME` stands for; nothing on this machine is touched."""
        if not name:
            raise InventoryError("a sandbox host needs a name, such as @sandbox/demo")
        try:
            paths.check_name(name)
        except SandboxError as error:
            raise InventoryError(str(error)) from error
        yield f"@sandbox/{name}", {}, ["@sandbox"]

    @override
    def connect(self) -> None:
        """Boot the VPS unless it runs, then connect to it; ConnectError when either fails."""
        name = self.host.name.removeprefix("@sandbox/")
        try:
            with signs_of_life(self.host, wanted=True):
                vps = sandbox.up(name, say=self._say)
        except SandboxError as error:
            raise ConnectError(str(error)) from error
        self.data["ssh_hostname"] = vps.address
        self.data["ssh_port"] = vps.port
        self.data["ssh_user"] = self.data["ssh_user"] or vps.user
        self.data["ssh_key"] = str(vps.key)
        self.data["ssh_known_hosts_file"] = str(vps.known_hosts)
        super().connect()

    def _say(self, line: str) -> None:
        logger.info("%s%s", self.host.print_prefix, line)
