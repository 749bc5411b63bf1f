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
        f"<p>Continue on {escape(github)} to create the app <b>{escape(name)}</b>. You must be signed in "
        "there. For an organization's app, you must be an owner of the organization.</p>"
        f'<form action="{escape(target)}" method="post">'
        f'<input type="hidden" name="manifest" value="{escape(manifest)}">'
        f"<button>Continue on {escape(github)}</button></form>"
        "<p>If the name is already taken, enter another name on GitHub's page.</p>",
    )


def registered(app: RegisteredApp, path: str) -> str:
    """Say where the secrets are, and show none."""
    return _page(
        "GitHub App registered",
        f"<p><b>{escape(app.name)}</b> (app id {app.id}) is registered. Its secrets are in "
        f"<code>{escape(path)}</code>.</p>"
        "<p>Close this page and continue in the terminal.</p>",
    )


def unknown_return() -> str:
    """Refuse a return that this registration does not expect."""
    return _page(
        "This link is not valid any more",
        "<p>It was opened twice, or it belongs to an earlier registration. Open the URL that the terminal "
        "shows and start again.</p>",
    )


def reload(why: str) -> str:
    """Ask for another try of the same return."""
    return _page(
        "GitHub created the app but did not return its secrets",
        f"<p>{escape(why)} Reload this page to fetch the secrets. This works for one hour.</p>",
    )


def failed(why: str) -> str:
    """Say what went wrong."""
    return _page("The GitHub App was not registered", f"<p>{escape(why)}</p>")


def not_found() -> str:
    """Say that there is nothing."""
    return _page("Page not found", "<p>Open the URL that the terminal shows.</p>")


def _page(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    )
