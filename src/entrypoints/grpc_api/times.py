from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def stamp(at: datetime | None) -> Timestamp | None:
    """Convert a time to a `Timestamp`."""
    if at is None:
        return None
    # Same result as `FromDatetime`, in a quarter of the time.
    since = at - _EPOCH
    return Timestamp(seconds=since.days * _DAY + since.seconds, nanos=since.microseconds * 1000)


def length(of: timedelta | None) -> Duration | None:
    """Convert a time span to a `Duration`."""
    if of is None:
        return None
    told = Duration()
    told.FromTimedelta(of)
    return told
