from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of the environment, and its remedy."""

    variable: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.problem}. {self.remedy}"


class ValueRefused(ValueError):
    """A value is wrong. The remedy replaces the general remedy of the setting."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy
