"""YAML files that people write: a list of records, each refused with file, line and reason.

PyYAML is loaded when a file is read: an agent on site reads none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from contracts.errors import Refused

if TYPE_CHECKING:
    import yaml

T = TypeVar("T")
LARGEST: Final = 4_194_304  # bytes of a file; nobody writes as much by hand
MOST: Final = 500_000  # values in a file, aliases unfolded: a few lines could unfold to billions
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_AT: Final = re.compile(r" - at (?P<key>`key` in )?`\$(?P<place>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")


class Wrong(ValueError):
    """A file that cannot be used: correct it at `line` (counted from 1) and load it again."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{line}: {reason}")


class Part:
    """One record of a file, and where its fields stand."""

    def __init__(self, path: Path, node: yaml.Node) -> None:
        self.path = path
        self.line = _line(node)
        self._node = node

    def wrong(self, place: str, reason: str) -> Wrong:
        """The error at the deepest part of a path such as `.test.limit` that is in the file."""
        return Wrong(self.path, _line_at(self._node, place), reason)


def records(path: Path, kind: type[T]) -> list[tuple[T, Part]]:
    """Every record of a file, which is a list of them. Raises Wrong at the first that is wrong."""
    import yaml

    try:
        root = yaml.compose(_text(path), Loader=yaml.SafeLoader)
        if root is None:
            return []
        _unfold(path, root, {})
        if not isinstance(root, yaml.SequenceNode):
            raise Wrong(path, _line(root), f"the file is to be a list of {kind.__name__.lower()}s")
        return [(_record(Part(path, node), node, kind), Part(path, node)) for node in root.value]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Wrong(path, line, f"not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise Wrong(path, 1, f"not YAML: {error}") from None
    except RecursionError:
        raise Wrong(path, 1, "nested too deep") from None


def files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and those of the folders among them by name (`*.yaml`, `*.yml`)."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(one for one in path.iterdir() if one.suffix in {".yaml", ".yml"})
        else:
            found.append(path)
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Wrong(path, 1, f"larger than {LARGEST} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Wrong(path, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Wrong(path, 1, f"not UTF-8: {error.reason}") from None


def _record(part: Part, node: yaml.Node, kind: type[T]) -> T:
    _check_keys(part.path, node)
    try:
        return msgspec.convert(_plain(node), kind)
    except msgspec.ValidationError as error:
        found = _AT.search(str(error))
        reason = str(error)[: found.start()] if found else str(error)
        if found and found["key"] and "got `bool`" in reason:
            reason += ": YAML reads on, off, yes and no as true and false, so put the word into quotes"
        place = found["place"] if found else ""
        if unknown := _UNKNOWN.search(reason):
            place += f".{unknown[1]}"
        elif isinstance(error.__cause__, Refused):
            place += f".{error.__cause__.field}"
        raise part.wrong(place, reason) from None


def _plain(node: yaml.Node) -> Any:
    """What the node holds, as plain Python values."""
    import yaml

    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _unfold(path: Path, node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values the node holds, aliases unfolded. `sizes` of nodes by id; 0: still being counted."""
    import yaml

    if (size := sizes.get(id(node))) is not None:
        if not size:
            raise Wrong(path, _line(node), "an alias in it stands for itself")
        return size
    sizes[id(node)] = 0
    size = 1
    if isinstance(node, yaml.MappingNode):
        size += sum(_unfold(path, part, sizes) for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_unfold(path, part, sizes) for part in node.value)
    if size > MOST:
        raise Wrong(path, _line(node), f"unfolds to more than {MOST} values: write fewer aliases")
    sizes[id(node)] = size
    return size


def _check_keys(path: Path, node: yaml.Node) -> None:
    """Refuse a key given twice: YAML would silently take the last."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Wrong(path, _line(key), "a key is to be a word")
            if key.value in seen:
                raise Wrong(path, _line(key), f"{key.value}: given twice")
            seen.add(key.value)
            _check_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(path, value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _line_at(node: yaml.Node, place: str) -> int:
    import yaml

    line = _line(node)
    for field, index in _STEP.findall(place):
        below = None
        if field and isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == field:
                    line, below = _line(key), value
        elif index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            below = node.value[int(index)]
            line = _line(below)
        if below is None:
            break
        node = below
    return line
