"""How the provider signs, for those who play its part: `events replay`, tests and the sandbox."""

from adapters.github.protocol.signature import sign as github_signature
from adapters.github.protocol.signature import sign_replay as replay_signature

__all__ = ["github_signature", "replay_signature"]
