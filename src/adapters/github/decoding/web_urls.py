import re

# A host without credentials, then a path, query or fragment without blanks, controls or quotes. Browsers drop
# tabs and line breaks and read a backslash as a slash, so none of these may pass.
# https://url.spec.whatwg.org/#url-parsing
_WEB_URL = re.compile(r"https?://[a-z0-9\[][a-z0-9.:\]_-]*(?:[/?#][^\s\x00-\x20\x7f-\x9f\\\"<>`]*)?", re.IGNORECASE)


def parse_web_url(text: str | None) -> str | None:
    """Return a URL that people may open, or None for another scheme, credentials or odd characters."""
    return text if text and _WEB_URL.fullmatch(text) else None
