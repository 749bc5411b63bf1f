"""The dashboard as it is served: one page for every address of its, and the files it loads."""

import gzip
import re
from pathlib import Path

import pytest

from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.dashboard.routes import Dashboard, find_built_files
from tests.support.scenarios.rest import DASHBOARD, Edge

SCRIPT = "export const a = 1;\n" * 200
PAGE = '<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><script nonce="__CSP_NONCE__"></script>'


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder in the place of what `make dashboard` builds."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets" / "index-4f2a.js").write_text(SCRIPT)
    (tmp_path / "icon.svg").write_text("<svg/>")
    monkeypatch.setattr(find_built_files, "__defaults__", (tmp_path,))
    return tmp_path


@pytest.mark.parametrize("path", ["/kit", "/kit/", "/kit/4b1c8a3e/projects/import", "/kit/a/events?status=failed"])
async def test_every_address_of_the_dashboard_returns_the_page(path: str) -> None:
    """Deep links work, and each response allows only the dashboard's scripts."""
    async with Edge().client() as client:
        first, second = await client.get(path), await client.get(path)

    nonces = [re.findall('nonce="([^"]+)"', one.text) for one in (first, second)]
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-store"
    assert f"script-src 'self' 'nonce-{nonces[0][0]}';" in first.headers["content-security-policy"]
    assert "unsafe" not in first.headers["content-security-policy"]
    assert "__CSP_NONCE__" not in first.text
    assert nonces[0] != nonces[1]


async def test_files_are_compressed_and_immutable() -> None:
    """Their names change with their content."""
    async with Edge().client() as client:
        packed = await client.get("/kit/assets/index-4f2a.js")
        plain = await client.get("/kit/assets/index-4f2a.js", headers={"accept-encoding": "identity"})
        again = await client.get("/kit/assets/index-4f2a.js", headers={"if-none-match": packed.headers["etag"]})

    assert packed.text == plain.text == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), mtime=0))
    assert "content-encoding" not in plain.headers
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert packed.headers["content-type"].startswith("text/javascript")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/kit/assets/index-old.js", "/kit/assets/../../settings.py"])
async def test_missing_file_is_not_found(path: str) -> None:
    """A browser with the page of an earlier release requests the earlier scripts."""
    async with Edge().client() as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert "<!doctype" not in answer.text


async def test_root_redirects_to_the_dashboard() -> None:
    async with Edge().client() as client:
        answer = await client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (302, "/kit")


async def test_page_explains_how_to_build_a_missing_dashboard(built: Path) -> None:
    """In a checkout where only the API was started."""
    (built / "index.html").unlink()
    async with Edge().client() as client:
        answer = await client.get("/kit/x/projects")

    assert answer.status_code == 503
    assert "make dashboard" in answer.text


@pytest.mark.parametrize(
    ("sign_in", "return_to", "location"),
    [
        ("/dev/sign-in", "/kit/a/events?q=1", "/dev/sign-in?return_to=%2Fkit%2Fa%2Fevents%3Fq%3D1"),
        ("https://crewkit.example/in", "/kit/a", f"https://crewkit.example/in?return_to={DASHBOARD}/kit/a"),
        ("https://crewkit.example/in?x=1", "/kit", f"https://crewkit.example/in?x=1&return_to={DASHBOARD}/kit"),
        ("/dev/sign-in", "https://evil.example", "/dev/sign-in?return_to=%2Fkit"),
        ("/dev/sign-in", "//evil.example", "/dev/sign-in?return_to=%2Fkit"),
        ("/dev/sign-in", "/kitten", "/dev/sign-in?return_to=%2Fkit"),
    ],
)
async def test_sign_in_returns_only_to_the_dashboard(sign_in: str, return_to: str, location: str) -> None:
    """A link cannot send the user to another site."""
    edge = Edge(sign_in_url=sign_in, dashboard_url=DASHBOARD)
    async with edge.client() as client:
        answer = await client.get("/kit/sign-in", params={"return_to": return_to})

    assert answer.status_code == 303
    assert answer.headers["location"].replace("%3A", ":").replace("%2F", "/") == location.replace("%2F", "/").replace(
        "%3A", ":"
    )


async def test_page_reports_a_missing_sign_in_address() -> None:
    """In production without CREWKIT_GIT_SIGN_IN_URL."""
    async with Edge().client() as client:
        answer = await client.get("/kit/sign-in", params={"return_to": "/kit/a"})

    assert answer.status_code == 401
    assert "Sign in to crewkit" in answer.text


def test_pictures_use_https_if_the_page_does() -> None:
    """The sandbox on this machine has no HTTPS; all other hosts have."""
    encrypted, not_so = (Dashboard(Pages(""), is_encrypted=one)._policy for one in (True, False))

    assert "img-src 'self' data: https:;" in encrypted
    assert "img-src 'self' data: https: http:;" in not_so
