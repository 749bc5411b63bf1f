"""Format figures as Markdown."""

from collections.abc import Iterable, Sequence
from statistics import median


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a header row."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """Format a median with minimum and maximum."""
    if not figures:
        return ""
    middle, lowest, highest = (f"{f(figures):,.{digits}f}" for f in (median, min, max))
    return f"{middle} ({lowest} to {highest})"


def sum_of_medians(parts: Sequence[Sequence[float]]) -> str:
    """Format the parts of a sum: the median of each part over all windows."""
    return " + ".join(f"{median(part):,.0f}" for part in zip(*parts, strict=True))


def ratios(service: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the other value divided by this service's for each repetition; empty if one was not measured."""
    return [their / our for our, their in zip(service, other, strict=bool(service and other))]


def noise(repetitions: int, seconds: int, others: Sequence[float]) -> str:
    """Describe repetitions, window length, and the load of all other programs on the machine."""
    return (
        f"{repetitions} repetitions, windows of {seconds} s. All other programs on the machine used "
        f"{median(others):.2f} cores (median), at most {max(others):.2f}."
    )
