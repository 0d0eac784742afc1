"""Makes a mounted guest this VPS and no other: keys, host keys, name, address, resolver."""

import contextlib
import shutil
import uuid
from pathlib import Path

from higuera.sandbox import guest, paths
from higuera.sandbox.model import Config
from higuera.sandbox.shell import run

BUNDLE = Path("etc/ssl/certs/ca-certificates.crt")
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
LOCAL_AUTHORITIES = Path("usr/local/share/ca-certificates")


def ensure_keys(config: Config) -> None:
    """Make the VPS's key pair and host keys unless they exist; they outlive a reset."""
    folder = paths.vps_dir(config.name)
    what = f"make the keys of {config.name}"
    if not (folder / "key.pub").exists():
        (folder / "key").unlink(missing_ok=True)
        comment = f"higuera-sandbox-{config.name}"
        run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", folder / "key"],
            what,
        )
    if not (folder / "known_hosts").exists():
        if not _take_spare(folder / "hostkeys"):
            (folder / "hostkeys/etc/ssh").mkdir(parents=True, exist_ok=True)
            run(["ssh-keygen", "-A", "-f", folder / "hostkeys"], what)
        publics = [path.read_text() for path in sorted((folder / "hostkeys/etc/ssh").glob("*.pub"))]
        (folder / "known_hosts").write_text(guest.known_hosts(config, publics))


def spare_keys(config: Config) -> None:
    """Lay the host keys of a VPS that is being removed aside for another.

    No two VPSes ever have the same at a time; making an RSA key takes up to two seconds.
    """
    folder = paths.vps_dir(config.name)
    if (folder / "known_hosts").exists():
        paths.spare_keys_dir().mkdir(exist_ok=True)
        (folder / "known_hosts").unlink()
        (folder / "hostkeys").rename(paths.spare_keys_dir() / uuid.uuid4().hex)


def _take_spare(target: Path) -> bool:
    """Move a spare set of host keys to the target, if there is one."""
    for spare in paths.spare_keys_dir().glob("*"):
        with contextlib.suppress(OSError):  # another `up` took it, or the target has keys
            spare.rename(target)
            return True
    return False


def write(config: Config) -> None:
    """Write who the VPS is into its mounted file system."""
    folder = paths.vps_dir(config.name)
    root = folder / "root"
    for path, text in guest.identity_files(config, _resolver()).items():
        _replace(root / path, text)
    for key in sorted((folder / "hostkeys/etc/ssh").iterdir()):
        _replace(root / "etc/ssh" / key.name, key.read_text(), key.stat().st_mode & 0o777)
    _authorize(root, (folder / "key.pub").read_text())
    _copy_authorities(root)


def reach_out(root: Path) -> None:
    """Let programs in a file system that belongs to no VPS yet find names and trust mirrors."""
    _replace(root / "etc/resolv.conf", _resolver())
    _copy_authorities(root)


def _resolver() -> str:
    return guest.resolver(path.read_text() for path in RESOLVERS if path.is_file())


def _authorize(root: Path, public_key: str) -> None:
    for home in guest.USERS.values():
        ssh = root / home / ".ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        _replace(ssh / "authorized_keys", public_key, 0o600)
        owner = (root / home).stat()
        for path in (ssh, ssh / "authorized_keys"):
            shutil.chown(path, owner.st_uid, owner.st_gid)


def _copy_authorities(root: Path) -> None:
    """Let the guest trust the certificate authorities this machine trusts."""
    bundle = Path("/") / BUNDLE
    if bundle.is_file():
        _replace(root / BUNDLE, bundle.read_text())
    for authority in sorted((Path("/") / LOCAL_AUTHORITIES).glob("*.crt")):
        (root / LOCAL_AUTHORITIES).mkdir(parents=True, exist_ok=True)
        _replace(root / LOCAL_AUTHORITIES / authority.name, authority.read_text())


def _replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write the file, never through a symlink that the guest may have put there."""
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)
