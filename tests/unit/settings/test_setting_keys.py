"""Keys and certificates: every form with one meaning is accepted, the rest is refused with the reason."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from entrypoints.settings.settings import Settings, SettingsRefused
from tests.support.builders import tokens
from tests.support.fakes.certificate_authority import Authority

RSA = tokens.rsa_key()
PKCS8 = tokens.private_pem(RSA).decode()
PKCS1 = RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
PUBLIC = tokens.public_pem(RSA)
CERTIFICATE = Authority().certificate.decode()
MIDDLE = PKCS8.index("\n", len(PKCS8) // 2)


def read(name: str, text: str) -> str:
    """Return the text that a setting was read as."""
    env = {"CREWKIT_GIT_ENVIRONMENT": "development", f"CREWKIT_GIT_{name}": text}
    value = getattr(Settings.from_environment(env), name.lower())
    return str(value.reveal() if hasattr(value, "reveal") else value)


def refusal(name: str, text: str) -> str:
    """Return the refusal of a setting's value, which repeats none of it."""
    env = {"CREWKIT_GIT_ENVIRONMENT": "development", f"CREWKIT_GIT_{name}": text}
    with pytest.raises(SettingsRefused) as refused:
        Settings.from_environment(env)
    lines = [str(one) for one in refused.value.problems if name in one.variable]
    assert len(lines) == 1
    assert not any(line in lines[0] for line in text.split() if len(line) > 20 and "/" not in line[:1])
    return lines[0]


def forms(pem: str, path: Path) -> dict[str, str]:
    """Return everything that tools make of a PEM file, by name."""
    path.write_text(pem)
    encoded = base64.b64encode(pem.encode()).decode()
    return {
        "as it is": pem,
        "CRLF": pem.replace("\n", "\r\n"),
        "CR": pem.replace("\n", "\r"),
        "escaped LF": pem.replace("\n", "\\n"),
        "escaped CRLF": pem.replace("\n", "\\r\\n"),
        "escaped twice": pem.replace("\n", "\\\\n"),
        "one line with spaces": pem.replace("\n", " "),
        "one line without anything": pem.replace("\n", ""),
        "spaces in front of each line": "".join(f"    {line}\n" for line in pem.splitlines()),
        "leading space": f"  {pem}",
        "byte order mark": f"\ufeff{pem}",
        "single quotes": f"'{pem}'",
        "double quotes": f'"{pem}"',
        "quotes and escapes": '"' + pem.replace("\n", "\\n") + '"',
        "text around": f"Bag Attributes: none\n{pem}\nend of file",
        "base64": encoded,
        "base64 in lines": base64.encodebytes(pem.encode()).decode(),
        "base64 of CRLF and a mark": base64.b64encode(b"\xef\xbb\xbf" + pem.replace("\n", "\r\n").encode()).decode(),
        "path": str(path),
        "path in quotes": f'"{path}"',
        "path as URL": f"file://{path}",
    }


@pytest.mark.parametrize(
    ("name", "pem"),
    [
        ("GITHUB_PRIVATE_KEY", PKCS8),
        ("GITHUB_PRIVATE_KEY", PKCS1),
        ("AUTH_PUBLIC_KEY", PUBLIC),
        ("AUTH_PUBLIC_KEY", tokens.public_pem(tokens.ed25519_key())),
    ],
)
def test_accepts_every_unambiguous_form(tmp_path: Path, name: str, pem: str) -> None:
    for form, text in forms(pem, tmp_path / "key.pem").items():
        assert read(name, text) == pem, form


def test_accepts_every_form_of_tls_keys_and_certificates(tmp_path: Path) -> None:
    key, certificate = (part.decode() for part in Authority().issue("git.crewkit.example"))
    keys, certificates = forms(key, tmp_path / "key.pem"), forms(certificate, tmp_path / "certificate.pem")
    for form, text in keys.items():
        env = {
            "CREWKIT_GIT_ENVIRONMENT": "development",
            "CREWKIT_GIT_GRPC_TLS_KEY": text,
            "CREWKIT_GIT_GRPC_TLS_CERTIFICATE": certificates[form],
        }
        settings = Settings.from_environment(env)
        assert settings.grpc_tls_key is not None
        assert (settings.grpc_tls_key.reveal(), settings.grpc_tls_certificate) == (key, certificate), form


def test_chain_keeps_all_its_certificates() -> None:
    chain = CERTIFICATE + Authority().certificate.decode()
    env = {"CREWKIT_GIT_ENVIRONMENT": "development", "CREWKIT_GIT_GRPC_TLS_CERTIFICATE": chain}
    key = tokens.private_pem(tokens.p256_key()).decode()
    with pytest.raises(SettingsRefused, match="does not belong to"):
        Settings.from_environment({**env, "CREWKIT_GIT_GRPC_TLS_KEY": key})


def _private(key: ec.EllipticCurvePrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _encrypt(form: PrivateFormat) -> str:
    return RSA.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"password")).decode()


