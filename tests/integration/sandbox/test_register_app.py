"""`crewkit-git register-app` makes an app on GitHub's own pages, and loses nothing of it."""

import asyncio
import os
import re
import signal
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.registration import Registrar
from adapters.github.urls import GitHubUrls
from adapters.system import SystemClock
from core.domain.provider_errors import ProviderUnavailable
from entrypoints.cli.register_app import register_app
from entrypoints.settings.settings import Settings
from sandbox.faults import Fault, FaultKind
from tests.support.clients.register_app import read, run_registration
from tests.support.conditions import until
from tests.support.fakes.webhook_receiver import Receiver
from tests.support.servers.sandbox import MARA, RunningSandbox

CONVERSION = "/app-manifests/*"


async def _is_met(sandbox: RunningSandbox) -> bool:
    """Return whether the active fault affected a call."""
    await asyncio.sleep(0.01)
    return not sandbox.sandbox.faults.active


@pytest.mark.parametrize("organization", [None, "acme-rockets"])
async def test_registered_app_works_and_its_secrets_are_only_in_the_file(
    running: RunningSandbox, receiver: Receiver, tmp_path: Path, organization: str | None
) -> None:
    """For an organization, too."""
    file = tmp_path / "app.env"
    arguments = ["--public-url", receiver.url, "--name", "Crewkit of Mara"]
    arguments += ["--organization", organization] if organization else []
    async with run_registration(running, file, *arguments) as registration:
        back = await registration.create(owner=organization or MARA)
        page = await registration.browser.get(back)
        status, said = await registration.wait_for_end()

    assert (status, page.status_code) == (0, 200), said
    assert file.stat().st_mode & 0o777 == 0o600
    variables = read(file)
    settings = Settings.from_environment(variables, process="test")
    assert (settings.public_url, settings.github_url) == (receiver.url, running.url)
    assert settings.github_client_id is not None
    assert settings.github_client_secret is not None
    assert settings.github_private_key is not None
    app = GitHubApp(
        settings.github_client_id,
        settings.github_client_secret,
        settings.github_private_key,
        settings.github_app_id,
        addresses=GitHubUrls(settings.github_api_url, settings.github_url),
    )
    provider = GitHubProvider(app, SystemClock())
    try:
        found = await provider.get_app()
        assert (found.slug, found.id) == ("crewkit-of-mara", settings.github_app_id)
        assert (dict(found.permissions), found.events) == (provider.needs.all_permissions, provider.needs.events)
        assert (await provider.get_webhook_config()).url == f"{receiver.url}/api/v1/git/github/webhooks"
    finally:
        await provider.close()
    kept = running.data.apps[int(found.id)]
    assert kept.webhook_secret == settings.github_webhook_secrets[0].reveal()
    assert (kept.request_oauth_on_install, kept.setup_on_update, kept.webhook_active) == (True, True, True)
    assert [urlsplit(one).path for one in kept.callback_urls] == [
        "/api/v1/git/github/callback",
        "/api/v1/user/git-connections/github/callback",
    ]
    secrets = [kept.client_secret, kept.webhook_secret, variables["CREWKIT_GIT_GITHUB_PRIVATE_KEY"][40:80]]
    assert [one for one in secrets if one in said or one in page.text] == []


async def test_page_restricts_the_browser(running: RunningSandbox, tmp_path: Path) -> None:
    """No script, no frame, a form only to GitHub, at an address that only the operator has."""
    async with run_registration(running, tmp_path / "app.env") as registration:
        page = await registration.browser.get(registration.first_page)
        root = registration.first_page.rpartition("/")[0]
        guessed = await registration.browser.get(f"{root}/")
        renamed = await registration.browser.get(registration.first_page, headers={"host": "evil.example"})
        posted = await registration.browser.post(registration.first_page)

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action {running.url};" in policy
    assert "script" not in policy
    assert page.headers["referrer-policy"] == "strict-origin"  # with none the form's origin would be null
    assert page.headers["cache-control"] == "no-store"
    assert (guessed.status_code, renamed.status_code, posted.status_code) == (404, 404, 501)
    assert root not in guessed.text


