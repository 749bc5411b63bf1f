"""Times in messages are what protobuf itself would make of them."""

from datetime import UTC, datetime, timedelta, timezone

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.grpc_api.messages import stamp

zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones | st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_converts_times_like_protobuf(at: datetime) -> None:
    """To the microsecond, in any zone, before 1970, too."""
    expected = Timestamp()
    expected.FromDatetime(at)
    assert stamp(at) == expected
