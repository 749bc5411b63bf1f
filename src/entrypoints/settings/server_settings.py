"""The settings of the servers: addresses, TLS, databases and public URLs."""

from entrypoints.settings import keys, urls, values
from entrypoints.settings.setting import API, DEFAULT_HOME, EVERY_PROCESS, GRPC, SERVING, Setting

_HOST_PORT = "Set it to host:port, such as 127.0.0.1:3050"

SERVER_SETTINGS = (
    Setting(
        "ENVIRONMENT",
        values.parse_environment,
        "`production` or `development`. In development, demo users, a sandbox GitHub and generated keys are "
        "available. `make run` sets `development`.",
        "Set it to production or development",
        default="production",
    ),
    Setting(
        "HOME",
        values.parse_directory,
        "The data directory of `make run`: data of the embedded PostgreSQL and Redis, development "
        "keys, and `demo.json`.",
        "Set it to the path of a directory you own",
        default=DEFAULT_HOME,
        takes_path=True,
    ),
    Setting(
        "HTTP_ADDR",
        values.parse_address,
        "The address and port on which the API listens.",
        _HOST_PORT,
        default="127.0.0.1:3050",
    ),
    Setting(
        "HTTP_MAX_CONNECTIONS",
        values.whole_number_parser(1, 1_000_000),
        "The maximum number of open connections of the API. At the limit, the API closes the connections "
        "that have been idle longest. If all are busy, it returns 503. The open file limit of the process "
        "also applies.",
        "Set it to a whole number from 1 to 1000000",
        default="5000",
        used_by=API,
    ),
    Setting(
        "HTTP_KEEP_ALIVE_SECONDS",
        values.whole_number_parser(1, 3600),
        "How many seconds a connection may be idle after a response. Set it higher than the idle timeout of "
        "the load balancer in front of the API. Otherwise the balancer sometimes returns 502.",
        "Set it to a whole number from 1 to 3600",
        default="75",
        used_by=API,
    ),
    Setting(
        "GRPC_ADDR",
        values.parse_address,
        "The address and port on which gRPC listens.",
        _HOST_PORT,
        default="127.0.0.1:50051",
        used_by=GRPC,
    ),
    Setting(
        "METRICS_ADDR",
        values.parse_address,
        "The address and port on which gRPC, a worker or the scheduler serves `/metrics`, `/healthz` and "
        "`/readyz`. Each process on a machine needs a different port. If not set, these processes do not "
        "serve the three paths. The API serves them on its own port.",
        _HOST_PORT,
        used_by=frozenset({"grpc", "worker", "scheduler"}),
    ),
    Setting(
        "GRPC_TLS_CERTIFICATE",
        keys.parse_certificates,
        "The TLS certificate of the gRPC server with its chain: PEM (newlines may be written `\\n`) or the "
        "path of a file. If not set, gRPC is not encrypted. This is safe only if the network encrypts the "
        "traffic, as a service mesh does.",
        "Set it to the PEM text that begins with -----BEGIN CERTIFICATE-----, or to the path of a PEM file",
        takes_path=True,
        takes_lines=True,
        used_by=GRPC,
    ),
    Setting(
        "GRPC_TLS_KEY",
        keys.parse_tls_private_key,
        "The private key of the gRPC server's certificate: PEM or the path of a file.",
        "Set it to the private key of CREWKIT_GIT_GRPC_TLS_CERTIFICATE",
        takes_path=True,
        takes_lines=True,
        used_by=GRPC,
    ),
    Setting(
        "GRPC_CLIENT_AUTHORITIES",
        keys.parse_certificates,
        "The certificate authorities for mutual TLS: PEM or the path of a file. If set, gRPC clients need a "
        "certificate of one of these authorities in addition to their token.",
        "Set it to the certificates of the authorities, or remove it to require only a token",
        takes_path=True,
        takes_lines=True,
        used_by=GRPC,
    ),
    Setting(
        "SANDBOX_ADDR",
        values.parse_address,
        "The address and port on which the sandbox GitHub listens. Development only.",
        _HOST_PORT,
        default="127.0.0.1:3060",
        used_by=frozenset({"sandbox"}),
    ),
    Setting(
        "DATABASE_URL",
        urls.secret_url_parser("postgresql", "postgres"),
        "The libpq URL of PostgreSQL. If not set, `make run` starts an embedded server.",
        "Set it to postgresql://user:password@host:5432/database",
        needed_by=EVERY_PROCESS,
    ),
    Setting(
        "MIGRATION_DATABASE_URL",
        urls.secret_url_parser("postgresql", "postgres"),
        "The URL of a direct connection to PostgreSQL, which `migrate` uses instead of "
        "`CREWKIT_GIT_DATABASE_URL`. Set it if `CREWKIT_GIT_DATABASE_URL` is the URL of a connection pooler.",
        "Set it to postgresql://user:password@host:5432/database of PostgreSQL itself, not of the pooler",
    ),
    Setting(
        "REDIS_URL",
        urls.parse_redis_url,
        "The URL of Redis. Redis only notifies workers, so no data is lost if it is emptied. If not set, "
        "`make run` starts an embedded server.",
        "Set it to redis://host:6379/0",
        needed_by=SERVING | {"events", "recover-deliveries"},
    ),
    Setting(
        "DASHBOARD_URL",
        urls.url_parser("http", "https"),
        "The URL of the dashboard in browsers. The origin of this URL may send write requests with the "
        "session cookie, and browser flows return to this URL. Default in development: the API's own "
        "address.",
        "Set it to https://host",
        needed_by=API,
        assumed_in_development=True,
    ),
    Setting(
        "SIGN_IN_URL",
        urls.url_parser("http", "https"),
        "The URL of crewkit's sign-in page. The dashboard redirects users without a session to it, with "
        "`return_to` in the query. Default in development: the sign-in page of the demo users.",
        "Set it to https://host/path of crewkit's sign-in page",
    ),
    Setting(
        "PUBLIC_URL",
        urls.url_parser("http", "https"),
        "The URL at which browsers and GitHub reach the API, for webhooks and callbacks. Default in "
        "development: the API's own address.",
        "Set it to https://host, as registered with the GitHub App",
        needed_by=API,
        assumed_in_development=True,
    ),
)
