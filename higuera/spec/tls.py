"""`tls:` of an environment file: whose certificate the stack is served with, if any."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from higuera.spec.model import EnvironmentVariable, Model

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
MODES = ("acme", "files", "self-signed", "off")

Mode = Literal["acme", "files", "self-signed", "off"]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s'\"]+@[^@\s'\"]+$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9._~:/\[\]-]+$")]
LocalPath = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\n\r]+$")]


class Tls(Model):
    """TLS of an environment: a word, or a mapping where there is more to say."""

    mode: Mode = "off"
    """`acme` gets it from a certificate authority and renews it, `files` is given, `self-signed`
    is made on the host, `off` serves plain HTTP only."""
    email: Email | None = None
    """acme: whom the authority writes to; some ask for one."""
    server: HttpsUrl = LETS_ENCRYPT
    """acme: the directory URL of the authority."""
    ca: LocalPath | None = None
    """A private authority's own root, a PEM file relative to this one; of several, all. With acme
    its API is trusted by it; `higuera audit` takes what leads to it for valid."""
    until: Literal["http", "self-signed"] = "http"
    """acme: what serves before the first certificate: plain HTTP, or a self-signed one with
    the redirect to it."""
    certificate: LocalPath | None = None
    """files: the PEM file of the certificate and its chain, relative to this one."""
    key: EnvironmentVariable | None = None
    """files: the name of the secret that holds its private key (PEM)."""
    warn: int = Field(default=21, ge=1, le=365)
    """Days before its end from which on status and doctor warn."""
    hsts: int = Field(default=63_072_000, ge=0, le=315_360_000)
    """Seconds that browsers remember to use HTTPS only (two years, as Mozilla advises); 0: off.
    Sent only with a certificate that leads to a root which the host has from Debian or its owner,
    so never with a self-signed one or a staging server's."""

    @model_validator(mode="before")
    @classmethod
    def _a_word_alone(cls, given: Any) -> Any:
        if given is False:  # what YAML makes of a bare `off`
            return {"mode": "off"}
        if isinstance(given, str):
            return {"mode": given}
        if isinstance(given, dict) and given.get("mode") is False:
            return {**given, "mode": "off"}
        return given

    @model_validator(mode="after")
    def _holds_together(self) -> "Tls":
        if self.mode == "files" and (self.certificate is None or self.key is None):
            raise ValueError("files needs certificate (a path) and key (the name of a secret)")
        if self.mode != "files" and (self.certificate is not None or self.key is not None):
            raise ValueError("certificate and key are for mode: files")
        return self

    @property
    def is_on(self) -> bool:
        """Whether anything is served over HTTPS."""
        return self.mode != "off"

    def secret_names(self) -> list[str]:
        """The secrets it needs; nobody can make one of them up."""
        return [self.key] if self.key is not None else []
