r"""Half a character in JSON text: `\ud83d` without the `\ude80` that belongs to it.

JSON's grammar allows it (https://www.rfc-editor.org/rfc/rfc8259#section-8.2), and whoever may push can write
it into a commit's message. No Unicode text can hold it, so strict decoders refuse the whole object for it.
"""

import re

# Every escape is passed over as a whole, so that the backslash of `\\ud83d` begins none.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u[dD][c-fC-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_HALF = 6  # bytes of one escape
_REPLACEMENT = rb"\ufffd"


def without_halves(text: bytes) -> bytes:
    """Return JSON text with U+FFFD in the place of each half; a text without any is returned as it is."""
    if b"\\ud" not in text and b"\\uD" not in text:
        return text
    return _ESCAPE.sub(_whole, text)


def _whole(escape: "re.Match[bytes]") -> bytes:
    found = escape[0]
    return _REPLACEMENT if len(found) == _HALF else found
