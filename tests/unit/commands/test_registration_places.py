"""An app is not registered with addresses it cannot work with."""

import pytest

from entrypoints.registration.locations import InvalidOption, RegistrationUrls, create_request, parse_github_url

HERE = "http://127.0.0.1:3050"
PUBLIC = "https://git.crewkit.example"
GITHUB = "https://github.com"


def places(**changes: str | None) -> RegistrationUrls:
    """Give the addresses of a registration at GitHub."""
    return RegistrationUrls(**{"github_url": GITHUB, "local_url": HERE, **changes})  # type: ignore[arg-type]


def test_public_address_serves_deliveries_and_browsers() -> None:
    """The install callback comes first."""
    manifest = create_request("crewkit", places(public_url=f"{PUBLIC}/"), public=True)

    assert manifest.webhook_active
    assert manifest.webhook_url == f"{PUBLIC}/api/v1/git/github/webhooks"
    assert manifest.callback_urls == (
        f"{PUBLIC}/api/v1/git/github/callback",
        f"{PUBLIC}/api/v1/user/git-connections/github/callback",
    )


def test_without_a_public_address_the_webhook_is_off() -> None:
    """Its placeholder is an address of this service, never of a stranger."""
    manifest = create_request("crewkit-dev", places(homepage="https://crewkit.example"), public=True)

    assert not manifest.webhook_active
    assert manifest.webhook_url == "https://crewkit.example/api/v1/git/github/webhooks"
    assert manifest.callback_urls[0] == f"{HERE}/api/v1/git/github/callback"


def test_tunnel_can_receive_deliveries_alone() -> None:
    """Like smee, which does not serve browsers."""
    manifest = create_request("crewkit-dev", places(webhook_url="https://smee.io/abc"), public=True)

    assert (manifest.webhook_active, manifest.webhook_url) == (True, "https://smee.io/abc")
    assert manifest.callback_urls[0].startswith(HERE)


@pytest.mark.parametrize("option", ["public_url", "webhook_url"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost:3050", "GitHub cannot reach this address"),
        ("https://127.0.0.1", "GitHub cannot reach this address"),
        ("https://[::1]:3050", "GitHub cannot reach this address"),
        ("https://192.168.1.5", "GitHub cannot reach this address"),
        ("https://laptop", "GitHub cannot reach this address"),
        ("https://git.internal", "GitHub cannot reach this address"),
        ("http://git.crewkit.example", "use https://"),
        ("git.crewkit.example", "does not start with"),
        ("https://git.crewkit.example/?a=b", "remove the query"),
        ("https://mara:secret@git.crewkit.example", "the user name"),
        ("https://", "has no host"),
    ],
)
def test_rejects_addresses_that_github_cannot_reach(option: str, url: str, said: str) -> None:
    """Before registering; the message names the option."""
    with pytest.raises(InvalidOption, match=said) as refused:
        create_request("crewkit", places(**{option: url}), public=True)
    assert str(refused.value).startswith(f"--{option.replace('_', '-')} ")


def test_sandbox_can_reach_this_machine() -> None:
    manifest = create_request("crewkit", places(github_url="http://127.0.0.1:3060", public_url=HERE), public=True)
    assert manifest.webhook_url == f"{HERE}/api/v1/git/github/webhooks"


@pytest.mark.parametrize("option", ["public_url", "webhook_url"])
def test_plain_http_is_allowed_only_on_this_machine(option: str) -> None:
    """For any GitHub."""
    sandbox = places(github_url="http://127.0.0.1:3060", **{option: "http://git.example"})
    with pytest.raises(InvalidOption, match="use https://"):
        create_request("crewkit", sandbox, public=True)


@pytest.mark.parametrize("name", ["", "  ", "n" * 35])
def test_rejects_an_invalid_app_name(name: str) -> None:
    """Too long or empty."""
    with pytest.raises(InvalidOption, match="1 to 34 characters"):
        create_request(name, places(), public=True)


def test_secrets_need_tls() -> None:
    """Except on this machine."""
    assert parse_github_url("https://git.acme.example/") == "https://git.acme.example"
    assert parse_github_url("http://127.0.0.1:3060") == "http://127.0.0.1:3060"
    with pytest.raises(InvalidOption, match="https"):
        parse_github_url("http://git.acme.example")
