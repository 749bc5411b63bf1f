from adapters.secrets.jwks import KeySetUnreadable, read_key_set
from adapters.secrets.keys import KeyRefused, parse_pem_key
from entrypoints.bootstrap.outgoing import create_route, http_client
from entrypoints.doctor.checks.settings import report_missing
from entrypoints.doctor.findings import Check, Finding, fail, format_count, ok
from entrypoints.settings.settings import Settings

_ABOUT = "access tokens"
_PINNED = (
    "Set CREWKIT_GIT_AUTH_PUBLIC_KEY to the token issuer's public key, or CREWKIT_GIT_AUTH_JWKS_URL to the "
    "URL of its JWK set."
)


def token_checks(settings: Settings) -> list[Check]:
    """Return the check of the keys that verify access tokens."""
    url, pem = settings.auth_jwks_url, settings.auth_public_key

    async def check_published_keys() -> list[Finding]:
        assert url is not None
        try:
            async with http_client(create_route(settings)) as client:
                keys = await read_key_set(url, client)
        except KeySetUnreadable as error:
            return [fail(_ABOUT, f"The public keys of the token issuer cannot be read from {url} ({error}).", remedy)]
        return [ok(_ABOUT, f"{url} publishes {format_count(len(keys), 'key')}.")]

    async def check_pinned_key() -> list[Finding]:
        assert pem is not None
        try:
            key = parse_pem_key(pem)
        except KeyRefused as error:
            return [fail(_ABOUT, f"The public key cannot be used: {error}.", _PINNED)]
        return [ok(_ABOUT, f"Access tokens are verified with one public key ({key.algorithm}).")]

    if url:
        remedy = "Check that this machine can reach the token issuer, or correct CREWKIT_GIT_AUTH_JWKS_URL."
        return [Check(_ABOUT, check_published_keys, remedy)]
    if pem:
        return [Check(_ABOUT, check_pinned_key, _PINNED)]
    return [report_missing(settings, _ABOUT, ["AUTH_PUBLIC_KEY", "AUTH_JWKS_URL"], _PINNED)]
