def topics_of(value: object) -> tuple[str, ...] | None:
    """Return the topics of a repository; what is no text among them is left out, None if there is no list."""
    if not isinstance(value, list):
        return None
    return tuple(topic for topic in value if isinstance(topic, str))
