"""What every model of the YAML shares: unknown keys are errors, types are strict, values frozen."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Model(BaseModel):
    """A part of the YAML. Strict: `port: "3001"` is an error and not silently a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _stays_inside(path: str) -> str:
    if ".." in path.split("/"):
        raise ValueError(f"{path}: should not lead out of its folder")
    return path


# A name that ends up in paths, unit names and accounts, so it is held to what all three allow.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", max_length=20)]
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
EnvironmentVariable = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~/-]*$")]
# 0 would mean no limit at all to those who read it.
Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[KMG]$")]
Command = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\n\r]+$")]
RelativePath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._@+][A-Za-z0-9._@+/-]*$"),
    AfterValidator(_stays_inside),
]
