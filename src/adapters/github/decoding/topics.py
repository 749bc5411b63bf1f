def read_topics(value: object) -> tuple[str, ...] | None:
    """Return the topics of a repository without values that are not text, or None if there is no list."""
    if not isinstance(value, list):
        return None
    return tuple(topic for topic in value if isinstance(topic, str))
