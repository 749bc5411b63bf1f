"""The text of a value, without the characters that tools add to it."""

import re
import stat
from pathlib import Path

from entrypoints.settings.problem import ValueRefused

_MAX_FILE_BYTES = 1024 * 1024
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_QUOTES = ('"', "'")


def unquote(text: str) -> str:
    """Return the text without surrounding white space, byte order mark and one pair of quotation marks.

    Quotation marks stay if the same mark is inside as well: then they quote the parts of a list.
    """
    text = text.strip().removeprefix(_BYTE_ORDER_MARK).strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def split_list(text: str) -> list[str]:
    """Return the parts of a list, which commas or, in a file, new lines separate."""
    items = [item for part in re.split(r"[,\n]", text) if (item := unquote(part))]
    if text and not items:
        raise ValueError("the list is empty: it contains only commas")
    return items


def read_text_file(path: str) -> str:
    """Return the unquoted text of a file, which is not empty; raises `ValueRefused`."""
    remedy = "Set it to the path of a readable text file that contains only the value"
    try:
        file = Path(path.removeprefix("file://")).expanduser()
        # A device or a named pipe could block the start forever.
        if not stat.S_ISREG(file.stat().st_mode):
            kind = "a directory" if file.is_dir() else "not a regular file"
            raise ValueRefused(f"{path} is {kind}", remedy)
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ValueRefused(f"{path} cannot be read ({error.strerror})", remedy) from None
    except RuntimeError:  # `~` of a user without a home
        raise ValueRefused(f"{path} cannot be read (unknown home directory)", remedy) from None
    if len(content) > _MAX_FILE_BYTES:
        raise ValueRefused(f"{path} is larger than {_MAX_FILE_BYTES:,} bytes", remedy)
    try:
        text = unquote(content.decode())
    except UnicodeDecodeError:
        raise ValueRefused(f"{path} is not UTF-8 text", "Save the file as UTF-8 text") from None
    if not text:
        raise ValueRefused(f"{path} is empty", "Write the value into the file")
    return text
