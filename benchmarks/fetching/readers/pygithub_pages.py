"""Read with PyGithub: its paginated list, as its documentation shows."""

import sys
import time

import github
from github.PaginatedList import PaginatedList
from github.Repository import Repository


def main(url: str, rounds: int) -> None:
    """Read everything once to warm up, then again and again."""
    client = github.Github(auth=github.Auth.Token("ghs_bench"), base_url=url, per_page=100)
    _read(client)
    for _ in range(rounds):
        before = time.process_time()
        read = _read(client)
        print(time.process_time() - before, read, flush=True)


def _read(client: github.Github) -> int:
    listed = PaginatedList(Repository, client.requester, "/installation/repositories", None, list_item="repositories")
    return len([(one.id, one.full_name, one.default_branch) for one in listed])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
