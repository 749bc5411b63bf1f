"""The pages of a registration: no script, and nothing loaded from anywhere."""

from html import escape

from entrypoints.bootstrap.registration import RegisteredApp

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#1f2328}"
    "button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:6px;background:#1f883d;color:#fff;"
    "cursor:pointer}code{background:#eff1f3;padding:.1rem .3rem;border-radius:4px}"
)


def begin(*, name: str, github: str, target: str, manifest: str) -> str:
    """Show the button that brings the manifest to GitHub."""
    return _page(
        "Register the GitHub App",
        f"<p>The button opens {escape(github)}, which asks you to create the app <b>{escape(name)}</b>. "
        "Sign in there first, as yourself or as an owner of the organization.</p>"
        f'<form action="{escape(target)}" method="post">'
        f'<input type="hidden" name="manifest" value="{escape(manifest)}">'
        f"<button>Go to {escape(github)}</button></form>"
        "<p>If GitHub says that the name is taken, choose another in the field on its page; the rest "
        "stays.</p>",
    )


def registered(app: RegisteredApp, path: str) -> str:
    """Say where the secrets are, and show none."""
    return _page(
        "The GitHub App is registered",
        f"<p><b>{escape(app.name)}</b> is app {app.id}. Its secrets are in <code>{escape(path)}</code>.</p>"
        "<p>You can close this page and go on in the terminal.</p>",
    )


def unknown_return() -> str:
    """Refuse a return that this registration does not expect."""
    return _page(
        "This page does not belong to the registration under way",
        "<p>It was opened twice, or comes from an earlier one. Begin again at the address the terminal "
        "shows.</p>",
    )


def reload(why: str) -> str:
    """Ask for another try of the same return."""
    return _page(
        "GitHub made the app, but did not answer just now",
        f"<p>{escape(why)} Reload this page to fetch the app's secrets; they wait for an hour.</p>",
    )


def failed(why: str) -> str:
    """Say what went wrong."""
    return _page("The GitHub App was not registered", f"<p>{escape(why)}</p>")


def not_found() -> str:
    """Say that there is nothing."""
    return _page("There is no such page", "<p>Open the address the terminal shows.</p>")


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    )
