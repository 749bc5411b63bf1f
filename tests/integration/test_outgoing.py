"""Outgoing calls through a company's proxy, with a company's authority: a real proxy, real TLS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from adapters.github.registration import Registrar
from adapters.github.urls import GitHubUrls
from adapters.observability.logs import LoggedAlerts
from adapters.observability.open_telemetry import OpenTelemetryTraces, make_span_processor
from adapters.observability.sentry import SentryAlerts
from adapters.secrets.jwks import KeySetUnreadable, read_key_set
from core.domain.secret import Secret
from entrypoints.bootstrap.outgoing import connect_by, create_route, http_client
from entrypoints.process.outgoing import Outgoing
from entrypoints.settings.settings import Settings, SettingsRefused
from ports.telemetry import SpanRole
from tests.support.builders import tokens
from tests.support.fakes.certificate_authority import Authority
from tests.support.fakes.forward_proxy import PASSWORD, ForwardProxy, HttpsServer, forward_proxy, https_server

HOST = "service.example"
KEYS = json.dumps({"keys": [tokens.public_jwk(tokens.p256_key(), "k1")]}).encode()
DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}


@dataclass
class Company:
    """A proxy, the one server behind it, and the settings to reach that."""

    proxy: ForwardProxy
    server: HttpsServer
    ca_bundle: Path

    @property
    def outgoing(self) -> Outgoing:
        """The route by the service's own settings."""
        env = {"CREWKIT_GIT_HTTPS_PROXY": self.proxy.url, "CREWKIT_GIT_CA_BUNDLE": str(self.ca_bundle)}
        return create_route(Settings.from_environment({**DEVELOPMENT, **env}))


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Run a company's network."""
    authority = Authority()
    bundle = tmp_path / "company.pem"
    bundle.write_bytes(authority.certificate)
    with https_server(authority, HOST, body=KEYS) as server, forward_proxy(server.port) as proxy:
        yield Company(proxy, server, bundle)


async def test_reads_token_keys_through_the_proxy(company: Company) -> None:
    async with http_client(company.outgoing) as client:
        assert list(await read_key_set(f"https://{HOST}/keys", client)) == ["k1"]
    assert company.proxy.targets == [f"{HOST}:443"]


async def test_needs_the_certificate_authority_of_the_proxy(company: Company) -> None:
    async with http_client(Outgoing(proxy=Secret(company.proxy.url))) as client:
        with pytest.raises(KeySetUnreadable, match="CERTIFICATE_VERIFY_FAILED"):
            await read_key_set(f"https://{HOST}/keys", client)
    assert company.server.requests == []


async def test_calls_github_through_the_proxy(company: Company) -> None:
    await Registrar(
        GitHubUrls(f"https://{HOST}/api", "https://web"), None, connect_by(company.outgoing)
    ).check_reachable()
    assert (company.proxy.targets, company.server.requests) == ([f"{HOST}:443"], [("GET", "/api/")])


def test_sends_alerts_through_the_proxy(company: Company) -> None:
    dsn = f"https://key@{HOST}/1"
    route = company.outgoing
    alerts = SentryAlerts(
        Secret(dsn), environment="test", also=LoggedAlerts(), proxy=route.proxy_for(dsn), ca_bundle=route.ca_bundle
    )
    alerts.alert("code", "Something happened.")
    alerts.close()
    assert (company.proxy.targets, company.server.requests) == ([f"{HOST}:443"], [("POST", "/api/1/envelope/")])


def test_sends_traces_through_the_proxy(company: Company) -> None:
    collector, route = f"https://{HOST}", company.outgoing
    traces = OpenTelemetryTraces(
        make_span_processor(collector, proxy=route.proxy_for(collector), ca_bundle=route.ca_bundle)
    )
    with traces.start_span("work", SpanRole.CONSUMER):
        pass
    traces.close()
    assert (company.proxy.targets, company.server.requests) == ([f"{HOST}:443"], [("POST", "/v1/traces")])


async def test_calls_loopback_addresses_directly(tmp_path: Path) -> None:
    authority = Authority()
    bundle = tmp_path / "company.pem"
    bundle.write_bytes(authority.certificate)
    with https_server(authority, "127.0.0.1") as server:
        outgoing = Outgoing(Secret("http://127.0.0.1:9"), ca_bundle=bundle)
        async with http_client(outgoing) as client:
            assert (await client.get(f"https://127.0.0.1:{server.port}/")).status_code == 200


async def test_does_not_bypass_a_proxy_that_is_down() -> None:
    async with http_client(Outgoing(Secret("http://127.0.0.1:9"))) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"https://{HOST}/")


@pytest.mark.parametrize(
    ("url", "is_direct"),
    [
        ("https://github.com", False),
        ("http://collector:4318", True),
        ("https://localhost:1", True),
        ("https://127.8.9.10", True),
        ("https://[::1]:1", True),
        ("https://git.corp.example", True),
        ("https://corp.example", True),
        ("https://notcorp.example", False),
        ("https://a.internal", True),
        ("https://10.1.2.3", True),
        ("https://11.1.2.3", False),
        ("https://port.example:8443", True),
        ("https://port.example", False),
        ("https://[fd00::5]", True),
    ],
)
def test_respects_no_proxy(url: str, *, is_direct: bool) -> None:
    env = {
        "CREWKIT_GIT_HTTPS_PROXY": "proxy.example:3128",
        "CREWKIT_GIT_NO_PROXY": "corp.example, .internal,10.0.0.0/8 port.example:8443,fd00::/8",
    }
    route = create_route(Settings.from_environment({**DEVELOPMENT, **env}))
    assert route.proxy_for(url) == (None if is_direct else "http://proxy.example:3128")


def test_own_settings_have_precedence_over_usual_variables(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(Authority().certificate)
    usual = {"https_proxy": "http://usual:1", "NO_PROXY": "a.example", "SSL_CERT_FILE": str(bundle)}
    route = create_route(Settings.from_environment({**DEVELOPMENT, **usual}))
    assert route.proxy_for("https://b.example") == "http://usual:1"
    assert (route.proxy_for("https://a.example"), route.ca_bundle) == (None, bundle)
    env = {**DEVELOPMENT, **usual, "CREWKIT_GIT_HTTPS_PROXY": "http://proxy:1"}
    assert create_route(Settings.from_environment(env)).proxy_for("https://b.example") == "http://proxy:1"


def test_description_has_no_password(company: Company) -> None:
    said = company.outgoing.description
    assert f"HTTPS calls use the proxy http://127.0.0.1:{company.proxy.port}, except: loopback" in said
    assert str(company.ca_bundle) in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("HTTPS_PROXY", "socks5://proxy:1080", "SOCKS proxies are not supported"),
        ("HTTPS_PROXY", "ftp://proxy", "does not start with http"),
        ("CA_BUNDLE", "/no/such/file.pem", "cannot be read"),
        ("CA_BUNDLE", __file__, "does not contain a PEM certificate"),
        ("CA_BUNDLE", "-----BEGIN CERTIFICATE-----", "this is a certificate, not the path of a file"),
    ],
)
def test_rejects_an_invalid_proxy(name: str, text: str, why: str) -> None:
    with pytest.raises(SettingsRefused, match=why):
        Settings.from_environment({**DEVELOPMENT, f"CREWKIT_GIT_{name}": text})