async def test_unsolicited_return_changes_nothing(running: RunningSandbox, tmp_path: Path) -> None:
    """Wrong or missing state or code: rejected, while the valid return still works, once."""
    file = tmp_path / "app.env"
    async with run_registration(running, file) as registration:
        back = await registration.create()
        for wrong in (
            re.sub(r"state=[^&]+", "state=guessed", back),
            re.sub(r"&?state=[^&]+", "", back),
            re.sub(r"code=[^&]+", "code=", back),
            re.sub(r"state=[^&]+", "state=%C3%A9", back),
        ):
            assert (await registration.browser.get(wrong)).status_code == 400
        assert not file.exists()

        running.sandbox.faults.active = [Fault(FaultKind.LATENCY, CONVERSION, seconds=0.3)]
        twice = await asyncio.gather(*(registration.browser.get(back) for _ in range(2)))
        status, said = await registration.wait_for_end()

    assert sorted(page.status_code for page in twice) == [200, 400]
    assert status == 0, said
    assert "webhook will be inactive" in said


async def test_outage_of_github_needs_a_reload(running: RunningSandbox, tmp_path: Path) -> None:
    """The code stays valid, so the same page works again."""
    async with run_registration(running, tmp_path / "app.env") as registration:
        back = await registration.create()
        running.sandbox.faults.active = [Fault(FaultKind.ERROR, CONVERSION, status=502)]
        refused = await registration.browser.get(back, timeout=30)
        assert refused.status_code == 503
        assert "Reload this page" in refused.text
        running.sandbox.faults.active = []

        assert (await registration.browser.get(back, timeout=30)).status_code == 200
        status, said = await registration.wait_for_end()
    assert status == 0, said


async def test_used_code_is_an_error_with_a_remedy(running: RunningSandbox, tmp_path: Path) -> None:
    """GitHub shows secrets once, so another program has them."""
    file = tmp_path / "app.env"
    async with run_registration(running, file) as registration:
        back = await registration.create()
        code = parse_qs(urlsplit(back).query)["code"][0]
        await running.client.post(f"/api/v3/app-manifests/{code}/conversions")

        page = await registration.browser.get(back)
        status, said = await registration.wait_for_end()

    assert (status, page.status_code) == (1, 502)
    for text in (said, page.text):
        assert "used before or is more than an hour old" in text
        assert "Delete the app on GitHub" in text
        assert code not in text
    assert not file.exists()


async def test_interruption_during_the_return_keeps_the_secrets(running: RunningSandbox, tmp_path: Path) -> None:
    """The app exists at GitHub by then, so its secrets are fetched and stored."""
    file = tmp_path / "app.env"
    async with run_registration(running, file) as registration:
        back = await registration.create()
        running.sandbox.faults.active = [Fault(FaultKind.LATENCY, CONVERSION, times=1, seconds=1.0)]
        returning = asyncio.create_task(registration.browser.get(back))
        await until(lambda: _is_met(running))
        registration.process.send_signal(signal.SIGTERM)
        await returning
        status, said = await registration.wait_for_end()

    assert status == 0, said
    assert read(file)["CREWKIT_GIT_GITHUB_APP_SLUG"] == "crewkit-dev"


async def test_interruption_before_the_return_writes_nothing(running: RunningSandbox, tmp_path: Path) -> None:
    """The message names the app that may exist at GitHub."""
    async with run_registration(running, tmp_path / "app.env") as registration:
        registration.process.send_signal(signal.SIGINT)
        status, said = await registration.wait_for_end()

    assert status == 1
    assert "The registration was interrupted. No file was written" in said
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - as good here


