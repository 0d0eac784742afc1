"""Commands that are imported when they are asked for: `higuera status` waits for no other."""

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

# The options of a command for the host are not ours.
AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}
# Whose exit status 2 is an answer; a mistyped question has none.
ANSWERING = ("plan", "drift", "migrations", "audit")


class Commands(TyperGroup):
    """The commands, each by the function or the group that it is."""

    PLACES: ClassVar[dict[str, str]] = {
        "init": "init:init",
        "plan": "plan:plan",
        "deploy": "deploy:deploy",
        "rollback": "rollback:rollback",
        "status": "host:status",
        "releases": "host:releases",
        "journal": "journal:journal",
        "logs": "host:logs",
        "ssh": "host:ssh",
        "lock": "host:lock",
        "smoke": "smoke:smoke",
        "doctor": "doctor:doctor",
        "audit": "audit:audit",
        "drift": "drift:drift",
        "db": "db:app",
        "migrations": "migrations:app",
        "secrets": "secrets:app",
        "render": "render:render",
        "runs": "runs:runs",
        "sandbox": "sandbox:app",
    }

    def invoke(self, ctx: Any) -> Any:
        """Run one; a usage error exits 1 where 2 would say that something was found."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            if ctx.invoked_subcommand in ANSWERING:
                error.exit_code = 1
            raise

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        return list(self.PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one; None where there is none of that name."""
        if cmd_name not in self.PLACES:
            return None
        module, _, name = self.PLACES[cmd_name].partition(":")
        found = getattr(import_module(f"higuera.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            command: Any = get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            settings = AS_THEY_ARE if cmd_name == "ssh" else None
            alone.command(cmd_name, context_settings=settings)(found)
            command = get_command(alone)
        command.name = cmd_name
        return command
