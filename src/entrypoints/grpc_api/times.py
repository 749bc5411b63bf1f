from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def stamp(at: datetime | None) -> Timestamp | None:
    """Return a time as messages hold it."""
    if at is None:
        return None
    # What `FromDatetime` does, in two thirds of its time: whole seconds as a float are exact.
    return Timestamp(seconds=int(at.replace(microsecond=0).timestamp()), nanos=at.microsecond * 1000)


def length(of: timedelta | None) -> Duration | None:
    """Return a length of time as messages hold it."""
    if of is None:
        return None
    told = Duration()
    told.FromTimedelta(of)
    return told
