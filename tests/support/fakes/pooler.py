"""A connection pooler in transaction mode, as PgBouncer's, that changes the server at every opportunity.

Each transaction of each client gets the next server connection, so that whatever belongs to a session is
missed at once. Without TLS and passwords. https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import queue
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_SERVERS = 4
_SSL, _CANCEL, _GSS = 80877103, 80877102, 80877104
_PROTOCOL = 196608
_AUTHENTICATED = b"R" + struct.pack("!ii", 8, 0)
_MADE_UP_KEY = b"K" + struct.pack("!iii", 12, 1, 2)
_READY = b"Z" + struct.pack("!ic", 5, b"I")


class _Left(Exception):
    """The other side closed the connection."""


class _Peer:
    """A socket, and what was received and not yet taken as a whole message."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._received = b""

    def take(self, count: int) -> bytes:
        """Return so many bytes, waiting for them."""
        while len(self._received) < count:
            self.receive()
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def receive(self) -> None:
        """Wait for more."""
        try:
            more = self.socket.recv(65536)
        except OSError:
            more = b""
        if not more:
            raise _Left
        self._received += more

    def message(self) -> bytes | None:
        """Return the next whole message, if there is one."""
        if len(self._received) < 5:
            return None
        (size,) = struct.unpack("!i", self._received[1:5])
        return self.take(1 + size) if len(self._received) > size else None

    def send(self, content: bytes) -> None:
        """Send all."""
        try:
            self.socket.sendall(content)
        except OSError:
            raise _Left from None


@contextmanager
def transaction_pooler(database_url: str, directory: Path) -> Iterator[str]:
    """Run the pooler for the length of the block, and give its URL."""
    pooler = _Pooler(database_url)
    path = directory / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        accepting = threading.Thread(target=pooler.accept, args=(listening,), daemon=True)
        accepting.start()
        yield f"postgresql://{pooler.user}@/{pooler.database}?host={directory}&port=5432"
        listening.shutdown(socket.SHUT_RDWR)
    accepting.join(timeout=10)
    pooler.close()


class _Pooler:
    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        place = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._address = f"{place['host']}/.s.PGSQL.{place.get('port', '5432')}"
        self.user, self.database = parts.username or "postgres", parts.path[1:]
        self._parameters = b""
        self._idle: queue.Queue[_Peer] = queue.Queue()
        self._open: list[socket.socket] = []
        for _ in range(_SERVERS):
            self._idle.put(self._connect())

    def close(self) -> None:
        """Close every connection; what waits for one ends."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def accept(self, listening: socket.socket) -> None:
        """Serve each client in a thread, until nothing listens any more."""
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(_Peer(connection),), daemon=True).start()

    def _connect(self) -> _Peer:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self._address)
        self._open.append(connection)
        server = _Peer(connection)
        body = b"".join(word.encode() + b"\0" for word in ("user", self.user, "database", self.database))
        server.send(struct.pack("!ii", len(body) + 9, _PROTOCOL) + body + b"\0")
        self._parameters = b""
        while (message := _next(server))[:1] != b"Z":
            assert message[:1] != b"E", message
            if message[:1] == b"S":
                self._parameters += message
        return server

    def _serve(self, client: _Peer) -> None:
        with suppress(_Left):
            if self._greet(client):
                while (message := _next(client))[:1] != b"X":
                    server = self._idle.get()
                    try:
                        _relay(client, server, message)
                    except _Left:
                        # As in PgBouncer: when a client leaves its transaction, that server connection ends.
                        server.socket.close()
                        server = self._connect()
                        raise
                    finally:
                        self._idle.put(server)
        client.socket.close()

    def _greet(self, client: _Peer) -> bool:
        while True:
            size, code = struct.unpack("!ii", client.take(8))
            if code not in (_SSL, _GSS):
                break
            client.send(b"N")
        if code == _CANCEL:
            return False
        client.take(size - 8)
        client.send(_AUTHENTICATED + self._parameters + _MADE_UP_KEY + _READY)
        return True


def _next(peer: _Peer) -> bytes:
    while (message := peer.message()) is None:
        peer.receive()
    return message


def _relay(client: _Peer, server: _Peer, message: bytes | None) -> None:
    """Relay messages, beginning with this one, until the server is outside any transaction."""
    awaited = 0
    while True:
        if message is not None:
            if message[:1] == b"X":
                raise _Left
            awaited += message[:1] in (b"Q", b"S", b"F")
            server.send(message)
        while (answer := server.message()) is not None:
            client.send(answer)
            awaited -= answer[:1] == b"Z"
            if answer[:1] == b"Z" and not awaited and answer[-1:] == b"I":
                return
        if (message := client.message()) is None:
            for ready in select.select([client.socket, server.socket], [], [])[0]:
                (client if ready is client.socket else server).receive()
            message = client.message()
