"""Whom Postgres runs as, and where its files may lie so that it can reach them.

Postgres refuses to run as root. As root we start it as `nobody`, who often cannot reach the
clone or the home (a folder of mode 0700 above them is enough); then the files lie below
/var/lib/aftercare instead.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHARED_ROOT = Path("/var/lib/aftercare")

_UNUSED = shutil.ignore_patterns("include", "doc", "pkgconfig", "pgxs", "*.a", "__pycache__")


@dataclass(frozen=True)
class Identity:
    """A user and group to run as."""

    uid: int
    gid: int


def unprivileged() -> Identity | None:
    """`nobody` when we are root, else None: run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Identity(65534, 65534)
    return Identity(entry.pw_uid, entry.pw_gid)


def can_pass(folder: Path, identity: Identity) -> bool:
    """Whether `identity` may go through `folder` and every folder above it."""
    return all(_allows(each, identity, execute=True) for each in (folder, *folder.parents))


def data_folder(home: Path, identity: Identity | None) -> Path:
    """Where the Postgres data of `home` lie: below the home where its user can get there.

    Otherwise below /var/lib/aftercare, in a folder named by the home's own id: a home that is
    moved keeps its data, one that is deleted and made anew starts empty.
    """
    home.mkdir(parents=True, exist_ok=True)
    if identity is None or can_pass(home, identity):
        return home / "postgres"
    return SHARED_ROOT / _id_of(home) / "postgres"


def reachable_copy(
    installed: Path, names: Sequence[str], version: str, identity: Identity | None
) -> Path:
    """The folder whose subfolders `names` hold the programs: `installed`, or a copy of those.

    Programs find their libraries by relative paths, so what belongs together is copied together,
    once a version, when `identity` cannot reach it where it is. The copy is put in place in one
    step: a start that was killed in the middle leaves nothing half done.
    """
    if identity is None or all(_usable(installed / name, identity) for name in names):
        return installed
    SHARED_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    copy = SHARED_ROOT / f"binaries-{version}"
    with (SHARED_ROOT / f".binaries-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            fresh = copy.with_name(f".{copy.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            for name in filter(lambda each: (installed / each).exists(), names):
                shutil.copytree(installed / name, fresh / name, symlinks=True, ignore=_UNUSED)
            _open_for_reading(fresh)
            fresh.rename(copy)
    return copy


def give_to(identity: Identity | None, path: Path, mode: int) -> None:
    """Make `path` the property of `identity`, with `mode`."""
    if identity is not None:
        os.chown(path, identity.uid, identity.gid)
    path.chmod(mode)


def _id_of(home: Path) -> str:
    file = home / "id"
    if not file.exists():
        file.write_text(secrets.token_hex(8) + "\n")
    return file.read_text().strip()


def _usable(folder: Path, identity: Identity) -> bool:
    """Whether `identity` can run what is in `folder`; its first file stands for the others."""
    if not folder.exists():
        return True
    first = next(path for path in folder.rglob("*") if path.is_file())
    return can_pass(first.parent, identity) and _allows(first, identity, execute=False)


def _allows(path: Path, identity: Identity, *, execute: bool) -> bool:
    status = path.stat()
    if status.st_uid == identity.uid:
        bit = stat.S_IXUSR if execute else stat.S_IRUSR
    elif status.st_gid == identity.gid:
        bit = stat.S_IXGRP if execute else stat.S_IRGRP
    else:
        bit = stat.S_IXOTH if execute else stat.S_IROTH
    return bool(status.st_mode & bit)


def _open_for_reading(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for file in files:
            path = Path(parent, file)
            if not path.is_symlink():
                runs = path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runs else 0o644)
