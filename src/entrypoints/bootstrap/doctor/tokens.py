from adapters.secrets.jwks import KeySetUnreadable, read_key_set
from adapters.secrets.keys import KeyRefused, key_from_pem
from entrypoints.bootstrap.doctor.unset import unset
from entrypoints.bootstrap.outgoing import http_client, outgoing_of
from entrypoints.doctor.findings import Check, Finding, fail, ok
from entrypoints.settings import Settings

_ABOUT = "access tokens"
_PINNED = (
    "Give CREWKIT_GIT_AUTH_PUBLIC_KEY the issuer's public key, or CREWKIT_GIT_AUTH_JWKS_URL its address."
)


def token_checks(settings: Settings) -> list[Check]:
    """Return what is asked of the keys that access tokens are verified with."""
    url, pem = settings.auth_jwks_url, settings.auth_public_key

    async def look_at_published() -> list[Finding]:
        assert url is not None
        try:
            async with http_client(outgoing_of(settings)) as client:
                keys = await read_key_set(url, client)
        except KeySetUnreadable as error:
            return [fail(_ABOUT, f"No keys can be read at {url} ({error}).", remedy)]
        count = f"{len(keys)} keys are" if len(keys) > 1 else "One key is"
        return [ok(_ABOUT, f"{count} published at {url}.")]

    async def look_at_pinned() -> list[Finding]:
        assert pem is not None
        try:
            found = key_from_pem(pem)
        except KeyRefused as error:
            return [fail(_ABOUT, f"The public key cannot be used: {error}.", _PINNED)]
        return [ok(_ABOUT, f"They are verified with one public key, by {found.algorithm}.")]

    if url:
        remedy = "See that this machine reaches the issuer, or correct CREWKIT_GIT_AUTH_JWKS_URL."
        return [Check(_ABOUT, look_at_published, remedy)]
    if pem:
        return [Check(_ABOUT, look_at_pinned, _PINNED)]
    return [unset(settings, _ABOUT, "AUTH_PUBLIC_KEY or _JWKS_URL", _PINNED)]
