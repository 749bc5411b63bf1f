"""The texts of a Python file."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tests.support.language.texts import Text, paragraphs

_LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
_SQL = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|WHERE|WITH|CREATE|ALTER|JOIN|AND NOT|strpos)\b")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")


def texts_of_python(source: str) -> Iterator[Text]:
    """Return public texts (sentences in strings, log events and keys) and texts of the code.

    The rest are comments, docstrings, names, SQL and strings without a space. The docstring of a command is
    public: it is the command's help.
    """
    nodes = list(ast.walk(ast.parse(source)))
    yield from _comments(source)
    yield from _strings(nodes)
    yield from _names(nodes)


def _comments(source: str) -> Iterator[Text]:
    if "#" not in source:
        return
    own_line: list[tuple[int, str]] = []
    trailing: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = token.line[: token.start[1]].strip() == ""
            (own_line if alone else trailing).append((token.start[0], token.string.lstrip("#! ")))
    yield from paragraphs(own_line, is_public=False)
    for line in trailing:
        yield from paragraphs([line], is_public=False)


def _strings(nodes: list[ast.AST]) -> Iterator[Text]:
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    public = {id(node) for node in _public_strings(nodes)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        content = _content(node)
        if content is None or id(node) in parts:
            continue
        is_sentence = " " in content.strip() and not _SQL.search(content)
        is_public = id(node) in public or (is_sentence and id(node) not in docstrings)
        line, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        yield Text(line, last, content, is_public, is_name=not is_public and " " not in content)


def _content(node: ast.AST) -> str | None:
    """Return a string without the names of its placeholders, or None if the node is not a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _PLACEHOLDER.sub("{}", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_content(part) or "{}" for part in node.values)
    return None


def _public_strings(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield the help of commands and the names of log events."""
    for node in nodes:
        match node:
            case ast.FunctionDef(body=[ast.Expr(value=docstring), *_]) if _is_command(node):
                yield docstring
            case ast.Call(func=ast.Attribute(attr=method), args=[event, *_]) if method in _LOG_METHODS:
                yield event


def _is_command(node: ast.FunctionDef) -> bool:
    decorators = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
    return any(isinstance(item, ast.Attribute) and item.attr in {"command", "group"} for item in decorators)


def _names(nodes: list[ast.AST]) -> Iterator[Text]:
    seen = set()
    for node in nodes:
        for name, is_public in _definitions_of(node):
            if name not in seen:
                seen.add(name)
                line = getattr(node, "lineno", 1)
                yield Text(line, line, name, is_public, is_name=True)


def _definitions_of(node: ast.AST) -> Iterator[tuple[str, bool]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, False
        case ast.arg():
            yield node.arg, False
        case ast.Name(ctx=ast.Store()):
            yield node.id, False
        case ast.Attribute(ctx=ast.Store()):
            yield node.attr, False
        case ast.Call(func=ast.Attribute(attr=method)) if method in _LOG_METHODS:
            yield from ((keyword.arg, True) for keyword in node.keywords if keyword.arg)
