"""The tables of log keys, log events and alerts."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from adapters.observability.log_fields import LOG_EVENTS, LOG_FIELDS
from tests.support.reference.tables import code, table

ROOT = Path(__file__).parents[3]
SOURCES = (ROOT / "src", ROOT / "sandbox")
# The method that forwards the lines of libraries, whose texts are not from this service.
_FORWARDER = ("src/adapters/observability/logs.py", "emit")
_LEVELS = ("debug", "info", "warning", "error", "critical")


def log_keys() -> str:
    """Return the table of keys."""
    return table(("Key", "Meaning"), ((code(key), meaning) for key, meaning in LOG_FIELDS.items()))


def log_events() -> str:
    """Return the table of events, read from all calls on `_log`.

    Raise ValueError if a call has a key that `LOG_FIELDS` does not explain.
    """
    levels: dict[str, set[str]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[str]] = defaultdict(set)
    for file, function, call in _calls_on("_log"):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        arguments = call.args[1:] if method == "log" else call.args
        for event in _texts(arguments[0], function):
            levels[event] |= _levels(method, call, function)
            keys[event] |= _keys(call, function)
            files[event].add(file)
    if unknown := set().union(*keys.values()) - set(LOG_FIELDS):
        raise ValueError(f"Log keys without a meaning: {sorted(unknown)}")
    rows = (
        (
            code(event),
            LOG_EVENTS[event],
            ", ".join(level for level in _LEVELS if level in levels[event]),
            ", ".join(code(key) for key in LOG_FIELDS if key in keys[event]),
            ", ".join(code(file) for file in sorted(files[event])),
        )
        for event in sorted(levels)
    )
    return table(("Event", "Meaning", "Level", "Keys", "Logged in"), rows)


def alerts() -> str:
    """Return the table of alerts that the service raises."""
    messages = {
        _text(call.args[0]): _text(call.args[1])
        for owner in ("alerts", "_alerts")
        for _, _, call in _calls_on(owner, "alert")
        if isinstance(call.args[0], ast.Constant)
    }
    return table(("Code", "Message"), ((code(name), text) for name, text in sorted(messages.items())))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _calls_on(name: str, method: str | None = None) -> Iterator[tuple[str, Function, ast.Call]]:
    """Yield every call of a method of a variable or attribute, with its file and function."""
    for source in sorted(path for folder in SOURCES for path in folder.rglob("*.py")):
        file = str(source.relative_to(ROOT))
        for function in ast.walk(ast.parse(source.read_text())):
            if not isinstance(function, Function) or (file, function.name) == _FORWARDER:
                continue
            for node in ast.walk(function):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=called)
                    ) if owner == name and called in ({method} if method else _METHODS):
                        yield file, function, node


_METHODS = {*_LEVELS, "exception", "log"}


def _levels(method: str, call: ast.Call, function: Function) -> set[str]:
    if method == "log":
        nodes = [call.args[0], *_values(call.args[0], function)]
        names = {node.attr for each in nodes for node in ast.walk(each) if isinstance(node, ast.Attribute)}
        return {name.lower() for name in names} & set(_LEVELS)
    return {"error" if method == "exception" else method}


def _keys(call: ast.Call, function: Function) -> set[str]:
    """Return the names of all keyword arguments, also of those in a dictionary that the function builds."""
    keys = {keyword.arg for keyword in call.keywords if keyword.arg} - {"exc_info"}
    if any(keyword.arg is None for keyword in call.keywords):
        for node in ast.walk(function):
            match node:
                case ast.Dict(keys=names):
                    keys |= {
                        name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)
                    }
                case ast.Subscript(slice=ast.Constant(value=str() as name), ctx=ast.Store()):
                    keys.add(name)
    return keys


def _texts(node: ast.expr, function: Function) -> set[str]:
    """Return the texts an expression can have: a constant, a choice, or a variable with one of these."""
    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.IfExp(body=body, orelse=orelse):
            return _texts(body, function) | _texts(orelse, function)
        case ast.Name():
            values = _values(node, function)
            if values:
                return set().union(*(_texts(value, function) for value in values))
    raise ValueError(f"The name of a log event must be a constant: {ast.unparse(node)}")


def _values(node: ast.expr, function: Function) -> list[ast.expr]:
    """Return the expressions that the function assigns to a variable."""
    return [
        assign.value
        for assign in ast.walk(function)
        if isinstance(node, ast.Name)
        and isinstance(assign, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == node.id for target in assign.targets)
    ]


def _text(node: ast.expr) -> str:
    """Return a constant text. A part that is computed becomes an ellipsis."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join("…" if isinstance(part, ast.FormattedValue) else _text(part) for part in parts)
    raise ValueError(f"An alert's code and message must be texts: {ast.unparse(node)}")
