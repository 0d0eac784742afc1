"""A bare VPS becomes one that can serve: each concept one operation, each with its no-op."""

from higuera.deploys.boundary import told
from higuera.facts.machine import MachineState
from higuera.operations import (
    accounts,
    certificate,
    database,
    login,
    nginx,
    packages,
    release,
    runtimes,
    settings,
    ssh,
)
from higuera.operations.accounts import Folder
from higuera.operations.run import Run
from higuera.render.certificate import certificate_for, given_pair, timer_of
from higuera.render.host import unwanted
from higuera.render.limits import keys_path
from higuera.render.nginx import adoption, generation_id
from higuera.spec.packages import packages_of
from higuera.spec.paths import RUNTIMES, incoming


@told
def provision(run: Run, machine: MachineState) -> None:
    """Packages, accounts, runtimes, settings, database, nginx."""
    stack, project = run.deployment.stack, run.deployment.project
    environment = run.deployment.environment
    is_local = stack.database is not None and stack.database.provision == "local"
    packages.installed(
        name="Packages",
        packages=packages_of(stack, environment),
        before="" if is_local else database.NO_CLUSTER,
    )
    login.present(name="Deploy user", user=run.login, like=machine.user)
    accounts.present(
        name="Accounts and folders",
        accounts=[stack.account(service) for service in stack.services],
        folders=_folders(run, machine),
    )
    if stack.runtimes.node is not None:
        runtimes.node(
            name=f"Node {stack.runtimes.node}",
            version=stack.runtimes.node,
            machine=machine.machine,
            user=machine.user,
        )
    web = [file for file in run.host_files if nginx.is_read_by_it(file)]
    others = [file for file in run.host_files if file not in [*web, *run.ssh_files]]
    settings.applied(
        name="Firewall, journal, time",
        files=others,
        absent=unwanted(others),
        keeps_time=stack.settings.time == "auto",
    )
    ssh.proven(
        name="SSH",
        files=run.ssh_files,
        user=run.login,
        deadline=stack.settings.ssh.confirm_deadline,
    )
    if is_local:
        assert stack.database is not None
        database.local(name="Database", url_name=stack.database.url, secrets=run.deployment.secrets)
    nginx.configured(
        name="nginx",
        files=web,
        generation=generation_id(stack, environment, project, run.deployment.secrets),
        status_port=stack.nginx.status_port,
        before_reload=adoption(stack),
        absent=[] if stack.nginx.tiers else [keys_path(stack)],
    )
    release.tool_written(name="Tool and jobs", run=run)
    if environment.tls.is_on:
        pair = given_pair(run.deployment)
        certificate.shown(
            name="Certificate",
            tool=run.deployment.stack.paths.tool,
            wanted=certificate_for(environment, pair),
            timer=timer_of(stack, environment),
            pair=pair,
        )


def _folders(run: Run, machine: MachineState) -> list[Folder]:
    stack = run.deployment.stack
    paths = stack.paths
    gated = [paths.backups, paths.migrations] if stack.is_gated else []
    is_tls = run.deployment.environment.tls.is_on
    return [
        Folder("/etc/higuera"),
        Folder(paths.config, mode="700"),
        Folder("/var/lib/higuera"),
        *(
            Folder(incoming(user), mode="700", owner=f"{user}:root")
            for user in dict.fromkeys([run.login, machine.user])
        ),
        Folder(paths.state, mode="750"),
        Folder("/opt/higuera"),
        Folder(RUNTIMES),
        Folder(paths.home),
        Folder(paths.releases),
        Folder(paths.slots),
        Folder(paths.traffic),
        Folder(f"{paths.traffic}/plans"),
        *(Folder(path, mode="700") for path in gated),
        *(Folder(path) for path in ("/etc/ssl/higuera", paths.tls) if is_tls),
    ]
