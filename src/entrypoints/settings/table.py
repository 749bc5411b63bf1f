"""All environment variables. `Settings` and `docs/reference/settings.md` are made from this table."""

from collections.abc import Callable
from dataclasses import dataclass

from entrypoints.settings import keys, values

PREFIX = "CREWKIT_GIT_"
DEFAULT_HOME = ".crewkit-git"
PROCESSES = ("api", "grpc", "worker", "scheduler", "migrate", "events", "recover-deliveries", "keys")
EVERY_PROCESS = frozenset(PROCESSES)
_SERVING = frozenset({"api", "grpc", "worker", "scheduler"})
_API = frozenset({"api"})
_GRPC = frozenset({"grpc"})
AUTHENTICATING = frozenset({"api", "grpc"})
# Workers do not call the provider.
_CALLING_PROVIDER = frozenset({"api", "grpc", "scheduler", "recover-deliveries"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: how it is read, and its description in `docs/reference/settings.md`."""

    name: str
    read: Callable[[str], object]
    doc: str
    remedy: str
    default: str | None = None
    needed_by: frozenset[str] = frozenset()
    used_by: frozenset[str] | None = None
    """The processes that validate it; None for all. Other processes ignore it, even if it is wrong."""
    assumed_in_development: bool = False
    """Whether development uses the API's own address if it is not set."""
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


_HOST_PORT = "Set it to host:port, such as 127.0.0.1:3050"

SETTINGS = (
    Setting(
        "ENVIRONMENT",
        values.environment,
        "`production` or `development`. In development, demo users, a sandbox GitHub and generated keys are "
        "available. `make run` sets `development`.",
        "Set it to production or development",
        default="production",
    ),
    Setting(
        "HOME",
        values.directory,
        "The data directory of `make run`: data of the embedded PostgreSQL and Redis, development "
        "keys, and `demo.json`.",
        "Set it to the path of a directory you own",
        default=DEFAULT_HOME,
        takes_path=True,
    ),
    Setting(
        "HTTP_ADDR",
        values.address,
        "The address and port on which the API listens.",
        _HOST_PORT,
        default="127.0.0.1:3050",
    ),
    Setting(
        "HTTP_MAX_CONNECTIONS",
        values.whole_number(1, 1_000_000),
        "The maximum number of open connections of the API. At the limit, the API closes the connections "
        "that have been idle longest. If all are busy, it returns 503. The open file limit of the process "
        "also applies.",
        "Set it to a whole number from 1 to 1000000",
        default="5000",
        used_by=_API,
    ),
    Setting(
        "HTTP_KEEP_ALIVE_SECONDS",
        values.whole_number(1, 3600),
        "How many seconds a connection may be idle after a response. Set it higher than the idle timeout of "
        "the load balancer in front of the API. Otherwise the balancer sometimes returns 502.",
        "Set it to a whole number from 1 to 3600",
        default="75",
        used_by=_API,
    ),
    Setting(
        "GRPC_ADDR",
        values.address,
        "The address and port on which gRPC listens.",
        _HOST_PORT,
        default="127.0.0.1:50051",
        used_by=_GRPC,
    ),
    Setting(
        "METRICS_ADDR",
        values.address,
        "The address and port on which gRPC, a worker or the scheduler serves `/metrics`, `/healthz` and "
        "`/readyz`. Each process on a machine needs a different port. If not set, these processes do not "
        "serve the three paths. The API serves them on its own port.",
        _HOST_PORT,
        used_by=frozenset({"grpc", "worker", "scheduler"}),
    ),
    Setting(
        "GRPC_TLS_CERTIFICATE",
        keys.certificates,
        "The TLS certificate of the gRPC server with its chain: PEM (newlines may be written `\\n`) or the "
        "path of a file. If not set, gRPC is not encrypted. This is safe only if the network encrypts the "
        "traffic, as a service mesh does.",
        "Set it to the PEM text that begins with -----BEGIN CERTIFICATE-----, or to the path of a PEM file",
        takes_path=True,
        takes_lines=True,
        used_by=_GRPC,
    ),
    Setting(
        "GRPC_TLS_KEY",
        keys.tls_private_key,
        "The private key of the gRPC server's certificate: PEM or the path of a file.",
        "Set it to the private key of CREWKIT_GIT_GRPC_TLS_CERTIFICATE",
        takes_path=True,
        takes_lines=True,
        used_by=_GRPC,
    ),
    Setting(
        "GRPC_CLIENT_AUTHORITIES",
        keys.certificates,
        "The certificate authorities for mutual TLS: PEM or the path of a file. If set, gRPC clients need a "
        "certificate of one of these authorities in addition to their token.",
        "Set it to the certificates of the authorities, or remove it to require only a token",
        takes_path=True,
        takes_lines=True,
        used_by=_GRPC,
    ),
    Setting(
        "SANDBOX_ADDR",
        values.address,
        "The address and port on which the sandbox GitHub listens. Development only.",
        _HOST_PORT,
        default="127.0.0.1:3060",
        used_by=frozenset({"sandbox"}),
    ),
    Setting(
        "DATABASE_URL",
        values.secret_url("postgresql", "postgres"),
        "The libpq URL of PostgreSQL. If not set, `make run` starts an embedded server.",
        "Set it to postgresql://user:password@host:5432/database",
        needed_by=EVERY_PROCESS,
    ),
    Setting(
        "MIGRATION_DATABASE_URL",
        values.secret_url("postgresql", "postgres"),
        "The URL of a direct connection to PostgreSQL, which `migrate` uses instead of "
        "`CREWKIT_GIT_DATABASE_URL`. Set it if `CREWKIT_GIT_DATABASE_URL` is the URL of a connection pooler.",
        "Set it to postgresql://user:password@host:5432/database of PostgreSQL itself, not of the pooler",
    ),
    Setting(
        "REDIS_URL",
        values.redis_url,
        "The URL of Redis. Redis only notifies workers, so no data is lost if it is emptied. If not set, "
        "`make run` starts an embedded server.",
        "Set it to redis://host:6379/0",
        needed_by=_SERVING | {"events", "recover-deliveries"},
    ),
    Setting(
        "DASHBOARD_URL",
        values.url("http", "https"),
        "The URL of the dashboard in browsers. The origin of this URL may send write requests with the "
        "session cookie, and browser flows return to this URL. Default in development: the API's own "
        "address.",
        "Set it to https://host",
        needed_by=_API,
        assumed_in_development=True,
    ),
    Setting(
        "SIGN_IN_URL",
        values.url("http", "https"),
        "The URL of crewkit's sign-in page. The dashboard redirects users without a session to it, with "
        "`return_to` in the query. Default in development: the sign-in page of the demo users.",
        "Set it to https://host/path of crewkit's sign-in page",
    ),
    Setting(
        "PUBLIC_URL",
        values.url("http", "https"),
        "The URL at which browsers and GitHub reach the API, for webhooks and callbacks. Default in "
        "development: the API's own address.",
        "Set it to https://host, as registered with the GitHub App",
        needed_by=_API,
        assumed_in_development=True,
    ),
    Setting(
        "GITHUB_CLIENT_ID",
        values.text,
        "The client id of the GitHub App. If not set, `make run` starts a sandbox GitHub.",
        "Copy the client id from the GitHub App's page",
        needed_by=_CALLING_PROVIDER,
    ),
    Setting(
        "GITHUB_CLIENT_SECRET",
        values.secret,
        "A client secret of the GitHub App.",
        "Generate a client secret on the GitHub App's page and copy it",
        needed_by=_CALLING_PROVIDER,
    ),
    Setting(
        "GITHUB_PRIVATE_KEY",
        keys.github_private_key,
        "A private key of the GitHub App: PEM (newlines may be written `\\n`) or the path of a file.",
        "Generate a private key on the GitHub App's page, and set it to the path of the downloaded file",
        needed_by=_CALLING_PROVIDER,
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "GITHUB_APP_ID",
        values.text,
        "The numeric id of the GitHub App. On GitHub Enterprise Server, the service authenticates with it "
        "instead of the client id.",
        "Copy the App ID from the GitHub App's page",
    ),
    Setting(
        "GITHUB_APP_SLUG",
        values.text,
        "The slug of the GitHub App, the last part of `github.com/apps/SLUG`. The service uses it until "
        "GitHub's API has returned the slug.",
        "Copy the last part of the address of the GitHub App's public page",
    ),
    Setting(
        "GITHUB_URL",
        values.url("http", "https"),
        "The URL of GitHub's web pages. For GitHub Enterprise Server: `https://HOST`.",
        "Set it to https://github.example.com",
        default="https://github.com",
    ),
    Setting(
        "GITHUB_API_URL",
        values.url("http", "https"),
        "The URL of GitHub's API. For GitHub Enterprise Server: `https://HOST/api/v3`.",
        "Set it to https://github.example.com/api/v3",
        default="https://api.github.com",
    ),
    Setting(
        "GITHUB_NOREPLY_HOSTS",
        values.hosts,
        "The hosts of GitHub's noreply email addresses (`ID+LOGIN@HOST`), separated by commas. A GitHub "
        "Enterprise Server has its own host.",
        "Set it to users.noreply.github.example.com",
        default="users.noreply.github.com",
        takes_lines=True,
    ),
    Setting(
        "GITHUB_WEBHOOK_SECRETS",
        values.webhook_secrets,
        "The accepted webhook secrets, newest first, separated by commas (in a file: one per line). Each "
        "secret needs at least 16 characters.",
        "Set it to the webhook secret of the GitHub App",
        default="",
        needed_by=_API,
        read_file=values.webhook_secret_lines,
        takes_lines=True,
    ),
    Setting(
        "ENCRYPTION_KEYS",
        values.encryption_keys,
        "The keys that encrypt tokens in the database, newest first, separated by commas. Each key has the "
        "form `ID:KEY`, as `crewkit-git keys new` prints it. `ID` is a name of your choice, which the "
        "database stores beside each encrypted value. `KEY` is the base64 form of 32 random bytes. The first "
        "key encrypts, all keys decrypt.",
        "Create a key with: crewkit-git keys new",
        default="",
        needed_by=_SERVING | {"keys"},
        takes_lines=True,
    ),
    Setting(
        "AUTH_PUBLIC_KEY",
        keys.public_key,
        "The public key that verifies access tokens: PEM (newlines may be written `\\n`) or the path of a "
        "file. Set either this or `CREWKIT_GIT_AUTH_JWKS_URL`.",
        "Set it to the PEM text that begins with -----BEGIN PUBLIC KEY-----, or to the path of a PEM file",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "AUTH_JWKS_URL",
        values.url("http", "https"),
        "The URL of the JWK set with the public keys that verify access tokens. In "
        "production, the URL must be `https://`, except for loopback addresses.",
        "Set it to https://issuer/.well-known/jwks.json",
    ),
    Setting(
        "AUTH_ISSUER",
        values.text,
        "The required `iss` claim of access tokens.",
        "Set it to the issuer of crewkit's access tokens",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "AUTH_AUDIENCE",
        values.text,
        "The required `aud` claim of access tokens.",
        "Set it to the audience that crewkit's access tokens have for this service",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "SESSION_COOKIE",
        values.cookie_name,
        "The name of the HttpOnly cookie that holds the access token in browsers.",
        "Use letters, digits, `_` and `-`",
        default="crewkit_session",
    ),
    Setting(
        "ALLOWED_ORIGINS",
        values.origins,
        "Origins that may send write requests with the session cookie, besides the API and the dashboard, "
        "separated by commas.",
        "Set it to origins such as https://app.example.com, without a path",
        default="",
        takes_lines=True,
    ),
    Setting(
        "SENTRY_DSN",
        values.secret_url("https", "http"),
        "The Sentry DSN to which alerts are sent. If not set, alerts are only logged.",
        "Copy the DSN of the Sentry project",
    ),
    Setting(
        "OTLP_URL",
        values.collector,
        "The URL of the OpenTelemetry collector to which traces are sent (OTLP over HTTP). If not set, no "
        "traces are sent. Needs the extra `otel`, which the image includes.",
        "Set it to http://collector:4318",
    ),
    Setting(
        "HTTPS_PROXY",
        values.proxy,
        "The URL of the proxy for outgoing https calls (GitHub, token keys, Sentry, traces), with user and "
        "password if the proxy needs them. If not set, the variable `HTTPS_PROXY` applies. Loopback "
        "addresses are always called directly.",
        "Set it to http://user:password@proxy.example:3128",
        standard_variables=("HTTPS_PROXY", "https_proxy"),
    ),
    Setting(
        "NO_PROXY",
        values.no_proxy,
        "Hosts, domains (with their subdomains), IP addresses and networks that are called without the "
        "proxy, separated by commas. If not set, the variable `NO_PROXY` applies.",
        "Set it to names such as git.example.com, .internal or 10.0.0.0/8",
        default="",
        takes_lines=True,
        standard_variables=("NO_PROXY", "no_proxy"),
    ),
    Setting(
        "CA_BUNDLE",
        values.ca_bundle,
        "The path of a PEM file with all certificate authorities that outgoing calls trust, instead of the "
        "public ones. If not set, the variable `SSL_CERT_FILE` applies.",
        "Set it to the path of a PEM bundle that contains your company's certificate authority",
        takes_path=True,
        standard_variables=("SSL_CERT_FILE",),
    ),
    Setting(
        "LOG_LEVEL",
        values.log_level,
        "The minimum level of log messages.",
        "Set it to DEBUG, INFO, WARNING or ERROR",
        default="INFO",
    ),
    Setting(
        "ADAPTERS",
        values.adapters,
        "Your own adapters, which replace the built-in ones: `port=module:factory`, separated by commas "
        "(`docs/adapters.md`).",
        "Install the package with the adapter and set it to port=module:factory",
        default="",
        takes_lines=True,
    ),
    Setting(
        "PAYLOAD_DAYS",
        values.days(7),
        "How many days payloads of webhook events are stored. After that, the events and their verdicts are "
        "still stored, but the events cannot be retried. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="90",
    ),
    Setting(
        "EVENT_DAYS",
        values.days(7),
        "How many days webhook events and their results are stored. 0 means forever.",
        "Set it to a number of days, at least 7 (GitHub can redeliver for 3 days), or to 0",
        default="0",
    ),
    Setting(
        "DOMAIN_EVENT_DAYS",
        values.days(7),
        "How many days domain events are stored. Consumers can read as far back, and a webhook event shows "
        "its domain events as long. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="0",
    ),
    Setting(
        "ATTRIBUTION_DAYS",
        values.days(7),
        "How many days attributions of commits to users are stored, counted from the day on which the commit "
        "was received. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="0",
    ),
    Setting(
        "WORKERS",
        values.whole_number(1, 64),
        "How many worker processes `make run` starts.",
        "Set it to a whole number from 1 to 64",
        default="1",
        used_by=frozenset(),
    ),
)
