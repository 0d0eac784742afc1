"""What is taken to be so from the files of an app, and what is left out."""

from pathlib import Path
from typing import Any

import pytest
from init_apps import express, manifest, monorepo, nest, put

from higuera.errors import BuildError, SpecError
from higuera.init.detect import Detected, detect
from higuera.init.stack import stack_of
from higuera.init.tree import tree_of


def stack(app: Path, database: str = "local") -> tuple[dict[str, Any], Detected]:
    tree = tree_of(app)
    found = detect(tree)
    return stack_of(tree, found, found.name, "../app", database), found


def said(found: Detected) -> str:
    return "\n".join(map(str, [*found.guesses, *found.left]))


def test_next_and_fastify_with_drizzle_in_workspaces(tmp_path: Path) -> None:
    keys, found = stack(monorepo(tmp_path))
    assert found.name == "shop"
    assert keys["runtimes"] == {"node": "22.23.3"}
    assert keys["install"]["run"] == "npm ci"
    assert keys["routes"] == {"/api/": "api", "/": "web"}
    api, web = keys["services"]["api"], keys["services"]["web"]
    assert web["artifact"] == "apps/web/.next/standalone"
    assert web["start"] == "node apps/web/server.js"
    assert web["static"] == {"/_next/static/": "apps/web/.next/static"}
    assert "cp -R apps/web/public apps/web/.next/standalone/apps/web/" in web["build"]
    assert api["build"].startswith("(cd packages/ui && npm run build) && (cd apps/api")
    assert api["start"] == "env -C apps/api node dist/server.js"
    assert api["health"] == "/api/healthz"
    assert api["secrets"] == ["DATABASE_URL", "STRIPE_SECRET_KEY"]
    assert set(api["sources"]) == {
        *("package.json", "package-lock.json", "tsconfig.base.json", "packages/ui", "apps/api")
    }
    assert keys["database"]["migrate"] == {
        "service": "api",
        "command": 'env -C apps/api PATH="node_modules/.bin:../../node_modules/.bin:$PATH"'
        " drizzle-kit migrate",
        "files": "apps/api/migrations",
        "ledger": "drizzle",
    }
    assert "reads SHOP_DB, SHOP_NAME" in said(found)
    server = "(apps/api/src/server.ts)"
    assert f"secrets of api: STRIPE_SECRET_KEY {server}" in said(found)
    assert f"PostgreSQL, whose URL is the secret DATABASE_URL {server}" in said(found)
    assert f"api listens on 3001, by PORT {server}" in said(found)
    assert "web listens on 3000, by PORT (apps/web/package.json)" in said(found)
    assert "nginx sends /api/ to api, / to web (pages take what no API does)" in said(found)
    assert "(apps/web/next.config.ts)" in said(found)


def test_nest_with_prisma_from_pnpm(tmp_path: Path) -> None:
    keys, found = stack(nest(tmp_path))
    assert found.name == "orders-api"
    assert keys["runtimes"] == {"node": "22.11.0"}
    assert keys["install"]["run"] == "npx --yes pnpm@9.15.0 install --frozen-lockfile"
    service = keys["services"]["api"]
    assert service["start"] == "node dist/main.js"
    assert service["health"] == "/v1/health"
    assert "prisma generate && npx --yes pnpm@9.15.0 run build" in service["build"]
    assert keys["routes"] == {"/": "api"}
    assert keys["database"]["migrate"]["files"] == "prisma/migrations"
    command = "prisma migrate deploy --schema prisma/schema.prisma"
    assert keys["database"]["migrate"]["command"].endswith(command)
    assert "Node 22.11.0 (.nvmrc)" in said(found)


def test_no_database_where_there_is_none(tmp_path: Path) -> None:
    keys, found = stack(express(tmp_path), "none")
    assert "database" not in keys and not found.has_database
    assert "there is no lock file" in said(found)
    assert "nginx sends / to api (it is the only service)" in said(found)
    assert "PostgreSQL" not in said(found)


def test_secrets_are_said_with_the_file_that_names_them(tmp_path: Path) -> None:
    put(express(tmp_path), {".env.example": "MAIL_TOKEN=\nDATABASE_URL=\nA_KEY=\n"})
    _, found = stack(tmp_path)
    assert "secrets of api: A_KEY, MAIL_TOKEN (.env.example)" in said(found)
    assert "PostgreSQL, whose URL is the secret DATABASE_URL (.env.example)" in said(found)


