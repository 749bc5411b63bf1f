"""All environment variables. `Settings` and `docs/reference/settings.md` are generated from `SETTINGS`."""

from entrypoints.settings import keys, secrets, urls, values
from entrypoints.settings.server_settings import SERVER_SETTINGS
from entrypoints.settings.setting import API, AUTHENTICATING, CALLING_PROVIDER, SERVING, Setting

SETTINGS: tuple[Setting, ...] = (
    *SERVER_SETTINGS,
    Setting(
        "GITHUB_CLIENT_ID",
        values.parse_text,
        "The client id of the GitHub App. If not set, `make run` starts a sandbox GitHub.",
        "Copy the client id from the GitHub App's page",
        needed_by=CALLING_PROVIDER,
    ),
    Setting(
        "GITHUB_CLIENT_SECRET",
        values.parse_secret,
        "A client secret of the GitHub App.",
        "Generate a client secret on the GitHub App's page and copy it",
        needed_by=CALLING_PROVIDER,
    ),
    Setting(
        "GITHUB_PRIVATE_KEY",
        keys.parse_github_private_key,
        "A private key of the GitHub App: PEM (newlines may be written `\\n`) or the path of a file.",
        "Generate a private key on the GitHub App's page, and set it to the path of the downloaded file",
        needed_by=CALLING_PROVIDER,
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "GITHUB_APP_ID",
        values.parse_text,
        "The numeric id of the GitHub App. On GitHub Enterprise Server, the service authenticates with it "
        "instead of the client id.",
        "Copy the App ID from the GitHub App's page",
    ),
    Setting(
        "GITHUB_APP_SLUG",
        values.parse_text,
        "The slug of the GitHub App, the last part of `github.com/apps/SLUG`. The service uses it until "
        "GitHub's API has returned the slug.",
        "Copy the last part of the address of the GitHub App's public page",
    ),
    Setting(
        "GITHUB_URL",
        urls.url_parser("http", "https"),
        "The URL of GitHub's web pages. For GitHub Enterprise Server: `https://HOST`.",
        "Set it to https://github.example.com",
        default="https://github.com",
    ),
    Setting(
        "GITHUB_API_URL",
        urls.url_parser("http", "https"),
        "The URL of GitHub's API. For GitHub Enterprise Server: `https://HOST/api/v3`.",
        "Set it to https://github.example.com/api/v3",
        default="https://api.github.com",
    ),
    Setting(
        "GITHUB_NOREPLY_HOSTS",
        urls.parse_hosts,
        "The hosts of GitHub's noreply email addresses (`ID+LOGIN@HOST`), separated by commas. A GitHub "
        "Enterprise Server has its own host.",
        "Set it to users.noreply.github.example.com",
        default="users.noreply.github.com",
        takes_lines=True,
    ),
    Setting(
        "GITHUB_WEBHOOK_SECRETS",
        secrets.parse_webhook_secrets,
        "The accepted webhook secrets, newest first, separated by commas (in a file: one per line). Each "
        "secret needs at least 16 characters.",
        "Set it to the webhook secret of the GitHub App",
        default="",
        needed_by=API,
        parse_file=secrets.parse_webhook_secret_lines,
        takes_lines=True,
    ),
    Setting(
        "ENCRYPTION_KEYS",
        secrets.parse_encryption_keys,
        "The keys that encrypt tokens in the database, newest first, separated by commas. Each key has the "
        "form `ID:KEY`, as `crewkit-git keys new` prints it. `ID` is a name of your choice, which the "
        "database stores beside each encrypted value. `KEY` is the base64 form of 32 random bytes. The first "
        "key encrypts, all keys decrypt.",
        "Create a key with: crewkit-git keys new",
        default="",
        needed_by=SERVING | {"keys"},
        takes_lines=True,
    ),
    Setting(
        "AUTH_PUBLIC_KEY",
        keys.parse_public_key,
        "The public key that verifies access tokens: PEM (newlines may be written `\\n`) or the path of a "
        "file. Set either this or `CREWKIT_GIT_AUTH_JWKS_URL`.",
        "Set it to the PEM text that begins with -----BEGIN PUBLIC KEY-----, or to the path of a PEM file",
        takes_path=True,
        takes_lines=True,
    ),
    Setting(
        "AUTH_JWKS_URL",
        urls.url_parser("http", "https"),
        "The URL of the JWK set with the public keys that verify access tokens. In "
        "production, the URL must be `https://`, except for loopback addresses.",
        "Set it to https://issuer/.well-known/jwks.json",
    ),
    Setting(
        "AUTH_ISSUER",
        values.parse_text,
        "The required `iss` claim of access tokens.",
        "Set it to the issuer of crewkit's access tokens",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "AUTH_AUDIENCE",
        values.parse_text,
        "The required `aud` claim of access tokens.",
        "Set it to the audience that crewkit's access tokens have for this service",
        needed_by=AUTHENTICATING,
    ),
    Setting(
        "SESSION_COOKIE",
        values.parse_cookie_name,
        "The name of the HttpOnly cookie that holds the access token in browsers.",
        "Use letters, digits, `_` and `-`",
        default="crewkit_session",
    ),
    Setting(
        "ALLOWED_ORIGINS",
        urls.parse_origins,
        "Origins that may send write requests with the session cookie, besides the API and the dashboard, "
        "separated by commas.",
        "Set it to origins such as https://app.example.com, without a path",
        default="",
        takes_lines=True,
    ),
    Setting(
        "SENTRY_DSN",
        urls.secret_url_parser("https", "http"),
        "The Sentry DSN to which alerts are sent. If not set, alerts are only logged.",
        "Copy the DSN of the Sentry project",
    ),
    Setting(
        "OTLP_URL",
        urls.parse_collector,
        "The URL of the OpenTelemetry collector to which traces are sent (OTLP over HTTP). If not set, no "
        "traces are sent. Needs the extra `otel`, which the image includes.",
        "Set it to http://collector:4318",
    ),
    Setting(
        "HTTPS_PROXY",
        urls.parse_proxy,
        "The URL of the proxy for outgoing https calls (GitHub, token keys, Sentry, traces), with user and "
        "password if the proxy needs them. If not set, the variable `HTTPS_PROXY` applies. Loopback "
        "addresses are always called directly.",
        "Set it to http://user:password@proxy.example:3128",
        standard_variables=("HTTPS_PROXY", "https_proxy"),
    ),
    Setting(
        "NO_PROXY",
        urls.parse_no_proxy,
        "Hosts, domains (with their subdomains), IP addresses and networks that are called without the "
        "proxy, separated by commas. If not set, the variable `NO_PROXY` applies.",
        "Set it to names such as git.example.com, .internal or 10.0.0.0/8",
        default="",
        takes_lines=True,
        standard_variables=("NO_PROXY", "no_proxy"),
    ),
    Setting(
        "CA_BUNDLE",
        urls.parse_ca_bundle,
        "The path of a PEM file with all certificate authorities that outgoing calls trust, instead of the "
        "public ones. If not set, the variable `SSL_CERT_FILE` applies.",
        "Set it to the path of a PEM bundle that contains your company's certificate authority",
        takes_path=True,
        standard_variables=("SSL_CERT_FILE",),
    ),
    Setting(
        "LOG_LEVEL",
        values.parse_log_level,
        "The minimum level of log messages.",
        "Set it to DEBUG, INFO, WARNING or ERROR",
        default="INFO",
    ),
    Setting(
        "ADAPTERS",
        values.parse_adapters,
        "Your own adapters, which replace the built-in ones: `port=module:factory`, separated by commas "
        "(`docs/adapters.md`).",
        "Install the package with the adapter and set it to port=module:factory",
        default="",
        takes_lines=True,
    ),
    Setting(
        "PAYLOAD_DAYS",
        values.days_parser(7),
        "How many days payloads of webhook events are stored. After that, the events and their verdicts are "
        "still stored, but the events cannot be retried. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="90",
    ),
    Setting(
        "EVENT_DAYS",
        values.days_parser(7),
        "How many days webhook events and their results are stored. 0 means forever.",
        "Set it to a number of days, at least 7 (GitHub can redeliver for 3 days), or to 0",
        default="0",
    ),
    Setting(
        "DOMAIN_EVENT_DAYS",
        values.days_parser(7),
        "How many days domain events are stored. Consumers can read as far back, and a webhook event shows "
        "its domain events as long. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="0",
    ),
    Setting(
        "ATTRIBUTION_DAYS",
        values.days_parser(7),
        "How many days attributions of commits to users are stored, counted from the day on which the commit "
        "was received. 0 means forever.",
        "Set it to a number of days, at least 7, or to 0",
        default="0",
    ),
    Setting(
        "WORKERS",
        values.whole_number_parser(1, 64),
        "How many worker processes `make run` starts.",
        "Set it to a whole number from 1 to 64",
        default="1",
        used_by=frozenset(),
    ),
)
