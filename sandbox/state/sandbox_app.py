"""The sandbox's own GitHub App, which is created once and stored in a file, and its settings for the service."""

import secrets
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from entrypoints.process.private_files import write_private
from entrypoints.settings.setting import PREFIX

# As on GitHub Enterprise Server, the API is below a path of the same host.
API_PATH = "/api/v3"
APP_ID = 410_001
APP_SLUG = "crewkit"
_FILE = "app.json"
_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class SandboxApp:
    """An App's identity and secrets, as its owner would copy them from GitHub."""

    id: int
    slug: str
    client_id: str
    client_secret: str
    webhook_secret: str
    private_key: str
    public_key: str
    """Verifies the App's signatures. Stored, because parsing a private key takes long."""

    def __repr__(self) -> str:
        """Show no secret."""
        return f"SandboxApp(id={self.id}, slug={self.slug!r})"


def sandbox_directory(home: Path) -> Path:
    """Return the directory of the sandbox's data and App."""
    return home / "sandbox"


def load_app(directory: Path) -> SandboxApp:
    """Return the App stored in this directory. The first call creates it, in a file that only its owner can read."""
    path = directory / _FILE
    if not path.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, msgspec.json.encode(_new_app()))
    return msgspec.json.decode(path.read_bytes(), type=SandboxApp)


def app_environment(app: SandboxApp, *, sandbox_url: str) -> dict[str, str]:
    """Return the settings with which the service is this App at this sandbox."""
    values = {
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_APP_SLUG": app.slug,
        "GITHUB_CLIENT_ID": app.client_id,
        "GITHUB_CLIENT_SECRET": app.client_secret,
        "GITHUB_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRETS": app.webhook_secret,
        "GITHUB_URL": sandbox_url,
        "GITHUB_API_URL": f"{sandbox_url}{API_PATH}",
    }
    return {f"{PREFIX}{name}": value for name, value in values.items()}


def new_private_key() -> str:
    """Create a private key in the form in which GitHub returns it: PKCS#1 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def public_key_of(private_key: str) -> str:
    """Return the public half of a key, as PEM."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def new_client_id() -> str:
    """Create a client id in the form of GitHub Apps."""
    return f"Iv23li{secrets.token_hex(7)}"


def _new_app() -> SandboxApp:
    private_key = new_private_key()
    return SandboxApp(
        id=APP_ID,
        slug=APP_SLUG,
        client_id=new_client_id(),
        client_secret=secrets.token_hex(20),
        webhook_secret=secrets.token_hex(32),
        private_key=private_key,
        public_key=public_key_of(private_key),
    )
