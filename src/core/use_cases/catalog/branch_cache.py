from collections import OrderedDict

from core.domain.catalog.branches import KnownBranches
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration

_Key = tuple[IntegrationId, str, RepoId]

# A branch takes about 200 bytes.
_MOST_BRANCHES = 50_000


class BranchMemory:
    """The branches that this process was told of lately; the longest unused make place for others.

    Kept by installation: what one was shown is not for another that the same organization connects later.
    """

    def __init__(self, most: int = _MOST_BRANCHES) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, KnownBranches] = OrderedDict()
        self._size = 0

    def find(self, integration: Integration, repo_id: RepoId) -> KnownBranches | None:
        """Return what was kept last, however old."""
        key = _key(integration, repo_id)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
        return known

    def keep(self, integration: Integration, repo_id: RepoId, known: KnownBranches) -> None:
        """Keep this instead of what was known before."""
        key = _key(integration, repo_id)
        self._drop(self._kept.pop(key, None))
        self._kept[key] = known
        self._size += _weight(known)
        while self._size > self._most and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._drop(oldest)

    def _drop(self, known: KnownBranches | None) -> None:
        self._size -= _weight(known) if known else 0


def _key(integration: Integration, repo_id: RepoId) -> _Key:
    return integration.id, integration.provider_id, repo_id


def _weight(known: KnownBranches) -> int:
    # A repository without a branch takes room, too.
    return len(known.branches) + 1
