"""Say why a start cannot go on."""


class CannotStart(Exception):
    """Refuse a start; the message names what is wrong and the remedy, and is shown without a stack trace."""