def test_next_without_standalone_is_built_so_and_told(tmp_path: Path) -> None:
    monorepo(tmp_path)
    put(tmp_path, {"apps/web/next.config.ts": "export default {}"})
    keys, found = stack(tmp_path)
    assert keys["services"]["web"]["build"].startswith("export NEXT_PRIVATE_STANDALONE=1 && ")
    assert "output: 'standalone' is lacking" in said(found)


def test_two_folders_with_lock_files_of_their_own(tmp_path: Path) -> None:
    nest(tmp_path / "backend")
    express(tmp_path / "frontend")
    keys, _ = stack(tmp_path)
    assert "(cd backend && npx --yes pnpm@9.15.0 install" in keys["install"]["run"]
    assert keys["services"]["backend"]["sources"] == ["backend"]
    assert keys["services"]["backend"]["artifact"] == "backend/.higuera/backend"
    assert keys["database"]["migrate"]["files"] == "backend/prisma/migrations"


BUN = {"package.json": manifest(name="b", dependencies={"fastify": "5"}), "bun.lock": "{}"}
PHOENIX = {"mix.exs": '{:phoenix, "~> 1.7"}', "priv/repo/migrations/1_a.exs": "x"}
VITE = {"package.json": manifest(devDependencies={"vite": "7"}), "vite.config.ts": "x"}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (BUN, "Bun: recognised, but Higuera cannot run it yet (bun.lock)"),
        (PHOENIX, "Phoenix with Ecto migrations: recognised, but Higuera cannot run it yet"),
        (VITE, "Vite: a static frontend"),
        ({"package.json": manifest(scripts={"start": "node x.js"})}, "no framework that is known"),
        (
            {"package.json": manifest(dependencies={"koa": "3"}, scripts={"start": "a && b"})},
            "Koa without a script `start` of one plain command",
        ),
        (
            {
                "package.json": manifest(dependencies={"next": "16"}, scripts={"build": "x"}),
                "next.config.js": "output: 'export'",
            },
            "Next as a static export",
        ),
        (
            {
                "package.json": manifest(dependencies={"koa": "3"}, main="a.js"),
                "yarn.lock": "__metadata:\n",
            },
            "Plug'n'Play",
        ),
    ],
)
def test_what_cannot_be_run_is_named_and_gets_no_service(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    found = detect(tree_of(put(tmp_path, files)))
    assert found.services == []
    assert sentence in "\n".join(map(str, found.left))


def test_a_vite_page_beside_a_service_is_left_out_and_the_service_is_not(tmp_path: Path) -> None:
    monorepo(tmp_path)
    put(tmp_path, {"apps/admin/package.json": manifest(devDependencies={"vite": "7"})})
    keys, found = stack(tmp_path)
    assert set(keys["services"]) == {"web", "api"}
    assert "Vite" in "\n".join(map(str, found.left))


def test_migrations_for_another_database_are_left_out(tmp_path: Path) -> None:
    nest(tmp_path)
    put(tmp_path, {"prisma/schema.prisma": 'datasource db {\n provider = "mysql"\n}'})
    keys, found = stack(tmp_path, "none")
    assert "prisma for mysql: not PostgreSQL" in said(found)
    assert "database" not in keys


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("22", "22.23.3"),
        ("v20", "20.20.2"),
        ("18", "20.20.2"),
        (">=18", "22.23.3"),
        ("^24.1", "24.21.0"),
        ("26", "24.21.0"),
        ("lts/*", "22.23.3"),
        ("v22.1.0", "22.1.0"),
    ],
)
def test_the_node_version(tmp_path: Path, wanted: str, version: str) -> None:
    put(express(tmp_path), {".nvmrc": f"{wanted}\n"})
    assert stack(tmp_path, "none")[0]["runtimes"] == {"node": version}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{\n  broken", r"^package\.json:2: is not JSON"),
        ("[]", r"^package\.json: should hold an object"),
        ("[" * 100_000, r"^package\.json: cannot be read: RecursionError"),
    ],
)
def test_a_broken_manifest_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        detect(tree_of(put(tmp_path, {"package.json": text})))


def test_an_empty_folder_and_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="nothing to build"):
        tree_of(tmp_path)
    with pytest.raises(SpecError, match="there is no such folder"):
        tree_of(tmp_path / "nowhere")
