from pathlib import Path

import msgspec

from entrypoints.process.private_files import write_private
from sandbox.state.world import World


class Snapshot:
    """A world kept in a file, so that a restart finds what people did."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "world.json"

    def load(self) -> World | None:
        """Return the kept world; None where there is none, or one of another form than today's."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=World)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def save(self, world: World) -> None:
        """Keep the world as it is now, readable by its owner alone: it has tokens in it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, msgspec.json.encode(world))