async def test_ends_without_a_return(running: RunningSandbox, tmp_path: Path) -> None:
    """With possible reasons, such as a duplicate name."""
    async with run_registration(running, tmp_path / "app.env", "--timeout", "1s") as registration:
        status, said = await registration.wait_for_end()

    assert status == 1
    assert "Your browser did not return from GitHub within 1 seconds" in said
    assert "--name" in said


def test_reports_problems_before_registering(tmp_path: Path) -> None:
    """The file, its directory, the port, the addresses."""
    other = tmp_path / "other.env"
    other.write_text("A=1")

    def run_command(*arguments: str) -> str:
        result = CliRunner().invoke(register_app, ["--no-browser", "--timeout", "1s", *arguments])
        assert result.exit_code == 1
        return result.output

    assert "--force" in run_command("--file", str(other))
    assert other.read_text() == "A=1"
    assert "does not exist" in run_command("--file", str(tmp_path / "gone" / "app.env"))
    assert "--public-url" in run_command("--file", str(tmp_path / "a.env"), "--public-url", "http://localhost:1")
    assert "GitHub returns secrets" in run_command("--file", str(tmp_path / "a.env"), "--github-url", "http://x.y")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = run_command("--file", str(tmp_path / "a.env"), "--port", port)
        assert f"Error: 127.0.0.1:{port} is already in use by process {os.getpid()} (" in busy
        assert busy.endswith("). Stop that process, or choose another port with --port, or omit the option.\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {}, "GitHub: https://github.com\n"),
        (["--github-url", "http://127.0.0.1:9"], {}, "GitHub: http://127.0.0.1:9\n"),
        (
            [],
            {"CREWKIT_GIT_GITHUB_URL": "http://127.0.0.1:9"},
            "GitHub: http://127.0.0.1:9 (from CREWKIT_GIT_GITHUB_URL; use --github-url for another GitHub)\n",
        ),
        (
            ["--github-url", "http://127.0.0.1:9"],
            {"CREWKIT_GIT_GITHUB_URL": "http://127.0.0.1:8"},
            "GitHub: http://127.0.0.1:9\n",
        ),
    ],
)
def test_prints_the_github_address_and_its_source(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    """The variable may belong to another App in the environment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it goes nowhere
        port = str(taken.getsockname()[1])
        words = ["--no-browser", "--file", str(tmp_path / "app.env"), "--port", port, *arguments]
        done = CliRunner().invoke(register_app, words, env={"CREWKIT_GIT_GITHUB_URL": None, **environment})
    assert done.output.startswith(said)


async def test_duplicate_name_can_be_changed_on_github(running: RunningSandbox, tmp_path: Path) -> None:
    """As the page and docs/github-app.md explain; all else stays."""
    file = tmp_path / "app.env"
    async with run_registration(running, file, "--name", "crewkit") as registration:
        back = await registration.create(name="Crewkit of Mara")
        await registration.browser.get(back)
        status, said = await registration.wait_for_end()
    assert status == 0, said
    assert read(file)["CREWKIT_GIT_GITHUB_APP_SLUG"] == "crewkit-of-mara"


def test_reports_an_unreachable_github_at_once(tmp_path: Path) -> None:
    """With the address and the remedy, instead of waiting for a return."""
    arguments = ["--no-browser", "--timeout", "1m", "--file", str(tmp_path / "app.env")]
    said = CliRunner().invoke(register_app, [*arguments, "--github-url", "http://127.0.0.1:9"])
    assert said.exit_code == 1
    assert "Error: http://127.0.0.1:9/api/v3/ does not respond (ConnectError: " in said.output
    assert "--github-url" in said.output
    assert "Open this page" not in said.output


async def test_does_not_wait_for_a_silent_github() -> None:
    """It accepts the connection and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registrar = Registrar(GitHubUrls.from_web_url(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with pytest.raises(ProviderUnavailable, match="does not respond"):
            await registrar.check_reachable(seconds=0.05)