BAD_PRIVATE_KEYS = {
    "encrypted": (_encrypt(PrivateFormat.PKCS8), "protected by a password"),
    "encrypted the old way": (_encrypt(PrivateFormat.TraditionalOpenSSL), "protected by a password"),
    "encrypted, on one line": (
        _encrypt(PrivateFormat.TraditionalOpenSSL).replace("\n", "\\n"),
        "protected by a password",
    ),
    "cut at the end": (PKCS8[:MIDDLE], "its END line is missing"),
    "cut at the beginning": (PKCS8[MIDDLE:], "its BEGIN line is missing"),
    "cut in the middle": (PKCS8[: MIDDLE - 200] + PKCS8[MIDDLE:], "damaged: a part of it is missing"),
    "one character changed": (PKCS8[:200] + "!" + PKCS8[201:], "damaged: a part of it is missing"),
    "another character changed": (
        PKCS8[:100] + ("A" if PKCS8[100] != "A" else "B") + PKCS8[101:],
        "damaged: a part of it is missing",
    ),
    "empty": ("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "damaged"),
    "public": (PUBLIC, "this is a public key, not a private key"),
    "certificate": (CERTIFICATE, "this is a certificate, not a private key"),
    "RSA of 1024 bits": (
        tokens.private_pem(tokens.rsa_key("small", bits=1024)).decode(),
        "this RSA key has 1024 bits, but at least 2048 are required",
    ),
    "elliptic curve": (_private(tokens.p256_key()), "this is not an RSA key"),
    "elliptic curve, old form": (
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        + _private(tokens.p256_key(), PrivateFormat.TraditionalOpenSSL),
        "this is not an RSA key",
    ),
    "Ed25519": (tokens.private_pem(tokens.ed25519_key()).decode(), "this is not an RSA key"),
    "OpenSSH": (
        RSA.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        "this is an OpenSSH key",
    ),
    "two keys": (PKCS8 + PKCS1, "it contains 2 keys"),
    "body without its first and last line": (
        "".join(PKCS8.splitlines()[1:-1]),
        "neither a PEM private key nor the path of a file",
    ),
    "a path of nothing": ("/no/such/key.pem", "the path of a file that does not exist"),
    "a relative path of nothing": ("keys/github.pem", "the path of a file that does not exist"),
    "nonsense": ("hunter2hunter2", "neither a PEM private key nor the path of a file"),
}


@pytest.mark.parametrize("case", BAD_PRIVATE_KEYS)
def test_rejects_a_bad_private_key_with_the_reason(tmp_path: Path, case: str) -> None:
    text, reason = BAD_PRIVATE_KEYS[case]
    said = refusal("GITHUB_PRIVATE_KEY", text)
    assert reason in said
    assert ". " in said.split(reason)[1]
    file = tmp_path / "key.pem"
    file.write_text(text)
    assert "CREWKIT_GIT_GITHUB_PRIVATE_KEY" in refusal("GITHUB_PRIVATE_KEY", str(file))


BAD_PUBLIC_KEYS = {
    "private": (PKCS8, "this is a private key, but a public key is needed"),
    "certificate": (CERTIFICATE, "this is a certificate, not a public key"),
    "RSA of 1024 bits": (
        tokens.public_pem(tokens.rsa_key("small", bits=1024)),
        "this RSA key has 1024 bits, but at least 2048 are required",
    ),
    "another curve": (
        ec.generate_private_key(ec.SECP384R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "this key is on the curve secp384r1, but only P-256 is supported",
    ),
    "DSA": (
        dsa.generate_private_key(1024)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "this type of public key is not supported",
    ),
    "cut": (PUBLIC[:200], "its END line is missing"),
    "cut in the middle": (PUBLIC[:150] + PUBLIC[200:], "the public key is damaged"),
}


@pytest.mark.parametrize("case", BAD_PUBLIC_KEYS)
def test_rejects_a_bad_public_key_with_the_reason(case: str) -> None:
    text, reason = BAD_PUBLIC_KEYS[case]
    assert reason in refusal("AUTH_PUBLIC_KEY", text)


def test_rejects_a_bad_tls_key_with_the_reason() -> None:
    for text, reason in {
        tokens.private_pem(tokens.rsa_key("small", bits=1024)).decode(): "this RSA key has 1024 bits",
        tokens.private_pem(tokens.ed25519_key()).decode(): "this is neither",
        CERTIFICATE: "this is a certificate, not a private key",
    }.items():
        assert reason in refusal("GRPC_TLS_KEY", text)


def test_rejects_bad_certificates_with_the_reason() -> None:
    damaged = CERTIFICATE[:100] + CERTIFICATE[150:]
    for text, reason in {
        damaged: "the certificate is damaged",
        CERTIFICATE + damaged: "certificate 2 of 2 is damaged",
        PKCS8: "there is a private key among the certificates",
        PUBLIC: "this is a public key, not a certificate",
        CERTIFICATE[:100]: "its END line is missing",
    }.items():
        assert reason in refusal("GRPC_CLIENT_AUTHORITIES", text)


def test_names_an_unreadable_file(tmp_path: Path) -> None:
    assert f"{tmp_path} is a directory" in refusal("GITHUB_PRIVATE_KEY", str(tmp_path))
    binary = tmp_path / "key.der"
    binary.write_bytes(RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    assert f"{binary} is not UTF-8 text" in refusal("GITHUB_PRIVATE_KEY", str(binary))
