"""HTML elements as values, so that every text is escaped."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"input", "meta", "link", "br", "hr"})


class Html(str):
    """Escaped HTML. Only this module creates it."""

    __slots__ = ()


Child = str | Html | Iterable[str] | None
Attribute = str | int | bool | None


def element(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """Return an element. A trailing underscore in an attribute's name is removed: `class_` becomes `class`."""
    opening = f"<{tag}{''.join(_render_attribute(name, value) for name, value in attributes.items())}>"
    if tag in _VOID:
        return Html(opening)
    return Html(f"{opening}{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
    """Concatenate children. Text is escaped; HTML is kept."""
    return Html("".join(_render(child) for child in children))


def _render(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escape(child)
    return join(*child)


def _render_attribute(name: str, value: Attribute) -> str:
    name = name.removesuffix("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
