from datetime import timedelta

import click

from core.domain.permissions import SCOPES
from entrypoints.cli.click_extensions import DURATION

_SCOPES = ", ".join(sorted(SCOPES))


class _Scope(click.ParamType[str]):
    """A scope that the service checks."""

    name = "scope"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the scope, or fail with the known ones."""
        if value not in SCOPES:
            self.fail(f"{value!r} is not a scope. Known scopes: {_SCOPES}.", param, ctx)
        return value


@click.command()
@click.argument("user", required=False)
@click.option("--service", help="Create a token for this service instead of a user.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=_Scope(),
    help=f"Add a scope to the service's token: {_SCOPES}. Can be repeated.",
)
@click.option(
    "--ttl", type=DURATION, default="8h", show_default=True, help="How long the token is valid, such as 90s, 15m or 1h."
)
def token(*, user: str | None, service: str | None, scopes: tuple[str, ...], ttl: timedelta) -> None:
    """Create an access token for development.

    USER is the email address or role of a user of the running demo, or the UUID of any user. The token is
    signed with the development key that `make run` created. Production services reject it.
    """
    from entrypoints.cli.development_tokens import sign_service_token, sign_user_token

    if bool(user) == bool(service):
        raise click.UsageError("Pass either USER or --service.")
    if scopes and service is None:
        raise click.UsageError(
            "--scope needs --service. Users have no scopes; their permissions follow from their roles."
        )
    if service is not None:
        click.echo(sign_service_token(service, scopes, lifetime=ttl))
    elif user is not None:
        click.echo(sign_user_token(user, lifetime=ttl))
