"""All environment variables. `Settings` and `docs/reference/settings.md` are made from this table."""

from collections.abc import Callable
from dataclasses import dataclass

from entrypoints import setting_keys as keys
from entrypoints import setting_values as values

PREFIX = "CREWKIT_GIT_"
PROCESSES = ("api", "grpc", "worker", "scheduler", "migrate", "events", "recover-deliveries", "keys")
EVERY_PROCESS = frozenset(PROCESSES)
_SERVING = frozenset({"api", "grpc", "worker", "scheduler"})
_API = frozenset({"api"})
AUTHENTICATING = frozenset({"api", "grpc"})
# Workers apply what the provider told, and ask it nothing: they need not be able to.
_ASKING = frozenset({"api", "grpc", "scheduler", "recover-deliveries"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: how it is read, and its description in `docs/reference/settings.md`."""

    name: str
    read: Callable[[str], object]
    doc: str
    remedy: str
    default: str | None = None
    needed_by: frozenset[str] = frozenset()
    assumed_in_development: bool = False
    """Whether development does without it, having the API's own address."""
    read_file: Callable[[str], object] | None = None
    """How the content of its `_FILE` is read, if not like the variable."""
    standard_variables: tuple[str, ...] = ()
    """Variables that other programs use for the same purpose, read if this variable is not set."""
    takes_path: bool = False
    """Whether the value may be the path of a file."""
    takes_lines: bool = False
    """Whether the value may have several lines: PEM text, and lists in a file."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name

    @property
    def field(self) -> str:
        """The field of `Settings` it fills."""
        return self.name.lower()


_HOST_PORT = "Give host:port, such as 127.0.0.1:3050"

SETTINGS = (
    Setting(
        "ENVIRONMENT",
        values.environment,
        "`production` or `development`. Development has demo users, a sandbox and keys made on the spot; "
        "`crewkit-git up` sets it.",
        "Set it to production or development",
        default="production",
    ),
    Setting(
        "HOME",
        values.directory,
        "The directory of everything `up` keeps: embedded servers, development keys, `demo.json`.",
        "Name a directory you own",
        default=".crewkit-git",
        takes_path=True,
    ),
    Setting("HTTP_ADDR", values.address, "Where the API listens.", _HOST_PORT, default="127.0.0.1:3050"),
    Setting(
        "HTTP_MAX_CONNECTIONS",
        values.whole_number(1, 1_000_000),
        "The maximum number of open connections of the API. For a further one it closes the longest idle "
        "connections, or answers 503 if all are busy. The limit of open files also applies.",
        "Give a whole number from 1 to 1000000",
        default="5000",
    ),
    Setting(
        "HTTP_KEEP_ALIVE_SECONDS",
        values.whole_number(1, 3600),
        "For how many seconds a connection may be idle after an answer. Set it above the idle timeout of the "
        "load balancer in front, or the balancer sometimes answers 502.",
        "Give a whole number from 1 to 3600",
        default="75",
    ),
    Setting("GRPC_ADDR", values.address, "Where gRPC listens.", _HOST_PORT, default="127.0.0.1:50051"),
    Setting(
        "METRICS_ADDR",
        values.address,
        "Where gRPC, a worker or the scheduler answers `/metrics`, `/healthz` and `/readyz`, each at one of "
        "its own. Not set, they do not. The API does so where it listens anyway.",
        _HOST_PORT,
    ),
    Setting(
        "GRPC_TLS_CERTIFICATE",
        keys.certificates,
        "The certificate gRPC shows, with its chain: PEM (newlines may be written `\\n`) or a file's path. "
        "Without one it is spoken in the clear, as behind a mesh that encrypts.",
        "Give the PEM text that begins with -----BEGIN CERTIFICATE-----, or the path of a file with it",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "GRPC_TLS_KEY",
        keys.tls_private_key,
        "The certificate's private key, PEM or a file's path.",
        "Give the key that the certificate was made for",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "GRPC_CLIENT_AUTHORITIES",
        keys.certificates,
        "Whose certificates gRPC's callers must show besides their token (mutual TLS), PEM or a file's path.",
        "Give the certificates of the authorities, or leave it out to ask callers for a token alone",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "SANDBOX_ADDR",
        values.address,
        "Where the sandbox provider listens. Development only.",
        _HOST_PORT,
        default="127.0.0.1:3060",
    ),
    Setting(
        "DATABASE_URL",
        values.secret_url("postgresql", "postgres"),
        "PostgreSQL, as a libpq URL. `up` runs an embedded server when it is not set.",
        "Give postgresql://user:password@host:5432/database",
        needed_by=EVERY_PROCESS,
    ),
    Setting(
        "MIGRATION_DATABASE_URL",
        values.secret_url("postgresql", "postgres"),
        "The URL of PostgreSQL itself, for `migrate`, if `CREWKIT_GIT_DATABASE_URL` is a pooler's.",
        "Give postgresql://user:password@host:5432/database, without the pooler",
    ),
    Setting(
        "REDIS_URL",
        values.redis_url,
        "Redis. It only wakes workers: emptying it loses nothing. `up` runs an embedded server when it is "
        "not set.",
        "Give redis://host:6379/0",
        needed_by=_SERVING | {"events", "recover-deliveries"},
    ),
    Setting(
        "DASHBOARD_URL",
        values.url("http", "https"),
        "Where browsers see the dashboard: its origin may change things with the session cookie, and flows "
        "return to it. In development the API's own address.",
        "Give https://host",
        needed_by=_API,
        assumed_in_development=True,
    ),
    Setting(
        "SIGN_IN_URL",
        values.url("http", "https"),
        "Where people sign in to crewkit: the dashboard sends whoever has no session there, with "
        "`return_to`. In development the page of the demo's people.",
        "Give https://host/path of crewkit's sign-in",
    ),
    Setting(
        "PUBLIC_URL",
        values.url("http", "https"),
        "Where browsers and the provider reach this API: webhooks and returning browsers come there. In "
        "development the API's own address.",
        "Give https://host, as registered with the GitHub App",
        needed_by=_API,
        assumed_in_development=True,
    ),
    Setting(
        "GITHUB_CLIENT_ID",
        values.text,
        "The GitHub App's client id. `crewkit-git up` runs a sandbox GitHub while it is not set.",
        "Copy the client id of the GitHub App",
        needed_by=_ASKING,
    ),
    Setting(
        "GITHUB_CLIENT_SECRET",
        values.secret,
        "A client secret of the GitHub App.",
        "Make a client secret on the GitHub App's page and copy it",
        needed_by=_ASKING,
    ),
    Setting(
        "GITHUB_PRIVATE_KEY",
        keys.github_private_key,
        "A private key of the GitHub App: PEM (newlines may be written `\\n`) or a file's path.",
        "Make a private key on the GitHub App's page and give the file it downloads",
        needed_by=_ASKING,
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "GITHUB_APP_ID",
        values.text,
        "The GitHub App's numeric id, which a GitHub Enterprise Server knows it by.",
        "Copy the App ID from the GitHub App's page",
    ),
    Setting(
        "GITHUB_APP_SLUG",
        values.text,
        "The last part of the App's page, `github.com/apps/SLUG`; only used until GitHub tells it.",
        "Copy it from the address of the GitHub App's public page",
    ),
    Setting(
        "GITHUB_URL",
        values.url("http", "https"),
        "GitHub's pages; another for GitHub Enterprise Server.",
        "Give https://github.example.com",
        default="https://github.com",
    ),
    Setting(
        "GITHUB_API_URL",
        values.url("http", "https"),
        "GitHub's API; `https://HOST/api/v3` for GitHub Enterprise Server.",
        "Give https://github.example.com/api/v3",
        default="https://api.github.com",
    ),
    Setting(
        "GITHUB_NOREPLY_HOSTS",
        values.hosts,
        "Where the addresses are that GitHub makes of its accounts' numbers, separated by commas. A GitHub "
        "Enterprise Server has a host of its own.",
        "Give users.noreply.github.example.com",
        default="users.noreply.github.com",
        takes_lines=True,
    ),
    Setting(
        "GITHUB_WEBHOOK_SECRETS",
        values.webhook_secrets,
        "Secrets that webhook signatures may be made with, newest first, separated by commas (in a file: one "
        "per line). Each needs at least 16 characters.",
        "Copy the webhook secret of the GitHub App",
        default="",
        needed_by=_API,
        read_file=values.webhook_secret_lines,
        takes_lines=True,
    ),
    Setting(
        "ENCRYPTION_KEYS",
        values.encryption_keys,
        "Keys for tokens in the database, `id:base64` of 32 bytes each, newest first, separated by commas. "
        "The first encrypts, all decrypt.",
        "Make one with: crewkit-git keys new",
        default="",
        needed_by=_SERVING | {"keys"},
        takes_lines=True,
    ),
    Setting(
        "AUTH_PUBLIC_KEY",
        keys.public_key,
        "The public key access tokens are verified with: PEM (newlines may be written `\\n`) or a file's "
        "path. Either this or `CREWKIT_GIT_AUTH_JWKS_URL`.",
        "Give the PEM text that begins with -----BEGIN PUBLIC KEY-----, or the path of a file with it",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "AUTH_JWKS_URL",
        values.url("http", "https"),
        "Where the public keys of access tokens are published as a JWK set; https outside this machine.",
        "Give https://issuer/.well-known/jwks.json",
    ),
    Setting(
        "AUTH_ISSUER",
        values.text,
        "The `iss` access tokens must have.",
        "Set it to the issuer of crewkit's access tokens",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "AUTH_AUDIENCE",
        values.text,
        "The `aud` access tokens must have.",
        "Set it to the audience crewkit's access tokens name for this service",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "SESSION_COOKIE",
        values.cookie_name,
        "The HttpOnly cookie browsers carry the access token in.",
        "Use letters, digits, `_` and `-`",
        default="crewkit_session",
    ),
    Setting(
        "ALLOWED_ORIGINS",
        values.origins,
        "Further origins that may change things with the session cookie, separated by commas.",
        "Give origins such as https://app.example.com, nothing after the port",
        default="",
        takes_lines=True,
    ),
    Setting(
        "SENTRY_DSN",
        values.secret_url("https", "http"),
        "Where alerts go. Without it they are only logged.",
        "Copy the DSN of the Sentry project",
    ),
    Setting(
        "OTLP_URL",
        values.collector,
        "Where traces go: the address of an OpenTelemetry collector, by OTLP over HTTP. Without it there are "
        "none. Needs the extra `otel`, which the image has.",
        "Give http://collector:4318",
    ),
    Setting(
        "HTTPS_PROXY",
        values.proxy,
        "The proxy for outgoing https calls (GitHub, token keys, Sentry, traces), with user and password if "
        "it needs them. If unset, `HTTPS_PROXY` applies. Loopback is always called directly.",
        "Give http://user:password@proxy.example:3128",
        standard_variables=("HTTPS_PROXY", "https_proxy"),
    ),
    Setting(
        "NO_PROXY",
        values.no_proxy,
        "Hosts, domains with their subdomains, addresses and networks that are called without the proxy, "
        "separated by commas. If unset, `NO_PROXY` applies.",
        "Give names such as git.example.com, .internal or 10.0.0.0/8",
        default="",
        takes_lines=True,
        standard_variables=("NO_PROXY", "no_proxy"),
    ),
    Setting(
        "CA_BUNDLE",
        values.ca_bundle,
        "The path of a PEM file with all authorities that outgoing calls trust, instead of the public ones. "
        "If unset, `SSL_CERT_FILE` applies.",
        "Give the path of the system's bundle with the company's authority in it, or of that authority",
        takes_path=True,
        standard_variables=("SSL_CERT_FILE",),
    ),
    Setting(
        "LOG_LEVEL",
        values.log_level,
        "The least important level that is logged.",
        "Set it to DEBUG, INFO, WARNING or ERROR",
        default="INFO",
    ),
    Setting(
        "ADAPTERS",
        values.adapters,
        "Adapters of your own in the place of ours, `port=module:factory`, separated by commas "
        "(`docs/adapters.md`).",
        "Install the package that has them, and name its factory",
        default="",
        takes_lines=True,
    ),
    Setting(
        "PAYLOAD_DAYS",
        values.days(7),
        "For how many days the ledger keeps what was delivered; then its events and verdicts stay, and can "
        "be retried no more. 0 is for ever.",
        "Give a number of days, at least 7, or 0",
        default="90",
    ),
    Setting(
        "EVENT_DAYS",
        values.days(7),
        "For how many days the ledger keeps that something was delivered and what came of it. 0 is for ever.",
        "Give a number of days, at least 7 (GitHub delivers again for 3), or 0",
        default="0",
    ),
    Setting(
        "DOMAIN_EVENT_DAYS",
        values.days(7),
        "For how many days consumers' streams can go back, and an event shows what was told of it. 0 is for "
        "ever.",
        "Give a number of days, at least 7, or 0",
        default="0",
    ),
    Setting(
        "ATTRIBUTION_DAYS",
        values.days(7),
        "For how many days attributions of commits to users are stored after the commit was received. 0 is "
        "for ever.",
        "Give a number of days, at least 7, or 0",
        default="0",
    ),
    Setting(
        "WORKERS",
        values.whole_number(1, 64),
        "How many worker processes `up` runs.",
        "Give a whole number from 1 to 64",
        default="1",
    ),
)
