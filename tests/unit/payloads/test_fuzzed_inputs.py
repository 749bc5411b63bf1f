"""Whatever callers write where a cursor or a credential belongs, it is understood or refused.

For signatures, envelopes and forms of deliveries see `test_webhook_protocol` and `test_webhook_signature`.
"""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import ActingUserRefused, TokenRefused
from core.domain.streams.stream import CursorInvalid, parse_cursor
from entrypoints.edge.calls import QueryInvalid, parse_acting_user, parse_bearer_token
from entrypoints.edge.cursors import ListCursorInvalid, RowCursor, decode_cursor, encode_cursor
from entrypoints.grpc_api.fields import read_id, read_page_token
from testing.memory.clock import SettableClock
from tests.support.builders import tokens

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
texts = st.text(max_size=60) | st.text("0123456789abcdefABCDEF-", max_size=40)
# Also what looks like a cursor on the outside.
_encoded = (st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode())).map(
    lambda inside: base64.urlsafe_b64encode(inside).rstrip(b"=").decode()
)
_jose = json_values.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode())
credentials = texts | st.lists(_jose | texts, min_size=2, max_size=4).map(".".join)


@given(texts | _encoded)
def test_page_cursor_is_valid_or_rejected(text: str) -> None:
    """A valid one is a row id, and encodes to the same cursor."""
    try:
        place = decode_cursor(text, RowCursor)
    except ListCursorInvalid:
        with pytest.raises(QueryInvalid):
            read_page_token(text, RowCursor)
        return
    assert decode_cursor(encode_cursor(place) or "", RowCursor) == place
    assert place is None or 1 <= place.id < 2**63


@given(texts)
def test_stream_cursor_is_a_number_or_rejected(text: str) -> None:
    """Within the range of the database."""
    try:
        assert 0 <= parse_cursor(text) < 10**18
    except CursorInvalid:
        return


@given(texts)
def test_id_is_a_uuid_or_rejected(text: str) -> None:
    """With the name of its field."""
    try:
        assert str(read_id(text, "project_id")) == text.lower()
    except QueryInvalid as invalid_field:
        named = [one.field for one in invalid_field.fields]
    else:
        named = ["project_id"]
    assert named == ["project_id"]


@given(st.lists(texts | credentials.map("Bearer {}".format), max_size=2), st.lists(texts, max_size=2))
def test_credentials_are_valid_or_rejected(authorization: list[str], users: list[str]) -> None:
    """For any headers of one caller."""
    with suppress(TokenRefused):
        assert parse_bearer_token(authorization) in authorization[0]
    with suppress(ActingUserRefused):
        user = parse_acting_user(users, name="X-Acting-User")
        assert user is None if not users else str(user) == users[0].lower()


NOW = datetime(2026, 11, 23, tzinfo=UTC)
VERIFIER = JwtVerifier(
    PinnedKey(tokens.public_pem(tokens.rsa_key())), SettableClock(NOW), issuer=tokens.ISSUER, audience=tokens.AUDIENCE
)


@given(credentials)
async def test_forged_tokens_are_rejected(text: str) -> None:
    """Without any other error."""
    with pytest.raises(TokenRefused):
        await VERIFIER.verify(text)


changes = st.dictionaries(
    st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "service", "scope"]),
    json_values | st.integers(0, 2**40),
    max_size=3,
)


@given(changes)
async def test_signed_token_is_a_principal_or_rejected(changed: dict[str, object]) -> None:
    """For any claims: the issuer may be wrong, too."""
    found = {**tokens.claims(NOW), **changed}
    try:
        principal = await VERIFIER.verify(tokens.sign_by_hand(found))
    except TokenRefused:
        assert changed
        return
    assert (principal.user_id is None) == ("service" in found)
