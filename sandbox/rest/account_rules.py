"""Access rules of an organization: single sign-on and the IP allow list."""

from http import HTTPStatus

from sandbox.payloads.links import Links
from sandbox.rest.answers import Refusal
from sandbox.state.accounts import Account


def build_sign_on_url(links: Links, account: Account) -> str:
    """Return the URL of the page where a member signs in to an organization."""
    return f"{links.web}/orgs/{account.login}/sso"


def require_sign_on(links: Links, account: Account, person_id: int) -> None:
    """Raise `Refusal` if the person must first sign in to the organization with SAML.

    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    if account.is_signed_on(person_id):
        return
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this "
        "organization.",
        headers={"X-GitHub-SSO": f"required; url={build_sign_on_url(links, account)}?authorization_request=A1B2"},
    )


def require_allowed_address(account: Account) -> None:
    """Raise `Refusal` if the IP allow list of the organization blocks API requests."""
    if account.blocks_addresses:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            f"Although you appear to have the correct authorization credentials, the `{account.login}` "
            "organization has an IP allow list enabled, and your IP address is not permitted to access this "
            "resource.",
        )
