"""Name the job that the baselines enqueue; receiving never runs it."""


def process(row_id: int) -> None:
    """Stand for the work on one stored delivery."""
    raise NotImplementedError(row_id)
