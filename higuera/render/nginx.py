"""The nginx configuration of a stack: routes, buckets, upstreams, and a generation id."""

import hashlib
from pathlib import Path

from higuera.render.files import File
from higuera.render.limits import keys_digest, keys_files, preflights_of, retries_of, zones_of
from higuera.render.template import render
from higuera.spec.environment import Environment
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack, route_slug

BUCKETS = 20  # steps of 5 %

ADOPT = """
adopt() {{
    for plan in {traffic}/live {traffic}/previous; do
        if [ -d "$plan/$2" ] && [ ! -e "$plan/$1" ]; then
            rm -rf "$plan/.new-$1"
            cp -a "$plan/$2" "$plan/.new-$1"
            mv -T "$plan/.new-$1" "$plan/$1"
        fi
    done
}}
"""

NGINX_CONF = "/etc/nginx/nginx.conf"
DROP_IN = "/etc/systemd/system/nginx.service.d/higuera.conf"


def nginx_files(
    stack: Stack,
    environment: Environment,
    project: Path | None = None,
    secrets: Secrets | None = None,
) -> list[File]:
    """`nginx.conf`, the same for every stack of a host, and this stack's own files.

    + secrets: where the stack has tiers of API keys
    """
    host = render("nginx/nginx.conf.j2", project)
    generation = generation_id(stack, environment, project, secrets)
    return [
        File(NGINX_CONF, host),
        File(stack_conf(stack), _stack_text(stack, environment, project, generation)),
        *keys_files(stack, secrets),
    ]


def sandbox_file(stack: Stack, project: Path | None = None) -> File:
    """What nginx itself may do on the host."""
    return File(DROP_IN, render("systemd/nginx.j2", project, stack=stack))


def stack_conf(stack: Stack) -> str:
    """The path of the stack's own nginx file."""
    return f"/etc/nginx/higuera/{stack.app}.conf"


def generation_id(
    stack: Stack,
    environment: Environment,
    project: Path | None = None,
    secrets: Secrets | None = None,
) -> str:
    """The id that the live nginx answers with on loopback: a digest of the whole configuration."""
    text = render("nginx/nginx.conf.j2", project) + _stack_text(stack, environment, project, "")
    text += keys_digest(keys_files(stack, secrets))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def adoption(stack: Stack) -> str:
    """Shell lines that give a new route to the live plan: to what answers it there so far.

    nginx learns of the route before the first plan that has it goes live.
    """
    slugs = {prefix: route_slug(prefix) for prefix in sorted(stack.routes, key=len)}
    lines = []
    for prefix, slug in slugs.items():
        around = [outer for outer in slugs if prefix.startswith(outer) and outer != prefix]
        if around:
            lines.append(f"adopt {slug} {slugs[around[-1]]}")
    return ADOPT.format(traffic=stack.paths.traffic) + "\n".join(lines) if lines else ""


def _stack_text(
    stack: Stack, environment: Environment, project: Path | None, generation: str
) -> str:
    variable = stack.app.replace("-", "_")
    return render(
        "nginx/stack.conf.j2",
        project,
        stack=stack,
        domains=environment.domains,
        redirects=_by_target(environment.redirects),
        tls=environment.tls,
        buckets=[f"{bucket:02d}" for bucket in range(BUCKETS)],
        share=100 // BUCKETS,
        routes=[(prefix, route_slug(prefix)) for prefix in stack.routes],
        variable=variable,
        zones=zones_of(stack, variable),
        retries=retries_of(stack.nginx),
        preflight=preflights_of(stack.nginx),
        tiers=stack.nginx.tiers,
        has_default=bool(environment.domains) and not stack.nginx.unknown_hosts,
        generation=generation,
    )


def _by_target(redirects: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Each domain that other names lead to, and those names."""
    names: dict[str, list[str]] = {}
    for name, target in redirects.items():
        names.setdefault(target, []).append(name)
    return list(names.items())
