"""Find the ends of the parts of HTTP/1.1 requests, and limit all parts except bodies before a parser buffers them."""

import re
from typing import Final

# A token may have 8 KB, and browsers add cookies.
MAX_HEAD_BYTES = 32 * 1024

_BLANK_LINE = b"\r\n\r\n"
_CRLF = b"\r\n"
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
# 16 digits and CRLF. A chunk's line counts from here on: chunks are body, their extensions are not.
_CHUNK_LINE_BYTES = 18
# Lines of smaller chunks count as well: each chunk costs the parser as much as a large one, and 12 MB of
# one-byte chunks would keep all other requests waiting for seconds.
_SMALL_CHUNK_BYTES = 256


class Malformed(Exception):
    """The bytes are not a chunked body."""


class TooLarge(Exception):
    """The request has more than `MAX_HEAD_BYTES` besides its body."""

    def __init__(self, end: int) -> None:
        super().__init__(end)
        self.end = end
        """Where the permitted bytes end."""


# The parts of a request. Plain numbers: looking up members of an enumeration costs more than the counting.
_HEAD: Final = 0
_BODY: Final = 1
_CHUNK_LINE: Final = 2
_CHUNK: Final = 3
_TRAILERS: Final = 4


class RequestMeter:
    """Counts the bytes of heads, chunk extensions and trailers, for one request after the other.

    The caller splits the data at the ends that `next_end` returns, so that each piece belongs to one part of one
    request. After a head, the caller passes the kind of body, as the parser understood it. The ends and
    counts do not depend on how the bytes are split into packets.
    """

    __slots__ = ("_count", "_left", "_line", "_line_bytes", "_part", "_tail", "is_at_end", "is_in_head")

    def __init__(self) -> None:
        self._line = b""
        self._line_bytes = 0
        self._left = 0
        self.next_request()

    def next_request(self) -> None:
        """Reset the count for the head of the next request."""
        self._part = _HEAD
        self._count = 0
        self._tail = b""
        self.is_in_head = True
        """Whether the next bytes belong to a head."""
        self.is_at_end = False
        """Whether the last returned end is the end of a head or of a body."""

    def begin_body(self, length: int) -> None:
        """Expect a body of `length` bytes."""
        self._part, self._left = _BODY, length
        self.is_in_head = self.is_at_end = False

    def begin_chunks(self) -> None:
        """Expect a chunked body."""
        self._part = _CHUNK_LINE
        self.is_in_head = self.is_at_end = False

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of the next request has arrived."""
        return self.is_in_head and not self._count

    def next_end(self, data: bytes, start: int) -> int:
        """Return the end of the piece at `start`: the end of its part, or of the data.

        Raises `TooLarge` or `Malformed`.
        """
        if self.is_in_head:
            if not self._count and data[start] not in _CRLF:
                # Most heads arrive in one packet.
                size = data.find(_BLANK_LINE, start) + len(_BLANK_LINE) - start
                if len(_BLANK_LINE) <= size <= MAX_HEAD_BYTES:
                    self._count, self._tail, self.is_at_end = size, _BLANK_LINE[1:], True
                    return start + size
            return self._end_in_head(data, start)
        if self._part == _BODY:
            end = start + self._left
            self.is_at_end = end <= len(data)
            if not self.is_at_end:
                self._left, end = end - len(data), len(data)
            return end
        return self._end_in_chunks(data, start)

    def _end_in_head(self, data: bytes, start: int) -> int:
        if not self._tail:
            # Parsers skip blank lines before a request. As one piece, because single pieces would cost much.
            begin = len(data) - len(data[start:].lstrip(_CRLF))
            if begin > start:
                self.is_at_end = False
                self._add(begin - start, start)
                return begin
        end = self._end_of_blank_line(data, start)
        self.is_at_end = end is not None
        if end is None:
            end = len(data)
        self._add(end - start, start)
        self._tail = (self._tail + data[max(start, end - 3) : end])[-3:]
        return end

    def _end_of_blank_line(self, data: bytes, start: int) -> int | None:
        if self._tail:
            index = (self._tail + data[start : start + 3]).find(_BLANK_LINE)
            if index >= 0:
                return start + index + len(_BLANK_LINE) - len(self._tail)
        index = data.find(_BLANK_LINE, start)
        return index + len(_BLANK_LINE) if index >= 0 else None

    def _end_in_chunks(self, data: bytes, start: int) -> int:
        position = start
        while position < len(data) and not self.is_at_end:
            if self._part == _CHUNK:
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
                if not self._left:
                    self._part = _CHUNK_LINE
            else:
                position = self._end_of_line(data, position)
        return position

    def _end_of_line(self, data: bytes, start: int) -> int:
        """Count the line of a chunk, or a trailer, as far as it has arrived. Return its end."""
        newline = data.find(b"\n", start)
        end = newline + 1 if newline >= 0 else len(data)
        before, self._line_bytes = self._line_bytes, self._line_bytes + end - start
        free = _CHUNK_LINE_BYTES if self._part == _CHUNK_LINE else 0
        self._add(max(self._line_bytes - free, 0) - max(before - free, 0), start)
        if len(self._line) < _CHUNK_LINE_BYTES:
            self._line += data[start : min(end, start + _CHUNK_LINE_BYTES)]
        if newline >= 0:
            self._end_line(self._line, start)
            self._line, self._line_bytes = b"", 0
        return end

    def _end_line(self, line: bytes, start: int) -> None:
        if self._part == _TRAILERS:
            self.is_at_end = line == _CRLF
            return
        size = _CHUNK_SIZE.match(line)
        if size is None:
            raise Malformed
        self._left = int(size[0], 16)
        if 0 < self._left < _SMALL_CHUNK_BYTES:
            self._add(len(size[0]) + len(_CRLF), start)
        self._part = _CHUNK if self._left else _TRAILERS
        self._left += len(_CRLF)

    def _add(self, count: int, start: int) -> None:
        if self._count + count > MAX_HEAD_BYTES:
            raise TooLarge(start + MAX_HEAD_BYTES - self._count)
        self._count += count
