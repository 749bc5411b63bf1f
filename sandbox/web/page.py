from http import HTTPStatus

from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.state.accounts import Account
from sandbox.web.html import Child, Html, element, join

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;background:#fff;margin:0}
header{display:flex;gap:1.25rem;align-items:center;flex-wrap:wrap;background:#24292f;padding:.75rem 1.5rem}
header,header a{color:#fff;text-decoration:none}header span{margin-left:auto}
main{max-width:60rem;margin:1.5rem auto;padding:0 1.5rem}
h1{font-size:1.5rem;font-weight:600}h2{font-size:1.15rem;margin:2rem 0 .5rem}
section,.card{border:1px solid #d1d9e0;border-radius:6px;padding:1rem;margin:1rem 0}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .5rem}
td,th{border-bottom:1px solid #d1d9e0;vertical-align:top}
label{display:block;margin:.35rem 0}label.inline{display:inline-block;margin-right:1rem}
input,select,textarea,button{font:inherit;padding:.25rem .5rem;border:1px solid #d1d9e0;border-radius:6px}
button,.button{background:#f6f8fa;cursor:pointer;color:inherit;text-decoration:none;padding:.3rem .75rem}
.button{display:inline-block;border:1px solid #d1d9e0;border-radius:6px}
button.primary{background:#1f883d;color:#fff;border-color:#1f883d}button.danger{color:#d1242f}
form.inline{display:inline}fieldset{border:0;padding:0;margin:.5rem 0;max-height:20rem;overflow:auto}
code,pre{background:#f6f8fa;border-radius:6px;padding:.15rem .35rem;overflow:auto}pre{padding:.75rem}
.muted{color:#59636e}.bad{color:#d1242f}.good{color:#1a7f37}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'"


def render_page(title: str, *body: Child, person: Account | None, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return a page with the navigation."""
    links = {
        "/": "Sandbox GitHub",
        "/repositories": "Repositories",
        "/settings/installations": "Installed apps",
        "/settings/profile": "Settings",
        "/settings/apps": "Your apps",
        "/sandbox": "Faults and behavior",
    }
    document = element(
        "html",
        element("head", element("meta", charset="utf-8"), element("title", title), element("style", Html(_STYLE))),
        element(
            "body",
            element("header", [element("a", text, href=path) for path, text in links.items()], _render_person(person)),
            element("main", element("h1", title), *body),
        ),
        lang="en",
    )
    return HTMLResponse(f"<!doctype html>{document}", status, headers={"Content-Security-Policy": _POLICY})


def render_not_found(person: Account | None) -> HTMLResponse:
    """Return GitHub's page for objects that do not exist or are not visible to the user."""
    text = "This page does not exist, or you do not have access to it."
    return render_page("Not found", element("p", text), person=person, status=HTTPStatus.NOT_FOUND)


def render_refusal(person: Account | None, reason: str) -> HTMLResponse:
    """Return a page with the reason why an action was rejected."""
    return render_page(
        "Action not possible", element("p", reason, class_="bad"), person=person, status=HTTPStatus.UNPROCESSABLE_ENTITY
    )


def redirect(url: str) -> Response:
    """Redirect the browser, also after a form."""
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def form(action: str, *body: Child, class_: str | None = None, **hidden: str | int) -> Html:
    """Return a form with hidden fields."""
    fields = [element("input", type="hidden", name=name, value=value) for name, value in hidden.items()]
    return element("form", fields, *body, method="post", action=action, class_=class_)


def button(text: str, action: str, *, look: str | None = None, **hidden: str | int) -> Html:
    """Return a form with one button."""
    return form(action, element("button", text, class_=look), class_="inline", **hidden)


def field(label: str, name: str, value: str = "", **attributes: str | bool) -> Html:
    """Return a labelled text input."""
    return element("label", f"{label} ", element("input", name=name, value=value, **attributes))


def checkbox(label: str, name: str, *, checked: bool = False) -> Html:
    """Return a labelled checkbox."""
    box = element("input", type="checkbox", name=name, value="true", checked=checked)
    return element("label", box, f" {label}", class_="inline")


def choice(label: str, name: str, options: list[tuple[str, str]], selected: str = "") -> Html:
    """Return a labelled selection of values with their texts."""
    option_elements = [element("option", text, value=value, selected=value == selected) for value, text in options]
    return element("label", f"{label} ", element("select", option_elements, name=name))


def table(head: list[str], rows: list[list[Child]]) -> Html:
    """Return a table."""
    top = element("tr", [element("th", text) for text in head])
    return element("table", top, [element("tr", [element("td", cell) for cell in row]) for row in rows])


def _render_person(person: Account | None) -> Html:
    if person is None:
        return element("span", element("a", "Sign in", href="/login"))
    signed_in = join("Signed in as ", element("b", person.login), " ", element("a", "(change)", href="/login"))
    return element("span", signed_in)
