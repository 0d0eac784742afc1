"""Secrets of the edge, each a marked value: the key of a certificate that is given, API keys."""

import subprocess

from harness import Project

KEYS = ["canary-key-71f0c2d94e", "canary-key-a3b8e65d07"]
# Names with a given pair, an API with tiers.
EDGE = """
host: {{address: "@sandbox/{vps}"}}
secrets: generate
domains: [forms.test]
tls: {{mode: files, certificate: given.pem, key: TLS_KEY}}
stack:
  nginx:
    status_port: 8099
    tiers:
      routes: [/api/]
      keys: API_KEYS
      without_key: free
      rates: {{free: {{minute: 6000, burst: 100}}, pro: {{minute: 6000, burst: 100}}}}
"""


def given(project: Project) -> list[str]:
    """Give the project a certificate and API keys; what of them is secret, a line each."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=given", "-addext", "subjectAltName=DNS:forms.test"]
    chain = ["-days", "30", "-out", str(project.folder / "inventory" / "given.pem")]
    done = subprocess.run(
        [*words, *chain, "-keyout", "/dev/stdout"], check=True, capture_output=True, text=True
    )
    project.extra["TLS_KEY"] = done.stdout
    project.extra["API_KEYS"] = " ".join(f"{key}=pro" for key in KEYS)
    project.environment(EDGE.format(vps=project.vps))
    return [*KEYS, *done.stdout.splitlines()[1:3]]
