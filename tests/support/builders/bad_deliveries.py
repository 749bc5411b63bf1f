"""Deliveries that the receiver rejects, and signed objects with wrong types."""

from tests.support.builders.deliveries import push

GOOD = push()


DEEP = 100_000


SIGNATURES: dict[str, tuple[str | bytes | None, str]] = {
    "none": (None, "signature_missing"),
    "empty": ("", "signature_malformed"),
    "of another secret": (f"sha256={'0' * 64}", "signature_mismatch"),
    "too short": ("sha256=abc", "signature_malformed"),
    "not hexadecimal": (f"sha256={'g' * 64}", "signature_malformed"),
    "of another kind": (f"sha512={'0' * 64}", "signature_malformed"),
    "not ASCII": (b"sha256=" + "é".encode() * 32, "signature_malformed"),
    "not UTF-8": (b"sha256=" + b"\xff" * 64, "signature_malformed"),
}


BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "body_not_json"),
    "truncated": (GOOD[:-1], "body_not_json"),
    "two objects": (b"{}{}", "body_not_json"),
    "nested deeply": (b'{"x":' * DEEP + b"1" + b"}" * DEEP, "body_not_json"),
    "lists nested deeply": (b"[" * DEEP, "body_not_an_object"),
    "nested deeply where nobody looks": (b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}", "body_not_json"),
    "not UTF-8": (b'{"action":"\xff"}', "body_not_json"),
    "not UTF-8 where nobody looks": (b'{"x":"\xff"}', "body_not_json"),
    "UTF-16": ('{"action":"x"}'.encode("utf-16"), "body_not_json"),
    "a list": (b"[]", "body_not_an_object"),
    "a text": (b'"push"', "body_not_an_object"),
    "a number": (b"1", "body_not_an_object"),
    "null": (b"null", "body_not_an_object"),
}


_REF = b'"ref":"refs/heads/main"'


# Bodies of a push with a missing field or a field of the wrong type.
ODD_OBJECTS = {
    "installation is a number": b'{"installation":5,%s}' % _REF,
    "installation's id is a text": b'{"installation":{"id":"5"},%s}' % _REF,
    "installation's id is not positive": b'{"installation":{"id":0},%s}' % _REF,
    "installation's id is too large": b'{"installation":{"id":9223372036854775808},%s}' % _REF,
    "repository is a list": b'{"installation":{"id":5},"repository":[],%s}' % _REF,
    "repository's id is null": b'{"installation":{"id":5},"repository":{"id":null},%s}' % _REF,
    "action is an object": b'{"action":{},"installation":{"id":5},%s}' % _REF,
    "action is an object, with half a character": b'{"action":{},"installation":{"id":5},%s,"x":"\\ud83d"}' % _REF,
}


ODD_HEADERS: dict[str, bytes] = {
    "control character": b"pu\x01sh",
    "null": b"push\x00",
    "delete": b"push\x7f",
    "bell": b"\x07",
    "not ASCII": "pûsh".encode(),
    "not UTF-8": b"\xff\xfe",
    "space": b"pu sh",
    "SQL": b"push');--",
    "10,000 characters": b"a" * 10_000,
    "empty": b"",
}
