"""Where a stack lives on its host. One place, so that no other file spells a path."""

from dataclasses import dataclass

RUNTIMES = "/opt/higuera/runtimes"


@dataclass(frozen=True)
class HostPaths:
    """The paths of one app on its host."""

    app: str

    @property
    def home(self) -> str:
        """Releases, slots and traffic."""
        return f"/srv/{self.app}"

    @property
    def releases(self) -> str:
        """One folder a release."""
        return f"{self.home}/releases"

    @property
    def slots(self) -> str:
        """One symlink per service and colour, to what it runs."""
        return f"{self.home}/slots"

    @property
    def traffic(self) -> str:
        """Plans, and the `live` symlink that a cutover renames."""
        return f"{self.home}/traffic"

    @property
    def live_release(self) -> str:
        """A symlink to the folder of the release that serves."""
        return f"{self.traffic}/live/release"

    @property
    def config(self) -> str:
        """Root-only: the secrets of each slot."""
        return f"/etc/higuera/{self.app}"

    @property
    def state(self) -> str:
        """What the host remembers beyond a deploy."""
        return f"/var/lib/higuera/{self.app}"

    @property
    def journal(self) -> str:
        """A JSON object a line: every step that changed something."""
        return f"{self.state}/journal.jsonl"

    @property
    def tls(self) -> str:
        """The pairs of certificate and key, and `current`: a symlink that says which is shown."""
        return f"/etc/ssl/higuera/{self.app}"

    @property
    def webroot(self) -> str:
        """Where nginx finds the answers to a certificate authority's questions."""
        return f"/var/www/higuera/{self.app}"

    @property
    def authority(self) -> str:
        """The root certificate of a private authority's API."""
        return f"{self.config}/acme-ca.pem"

    @property
    def pg_services(self) -> str:
        """Root-only: libpq's service file, with the target and the scratch databases."""
        return f"{self.config}/pg_service.conf"

    def question(self, name: str) -> str:
        """A query that the host asks a database: target, ledger, catalog."""
        return f"{self.config}/{name}.sql"

    @property
    def backups(self) -> str:
        """Root-only: dumps of the database."""
        return f"{self.state}/backups"

    @property
    def migrations(self) -> str:
        """Root-only: what became of each migration, for whoever asks after its deploy is gone."""
        return f"{self.state}/migrations"

    @property
    def scratch_database(self) -> str:
        """The name of the empty database that a rehearsal makes and drops."""
        return f"higuera_scratch_{self.app.replace('-', '_')}"

    def scratch_secrets(self, source: str) -> str:
        """The 0600 file that leads a job to a scratch database instead of the target."""
        return f"{self.config}/scratch-{source}.env"

    @property
    def tool(self) -> str:
        """The one on-host tool, which alone moves traffic."""
        return f"/usr/local/sbin/higuera-{self.app}"

    def release(self, release: str) -> str:
        """The folder of one release."""
        return f"{self.releases}/{release}"

    def slot(self, service: str, colour: str) -> str:
        """The symlink to what this slot runs."""
        return f"{self.slots}/{service}-{colour}"

    def catalog(self, release: str) -> str:
        """The schema that a release's migrations make, as its deploy found it."""
        return f"{self.release(release)}/catalog.json"

    def secrets(self, service: str, colour: str) -> str:
        """The 0600 file of secrets that systemd reads for this slot."""
        return f"{self.config}/{service}-{colour}.env"

    def job_secrets(self, job: str) -> str:
        """The 0600 file of secrets of a job (migrate, seed)."""
        return f"{self.config}/{job}.env"

    def unit(self, service: str, colour: str) -> str:
        """The name of the service unit, without its ending."""
        return f"{self.app}-{service}-{colour}"

    def socket(self, service: str, colour: str) -> str:
        """The unix socket on which systemd listens for this slot."""
        return f"/run/higuera/{self.app}/{service}-{colour}.sock"

    def gate(self, service: str) -> str:
        """While this file is there, requests for the service wait in its socket."""
        return f"/run/higuera/{self.app}/{service}.gate"

    def candidate_bucket(self, route: str, bucket: int) -> str:
        """The longest path that nginx proxies to: a symlink to a slot's socket."""
        return f"{self.traffic}/candidate/{route}/{bucket:02d}.sock"


def incoming(user: str) -> str:
    """Where uploads of one login user arrive; a folder each, so that none writes another's."""
    return f"/var/lib/higuera/incoming-{user}"


def runtime(name: str, version: str) -> str:
    """The folder of a runtime on the host; its programs are in `bin/`."""
    return f"{RUNTIMES}/{name}-{version}"
