"""Every error that Higuera raises on purpose, in one place.

    HigueraError                 anything below; its text is a sentence for a person
    ├── SpecError                the YAML says something that cannot be (file and key path named)
    │   └── SecretError          a declared secret is missing or empty; never holds a value
    ├── RenderError              a template cannot be rendered (its file and line named)
    ├── BuildError               a build on the controller failed, or its toolchain is missing
    ├── DatabaseError            the target database, its migrations or its schema stop a deploy
    ├── PlanError                what was planned is no longer so, or there is no such plan
    ├── HostError                the host cannot be deployed to, or refused a step
    ├── ProgramError             a program of this machine is missing or did not come to its end
    ├── SandboxError             this machine cannot boot, reach or remove a sandbox VPS
    └── SmokeError               a smoke check could not be loaded or run at all

Each text says what failed, where, and what to do next. Command-line programs print it on one
line and exit 1; a traceback is for `-v` only.
"""


class HigueraError(Exception):
    """The base of all errors that are a sentence for the user and not a bug."""


class SpecError(HigueraError):
    """The stack file or the environment file is wrong."""


class SecretError(SpecError):
    """A declared secret cannot be used. The text names it and never holds its value."""


class RenderError(HigueraError):
    """A template, perhaps the project's own, cannot be rendered."""


class BuildError(HigueraError):
    """A build on the controller failed."""


class DatabaseError(HigueraError):
    """The target database, its migrations or its schema are not as they have to be."""


class PlanError(HigueraError):
    """A plan cannot be read, is for another place, or no longer holds."""


class HostError(HigueraError):
    """The host cannot be deployed to, or refused a step."""


class ProgramError(HigueraError):
    """A program on the controller is not there or did not come to its end."""


class SandboxError(HigueraError):
    """A sandbox VPS could not be booted, reached or removed on this machine."""


class SmokeError(HigueraError):
    """A smoke check could not be loaded or run at all (a failed check is a result, not this)."""
