"""HTML pages from Jinja2 templates (https://jinja.palletsprojects.com/en/stable/templates/)."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def open_templates(package: str) -> Environment:
    """Return the templates in a package's folder `templates`.

    A template escapes every value. A template that uses a value it did not get raises `UndefinedError`.
    """
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Otherwise each rendering checks the files for changes.
        auto_reload=False,
    )


@cache
def style_source(templates: Environment, name: str) -> str:
    """Return the source for `style-src` that permits the style sheet `name` in the page that includes it."""
    style = templates.get_template(name).render()
    digest = hashlib.sha256(style.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
