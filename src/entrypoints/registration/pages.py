"""The pages of a registration. They have no script and load nothing."""

from entrypoints.bootstrap.github import RegisteredApp
from entrypoints.edge.templates import open_templates, style_source

_TEMPLATES = open_templates("entrypoints.registration")


def page_style_source() -> str:
    """Return the source for `style-src` that permits the style of these pages."""
    return style_source(_TEMPLATES, "page.css")


def render_begin(*, name: str, github: str, target: str, manifest: str) -> str:
    """Return the page with the button that sends the manifest to GitHub."""
    return _render(
        "begin.html", title="Register the GitHub App", name=name, github=github, target=target, manifest=manifest
    )


def render_registered(app: RegisteredApp, path: str) -> str:
    """Return the page that names the file with the secrets. It does not show the secrets."""
    return _render("registered.html", title="GitHub App registered", app=app, path=path)


def render_unknown_return() -> str:
    """Return the page for a return that this registration does not expect."""
    return _render(
        "page.html",
        title="This link is not valid any more",
        text="It was opened twice, or it belongs to an earlier registration. Open the URL that the terminal "
        "shows and start again.",
    )


def render_reload(why: str) -> str:
    """Return the page that asks for another attempt of the same return."""
    return _render(
        "page.html",
        title="GitHub created the app but did not return its secrets",
        text=f"{why} Reload this page to fetch the secrets. This works for one hour.",
    )


def render_failure(why: str) -> str:
    """Return the page that says why the registration failed."""
    return _render("page.html", title="The GitHub App was not registered", text=why)


def render_not_found() -> str:
    """Return the page for any other path."""
    return _render("page.html", title="Page not found", text="Open the URL that the terminal shows.")


def _render(template: str, **values: object) -> str:
    return _TEMPLATES.get_template(template).render(values)
