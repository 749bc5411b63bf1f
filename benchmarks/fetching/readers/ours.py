"""Read with our own adapter: concurrent pages, typed partial decoding, the domain's objects."""

import asyncio
import sys
import time

import uvloop
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from adapters.system import SystemClock
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess


async def main(url: str, rounds: int) -> None:
    """Read everything once to warm up, then again and again."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    app = GitHubApp("Iv1.bench", Secret("secret"), Secret(pem), addresses=GitHubUrls(api=url))
    provider = GitHubProvider(app, SystemClock())
    try:
        await _read(provider)
        for _ in range(rounds):
            before = time.process_time()
            read = await _read(provider)
            print(time.process_time() - before, read, flush=True)
    finally:
        await provider.close()


async def _read(provider: GitHubProvider) -> int:
    access = InstallationAccess("1", Secret("ghs_bench"))
    return sum([len(page.repositories) async for page in provider.list_repository_pages(access)])


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
