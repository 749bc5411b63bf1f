"""What an organization requires before anybody sees its resources: single sign-on, or an allowed address."""

from http import HTTPStatus

from sandbox.payloads.links import Links
from sandbox.rest.answers import Refusal
from sandbox.state.accounts import Account


def sign_on_page(links: Links, account: Account) -> str:
    """Return the page where a member signs in to an organization."""
    return f"{links.web}/orgs/{account.login}/sso"


def require_sign_on(links: Links, account: Account, person_id: int) -> None:
    """Refuse a person who has not signed in to an organization that requires single sign-on.

    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    if account.admits(person_id):
        return
    raise Refusal(
        HTTPStatus.FORBIDDEN,
        "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this "
        "organization.",
        headers={"X-GitHub-SSO": f"required; url={sign_on_page(links, account)}?authorization_request=A1B2"},
    )


def require_allowed_address(account: Account) -> None:
    """Refuse every caller while the organization's IP allow list has none of their addresses."""
    if account.blocks_addresses:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            f"Although you appear to have the correct authorization credentials, the `{account.login}` "
            "organization has an IP allow list enabled, and your IP address is not permitted to access this "
            "resource.",
        )
