"""Markup in which every text is escaped, because elements are values and not strings put together."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"input", "meta", "link", "br", "hr"})


class Html(str):
    """Text that is markup already; only this module makes it."""

    __slots__ = ()


Child = str | Html | Iterable[str] | None
Attribute = str | int | bool | None


def el(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """Make an element. A final underscore in an attribute's name is dropped, so that `class_` can be said."""
    opening = f"<{tag}{''.join(_attribute(name, value) for name, value in attributes.items())}>"
    if tag in _VOID:
        return Html(opening)
    return Html(f"{opening}{together(*children)}</{tag}>")


def together(*children: Child) -> Html:
    """Put children one after the other; text is escaped, markup and lists are taken as they are."""
    return Html("".join(_shown(child) for child in children))


def _shown(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escape(child)
    return together(*child)


def _attribute(name: str, value: Attribute) -> str:
    name = name.removesuffix("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
