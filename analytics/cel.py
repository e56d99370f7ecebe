"""Expressions in CEL, parsed by the library and worked out over arrays: all places at once, no loops.

Numbers, comparisons, + - * /, && || !, and `a ? b : c`. What is unknown stays so unless the rest decides, as
CEL has it of errors.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 500  # characters: nothing in it can repeat, so that this bounds the cost

DEEPEST: Final = 40  # brackets: what is nested deeper nobody reads


class Refused(ValueError):
    """An expression that cannot be used; says why."""


class Found(NamedTuple):
    """A value each, and whether it is known."""

    value: NDArray[Any]
    known: NDArray[np.bool_]


Columns = Mapping[str, Found]
Node = Callable[[Columns], Found]
_COMPARE: Final[dict[str, np.ufunc]] = {
    "relation_lt": np.less,
    "relation_le": np.less_equal,
    "relation_gt": np.greater,
    "relation_ge": np.greater_equal,
    "relation_eq": np.equal,
    "relation_ne": np.not_equal,
}
_NUMBER: Final[dict[str, np.ufunc]] = {
    "addition_add": np.add,
    "addition_sub": np.subtract,
    "multiplication_mul": np.multiply,
    "multiplication_div": np.divide,
}


def compiled(text: str, names: Iterable[str]) -> Node:
    """Expression → function of columns, true or false each. Raises Refused."""
    if len(text) > LONGEST:
        raise Refused(f"longer than {LONGEST} characters")
    if text.count("(") > DEEPEST:
        raise Refused(f"more than {DEEPEST} brackets")
    limit = sys.getrecursionlimit()
    try:
        node, truth = _node(_parsed(text), frozenset(names))
    except RecursionError:
        raise Refused("nested too deep") from None
    finally:
        sys.setrecursionlimit(limit)  # the library raises it for the whole process
    if not truth:
        raise Refused("is a number, and must be true or false")
    return node


def _parsed(text: str) -> Any:
    import celpy  # loaded by the first rule that needs it
    from celpy.celparser import CELParseError

    try:
        return celpy.Environment().compile(text)
    except CELParseError as error:
        raise Refused(f"not CEL: {str(error).splitlines()[0][:120]}") from None


def _node(tree: Any, names: frozenset[str]) -> tuple[Node, bool]:
    """What a part of the tree works out, and whether that is true or false (else a number)."""
    kind, parts = tree.data, tree.children
    if kind == "ident":
        name = str(parts[0])
        if name not in names:
            raise Refused(f"{name}: no such input, there are {', '.join(sorted(names))}")
        return (lambda columns: columns[name]), False
    if kind == "literal":
        return _literal(parts[0])
    if kind in {"unary_not", "unary_neg"} and len(parts) == 0:
        raise Refused(f"{kind} stands alone")
    if kind == "expr" and len(parts) == 3:
        return _choice([_node(part, names) for part in parts])
    if kind in {"conditionalor", "conditionaland"} and len(parts) == 2:
        left, right = (_of(part, names, truth=True) for part in parts)
        return _logic(left, right, either=kind == "conditionalor"), True
    if kind == "unary" and len(parts) == 2:
        return _unary(parts[0].data, parts[1], names)
    if kind in {"relation", "addition", "multiplication"} and len(parts) == 2:
        return _binary(parts[0], parts[1], names)
    if len(parts) == 1 and hasattr(parts[0], "data") and kind in _PASSED:
        return _node(parts[0], names)
    raise Refused(f"{kind.replace('_', ' ')}: only numbers, comparisons, + - * /, && || ! and a ? b : c")


_PASSED: Final = {
    "expr",
    "conditionalor",
    "conditionaland",
    "relation",
    "addition",
    "multiplication",
    "unary",
    "member",
    "primary",
    "paren_expr",
}


def _literal(token: Any) -> tuple[Node, bool]:
    text = str(token)
    if token.type == "BOOL_LIT":
        return _constant(value=text == "true"), True
    if token.type not in {"INT_LIT", "FLOAT_LIT"}:
        raise Refused(f"{text[:40]}: only numbers, true and false")
    return _constant(value=float(int(text, 0)) if token.type == "INT_LIT" else float(text)), False


def _constant(*, value: float | bool) -> Node:
    def node(columns: Columns) -> Found:
        count = len(next(iter(columns.values())).known)
        return Found(np.full(count, value), np.ones(count, np.bool_))

    return node


def _of(tree: Any, names: frozenset[str], *, truth: bool) -> Node:
    node, found = _node(tree, names)
    if found != truth:
        raise Refused("a number stands where true or false is needed, or the other way round")
    return node


def _binary(left: Any, right: Any, names: frozenset[str]) -> tuple[Node, bool]:
    kind = left.data
    how = _COMPARE.get(kind) or _NUMBER.get(kind)
    if how is None:
        raise Refused(f"{kind.replace('_', ' ')}: is not understood")
    if kind == "multiplication_div" and _whole(left.children[0]) and _whole(right):
        raise Refused("whole numbers are divided: write 5.0 for 5")
    first, second = _of(left.children[0], names, truth=False), _of(right, names, truth=False)

    def node(columns: Columns) -> Found:
        a, b = first(columns), second(columns)
        with np.errstate(all="ignore"):  # a division by zero is infinite, as CEL has it of doubles
            return Found(how(a.value, b.value), a.known & b.known)

    return node, kind in _COMPARE


def _whole(tree: Any) -> bool:
    return all(token.type == "INT_LIT" for token in tree.scan_values(lambda token: hasattr(token, "type")))


def _unary(kind: str, tree: Any, names: frozenset[str]) -> tuple[Node, bool]:
    truth = kind == "unary_not"
    inner = _of(tree, names, truth=truth)
    how = np.logical_not if truth else np.negative
    return (lambda columns: Found(how(inner(columns).value), inner(columns).known)), truth


def _logic(left: Node, right: Node, *, either: bool) -> Node:
    def node(columns: Columns) -> Found:
        a, b = left(columns), right(columns)
        decided = (a.known & (a.value == either)) | (b.known & (b.value == either))
        return Found(np.where(decided, either, not either), decided | (a.known & b.known))

    return node


def _choice(parts: list[tuple[Node, bool]]) -> tuple[Node, bool]:
    (condition, truth), (first, kind), (second, other) = parts
    if not truth or kind != other:
        raise Refused("a ? b : c: a is true or false, b and c are alike")

    def node(columns: Columns) -> Found:
        asked, yes, no = condition(columns), first(columns), second(columns)
        return Found(
            np.where(asked.value, yes.value, no.value),
            asked.known & np.where(asked.value, yes.known, no.known),
        )

    return node, kind
