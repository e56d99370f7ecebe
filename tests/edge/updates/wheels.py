"""A new version of the agent as a wheel: the code of this checkout, changed where a test wants it broken."""

from __future__ import annotations

import base64
import hashlib
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

FOLDERS = ("contracts", "edge", "runtime")
_ENTRY = "[console_scripts]\nimm-edge = edge.updates.launch:main\n"


def wheel(root: Path, into: Path, version: str, changes: Mapping[str, str] | None = None) -> Path:
    """`changes`: file → what is put at its end. What it needs lies where this Python has it."""
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in {".py", ".service", ".toml"}
    }
    for name, code in (changes or {}).items():
        files[name] += f"\n{code}\n".encode()
    info = f"imm_edge-{version}.dist-info"
    files["needs.pth"] = f"{sysconfig.get_path('purelib')}\n".encode()
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: imm-edge\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = _ENTRY.encode()
    files[f"{info}/RECORD"] = _record(files, info)
    path = into / f"imm_edge-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def _record(files: Mapping[str, bytes], info: str) -> bytes:
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join([*lines, f"{info}/RECORD,,"]).encode()
