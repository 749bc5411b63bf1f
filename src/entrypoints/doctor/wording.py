from datetime import timedelta


def lasting(time: timedelta) -> str:
    """Say how long something takes, roughly."""
    seconds = max(time.total_seconds(), 0)
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return counted(int(seconds), "second")


def counted(count: int, one: str, several: str | None = None) -> str:
    """Say how many there are of something."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def deliveries(count: int) -> str:
    """Say how many deliveries there are."""
    return counted(count, "delivery", "deliveries")
