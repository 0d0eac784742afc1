"""Small apps of each kind, as their own tools lay them out."""

import json
from pathlib import Path
from typing import Any


def put(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def manifest(**keys: Any) -> str:
    return json.dumps(keys)


def monorepo(folder: Path) -> Path:
    """Next and Fastify in npm workspaces, Drizzle, a package that both share."""
    return put(
        folder,
        {
            "package.json": manifest(
                name="@acme/shop", workspaces=["apps/*", "packages/*"], engines={"node": ">=20"}
            ),
            "package-lock.json": "{}",
            "tsconfig.base.json": "{}",
            "apps/web/package.json": manifest(
                name="web",
                scripts={"build": "next build"},
                dependencies={"next": "16", "@acme/ui": "*"},
            ),
            "apps/web/next.config.ts": "export default { output: 'standalone' }",
            "apps/web/public/icon.svg": "<svg/>",
            "apps/api/package.json": manifest(
                name="api",
                scripts={"build": "tsc -p .", "start": "node dist/server.js"},
                dependencies={"fastify": "5", "drizzle-orm": "1", "@acme/ui": "*"},
                devDependencies={"drizzle-kit": "1"},
            ),
            "apps/api/drizzle.config.ts": "export default { dialect: 'postgresql',"
            " out: './migrations', dbCredentials: { url: process.env.SHOP_DB } }",
            "apps/api/migrations/0000_first.sql": "create table a ();",
            "apps/api/src/server.ts": "app.get('/api/healthz', ok); listen(process.env.PORT);"
            "process.env.DATABASE_URL; process.env['STRIPE_SECRET_KEY']; process.env.SHOP_NAME",
            "apps/api/test/server.test.ts": "process.env.OTHER_SECRET",
            "packages/ui/package.json": manifest(name="@acme/ui", scripts={"build": "tsc"}),
        },
    )


def nest(folder: Path) -> Path:
    """Nest alone, with Prisma, from pnpm."""
    return put(
        folder,
        {
            "package.json": manifest(
                name="Orders API",
                packageManager="pnpm@9.15.0+sha512.abc",
                scripts={"build": "nest build", "start": "nest start"},
                dependencies={"@nestjs/core": "11", "@prisma/client": "6"},
                devDependencies={"prisma": "6"},
            ),
            "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
            ".nvmrc": "v22.11.0\n",
            "nest-cli.json": "{}",
            "src/main.ts": "app.setGlobalPrefix('v1'); app.listen(process.env.PORT ?? 3000)",
            "src/health.controller.ts": "@Controller('health') class Health {}",
            "prisma/schema.prisma": 'datasource db {\n provider = "postgresql"\n'
            ' url = env("DATABASE_URL")\n}\n',
            "prisma/migrations/1_a/migration.sql": "create table a ();",
        },
    )


def express(folder: Path, **more: Any) -> Path:
    """Express alone: no build, no lock file."""
    return put(
        folder,
        {
            "package.json": manifest(
                name="hello",
                **{
                    "scripts": {"start": "node server.js"},
                    "dependencies": {"express": "5"},
                    **more,
                },
            ),
            "server.js": "app.get('/health', ok).listen(process.env.PORT)",
        },
    )
