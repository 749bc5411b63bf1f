"""Readers of settings that are PEM text: keys and certificates.

PEM passes through tools that keep no newlines, so every form with one possible meaning is accepted: CRLF,
escaped newlines, one line with spaces, base64 of the whole file, a byte order mark, text around it, or the
path of a file. Everything else is refused at start with the reason, which repeats no part of the value.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.secret import Secret
from entrypoints.settings.problem import ValueRefused
from entrypoints.settings.text import read_text_file, unquote

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_ESCAPED_NEWLINE = re.compile(r"\\+r\\+n|\\+n|\\+r|\r\n?")
_LINE = 64
_MAX_PATH = 255
_MIN_RSA_BITS = 2048

_PRIVATE = frozenset({"RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"})
_PUBLIC = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})
_CERTIFICATE = frozenset({"CERTIFICATE"})
# OpenSSL writes the name of the curve in front of an EC key. The key itself contains it as well.
_IGNORED = frozenset({"EC PARAMETERS", "DH PARAMETERS"})

_COPY_AGAIN = (
    "Copy the whole file again, from its BEGIN line to its END line, or set the variable with the suffix "
    "_FILE to the file's path"
)


@dataclass(frozen=True, slots=True)
class _Block:
    label: str
    body: str

    @property
    def text(self) -> str:
        lines = [self.body[start : start + _LINE] for start in range(0, len(self.body), _LINE)]
        return "\n".join([f"-----BEGIN {self.label}-----", *lines, f"-----END {self.label}-----", ""])


def parse_github_private_key(text: str) -> Secret:
    """Parse the private key of a GitHub App: RSA of at least 2048 bits, without a password."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - heavy

    pem = _private_pem(text)
    key = _load_private(pem)
    if not isinstance(key, RSAPrivateKey):
        raise ValueRefused(
            "this is not an RSA key, but private keys of GitHub Apps are RSA keys",
            "Generate a private key on the GitHub App's page and use the downloaded file",
        )
    _check_rsa_size(key, "Generate a private key on the GitHub App's page and use the downloaded file")
    return Secret(pem)


def parse_tls_private_key(text: str) -> Secret:
    """Parse the private key of a TLS certificate: RSA of at least 2048 bits or an elliptic curve."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415

    pem = _private_pem(text)
    key = _load_private(pem)
    remedy = "Use an RSA key of at least 2048 bits or a P-256 key, with a certificate for it"
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueRefused("this is neither an RSA key nor an elliptic-curve key", remedy)
    _check_rsa_size(key, remedy)
    return Secret(pem)


def parse_public_key(text: str) -> str:
    """Parse the key that access tokens are verified with: RSA of 2048 bits or more, P-256 or Ed25519."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    blocks = _blocks(text, "public key")
    labels = {block.label for block in blocks}
    if any("PRIVATE KEY" in label for label in labels):
        raise ValueRefused(
            "this is a private key, but a public key is needed",
            "Set it to the public key of the token issuer. Replace the private key, because it may have leaked",
        )
    if labels & _CERTIFICATE:
        raise ValueRefused(
            "this is a certificate, not a public key", "Extract the public key: openssl x509 -in FILE -pubkey -noout"
        )
    block = _single(blocks, _PUBLIC, "public key")
    try:
        key = load_pem_public_key(block.text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueRefused("the public key is damaged: a part of it is missing or changed", _COPY_AGAIN) from None
    remedy = "Sign access tokens with RSA (at least 2048 bits), P-256 or Ed25519, and use that public key"
    _check_rsa_size(key, remedy)
    if isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1):
        raise ValueRefused(f"this key is on the curve {key.curve.name}, but only P-256 is supported", remedy)
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueRefused("this type of public key is not supported", remedy)
    return block.text


def parse_certificates(text: str) -> str:
    """Parse one or more certificates."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - heavy

    blocks = _blocks(text, "certificate")
    if any("PRIVATE KEY" in block.label for block in blocks):
        raise ValueRefused(
            "there is a private key among the certificates",
            "Set it to the certificates only. The private key belongs in CREWKIT_GIT_GRPC_TLS_KEY",
        )
    found = [block for block in blocks if block.label in _CERTIFICATE]
    if not found:
        raise ValueRefused(
            f"this is a {blocks[0].label.lower()}, not a certificate", "Set it to the PEM text of a certificate"
        )
    for number, block in enumerate(found, start=1):
        try:
            load_pem_x509_certificate(block.text.encode())
        except ValueError:
            which = "the certificate is" if len(found) == 1 else f"certificate {number} of {len(found)} is"
            raise ValueRefused(f"{which} damaged: a part is missing or changed", _COPY_AGAIN) from None
    return "".join(block.text for block in found)


def is_key_of_certificate(key: Secret, certificate: str) -> bool:
    """Return whether a private key belongs to the first of these certificates."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - heavy
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    private = load_pem_private_key(key.reveal().encode(), password=None, unsafe_skip_rsa_key_validation=True)
    return private.public_key() == load_pem_x509_certificate(certificate.encode()).public_key()


