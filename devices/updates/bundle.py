"""Make a signed set of wheels. Its key belongs on another machine than the one that hands the set out."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contracts import updates
from contracts.errors import Refused
from contracts.updates import File, List
from devices.errors import Failure

if TYPE_CHECKING:  # heavy: loaded when something is signed
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_AGENT: Final = "imm_edge-"


class BadKey(Failure):
    """The file with the signing key cannot be used."""

    def __init__(self, path: Path, reason: str, cure: str) -> None:
        self.what = "the key that signs versions cannot be used"
        self.cure = cure
        super().__init__(f"{path}: {reason}")


def keygen(path: Path) -> str:
    """Write a new key to a file that is not there yet; its public half in base64. Raises BadKey."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadKey(path, error.strerror or str(error), "name a file that is not there yet") from None
    with os.fdopen(file, "wb") as out:
        out.write(base64.b64encode(key.private_bytes_raw()) + b"\n")
    return public(path)


def public(path: Path) -> str:
    """The public half of a key, in base64. Raises BadKey."""
    return base64.b64encode(_key(path).public_key().public_bytes_raw()).decode()


def make(version: str, wheels: Path, key: Path, into: Path) -> Path:
    """Put all wheels of a folder, their list and its signature into `into/VERSION`; that folder.

    Raises BadKey, Refused, FileExistsError, OSError.
    """
    signer = _key(key)
    found = sorted(wheels.glob("*.whl"))
    if not any(one.name.startswith(f"{_AGENT}{version}-") for one in found):
        raise Refused("wheels", str(wheels), f"holds no {_AGENT}{version}-….whl")
    files = List(version=version, files=tuple(map(_file, found)))
    target = into / version
    draft = into / f".{version}.new"
    if target.exists():
        raise FileExistsError(f"{target} is there already: a version is never changed")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for one in found:
        shutil.copyfile(one, draft / one.name)
    raw = updates.encode(files)
    (draft / updates.LIST).write_bytes(raw)
    (draft / updates.SIGNATURE).write_bytes(base64.b64encode(signer.sign(raw)) + b"\n")
    draft.rename(target)
    return target


def digest(folder: Path) -> str:
    """SHA-256 of a set's list, as a command may name it. Raises OSError."""
    return hashlib.sha256((folder / updates.LIST).read_bytes()).hexdigest()


def _file(path: Path) -> File:
    raw = path.read_bytes()
    return File(name=path.name, size=len(raw), sha256=hashlib.sha256(raw).hexdigest())


def _key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        return Ed25519PrivateKey.from_private_bytes(updates.unpacked("key", path.read_text(), 32))
    except OSError as error:
        raise BadKey(path, error.strerror or str(error), "make one with `imm device version key`") from None
    except (Refused, UnicodeDecodeError):
        raise BadKey(path, "holds no key", "name the file that `imm device version key` wrote") from None
