from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def stamp(at: datetime | None) -> Timestamp | None:
    """Return a time as messages hold it."""
    if at is None:
        return None
    told = Timestamp()
    told.FromDatetime(at)
    return told


def length(of: timedelta | None) -> Duration | None:
    """Return a length of time as messages hold it."""
    if of is None:
        return None
    told = Duration()
    told.FromTimedelta(of)
    return told
