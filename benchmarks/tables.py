"""Write figures down in Markdown."""

from collections.abc import Iterable, Sequence
from statistics import median


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a line of headings."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """Write a median with the lowest and the highest."""
    if not figures:
        return ""
    middle, lowest, highest = (f"{f(figures):,.{digits}f}" for f in (median, min, max))
    return f"{middle} ({lowest} to {highest})"


def sum_of_medians(parts: Sequence[Sequence[float]]) -> str:
    """Write what a sum is made of: for each place the median over all windows."""
    return " + ".join(f"{median(part):,.0f}" for part in zip(*parts, strict=True))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return how many times ours theirs is, within each repetition; nothing where either was not measured."""
    return [their / our for our, their in zip(ours, theirs, strict=bool(ours and theirs))]


def noise(repetitions: int, seconds: int, others: Sequence[float]) -> str:
    """Say how long was measured, and how many cores everything else on the machine kept busy meanwhile."""
    return (
        f"{repetitions} repetitions, windows of {seconds} s. Meanwhile everything else on the machine kept "
        f"{median(others):.2f} cores busy, at most {max(others):.2f}."
    )