def _private_pem(text: str) -> str:
    blocks = _blocks(text, "private key")
    labels = {block.label for block in blocks}
    if "ENCRYPTED PRIVATE KEY" in labels or any("ENCRYPTED" in block.body for block in blocks):
        raise ValueRefused(
            "the private key is protected by a password", "Remove the password: openssl pkey -in FILE -out NEW-FILE"
        )
    if "OPENSSH PRIVATE KEY" in labels:
        raise ValueRefused("this is an OpenSSH key, not a PEM private key", "Use the key in PEM format")
    if labels.isdisjoint(_PRIVATE):
        (label, *_) = sorted(labels)
        raise ValueRefused(
            f"this is a {label.lower()}, not a private key", "Set it to the private key: PEM text or the path of a file"
        )
    return _single(blocks, _PRIVATE, "private key").text


def _load_private(pem: str) -> object:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - heavy
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        # The library's own check takes a hundred milliseconds; a signature that verifies shows the same.
        key = load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
        if isinstance(key, RSAPrivateKey):
            signature = key.sign(b"", PKCS1v15(), SHA256())
            key.public_key().verify(signature, b"", PKCS1v15(), SHA256())
        return key  # noqa: TRY300 - one place for everything that a damaged key raises
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        raise ValueRefused("the private key is damaged: a part of it is missing or changed", _COPY_AGAIN) from None


def _check_rsa_size(key: Any, remedy: str) -> None:  # noqa: ANN401 - keys of every kind
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey  # noqa: PLC0415

    if isinstance(key, RSAPrivateKey | RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise ValueRefused(f"this RSA key has {key.key_size} bits, but at least {_MIN_RSA_BITS} are required", remedy)


def _single(blocks: list[_Block], labels: frozenset[str], what: str) -> _Block:
    found = [block for block in blocks if block.label in labels]
    if not found:
        raise ValueRefused(f"this is a {blocks[0].label.lower()}, not a {what}", f"Set it to a {what}")
    if len(found) > 1:
        raise ValueRefused(f"it contains {len(found)} keys", f"Set it to one {what}")
    return found[0]


def _blocks(text: str, what: str) -> list[_Block]:
    """Return the PEM blocks of a text, of base64 of a text, or of the file that the text names."""
    text = unquote(text)
    for read in (_as_is, _from_base64, _from_file):
        pem = read(text)
        if pem is not None:
            return _split(pem, what)
    if _looks_like_path(text):
        # The value is not repeated: a damaged key in base64 may look like a path, too.
        raise ValueRefused(
            "this is the path of a file that does not exist",
            "Correct the path, and check that this process can read the file",
        )
    raise ValueRefused(
        f"this is neither a PEM {what} nor the path of a file",
        f"Set it to the whole PEM text, from the -----BEGIN line to the -----END {what.upper()}----- line, "
        "or to the path of a PEM file that exists",
    )


def _looks_like_path(text: str) -> bool:
    has_path_start = text.startswith(("/", "./", "../", "~/", "file:"))
    is_one_word = len(text) <= _MAX_PATH and len(text.split()) == 1
    return is_one_word and (has_path_start or text.endswith((".pem", ".key", ".crt")))


def _as_is(text: str) -> str | None:
    return text if "-----BEGIN" in text or "-----END" in text else None


def _from_base64(text: str) -> str | None:
    try:
        return _as_is(unquote(base64.b64decode("".join(text.split()), validate=True).decode()))
    except (binascii.Error, ValueError):
        return None


def _from_file(path: str) -> str | None:
    if not _is_file(path):
        return None
    text = read_text_file(path)
    pem = _as_is(text) or _from_base64(text)
    if pem is None:
        raise ValueRefused(f"the file {path} does not contain PEM text", "Set it to the path of a PEM file")
    return pem


def _is_file(path: str) -> bool:
    try:
        return Path(path.removeprefix("file://")).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL character, an unknown home
        return False


def _split(text: str, what: str) -> list[_Block]:
    pem = _ESCAPED_NEWLINE.sub("\n", text)
    blocks = [_Block(label, _body(content)) for label, content in _BLOCK.findall(pem) if label not in _IGNORED]
    rest = _BLOCK.sub("", pem)
    if not blocks or "-----BEGIN" in rest or "-----END" in rest:
        missing = "END" if "-----BEGIN" in rest else "BEGIN"
        raise ValueRefused(f"the {what} is incomplete: its {missing} line is missing", _COPY_AGAIN)
    return blocks


def _body(content: str) -> str:
    # An encrypted key is refused; its headers say that it is one.
    return content if "ENCRYPTED" in content else "".join(content.split())
