from datetime import timedelta


def lasting(time: timedelta) -> str:
    """Return a duration in words, in its largest unit: `3 hours`."""
    seconds = max(time.total_seconds(), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return counted(int(seconds), "second")


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun: `1 value`, `2 values`."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def deliveries(count: int) -> str:
    """Return a number of deliveries in words."""
    return counted(count, "delivery", "deliveries")
