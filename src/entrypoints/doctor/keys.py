"""The keys that encrypt our tokens and verify others'."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from entrypoints.doctor.findings import Finding, fail, ok, warn
from entrypoints.doctor.wording import counted, lasting
from ports.cipher import Cipher, CiphertextRefused

_ABOUT = "encryption keys"
_NOTED = "Uses are noted once a minute."
# A key that nobody used for so long no process has any more.
_RETIRED_AFTER = timedelta(days=30)


class Sealed(Protocol):
    """Values of one column that were made with one key, and one of them."""

    @property
    def column(self) -> str:
        """Table and column."""

    @property
    def key_id(self) -> str:
        """The key's id."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def context(self) -> str:
        """What the one was sealed with."""

    @property
    def ciphertext(self) -> str:
        """The one."""


def judge_keys(sealed: Sequence[Sealed], key_ids: Collection[str], cipher: Cipher) -> list[Finding]:
    """Judge whether what is encrypted can be read, by one value of each column and key; shows none."""
    wrong = [found for found in (_wrong(one, key_ids, cipher) for one in sealed) if found]
    old = sum(one.count for one in sealed if not cipher.is_current(one.ciphertext))
    if not wrong:
        total = sum(one.count for one in sealed)
        wrong.append(ok(_ABOUT, f"{counted(total, 'encrypted value')}; one of each column and key was read."))
        if old:
            wrong.append(
                warn(
                    _ABOUT,
                    f"{counted(old, 'value')} encrypted with an older key.",
                    "Keep that key until `crewkit-git keys rotate` has written them anew.",
                )
            )
    return wrong


def _wrong(one: Sealed, key_ids: Collection[str], cipher: Cipher) -> Finding | None:
    if one.key_id not in key_ids:
        return fail(
            _ABOUT,
            f"{one.column}: {counted(one.count, 'value')} encrypted with the key `{one.key_id}`, which is "
            "not among ours.",
            "Add it to CREWKIT_GIT_ENCRYPTION_KEYS, after the first; if it is lost, people and organizations "
            "have to connect again.",
        )
    try:
        cipher.decrypt(one.ciphertext, context=one.context)
    except CiphertextRefused:
        return fail(
            _ABOUT,
            f"{one.column}: the newest of {counted(one.count, 'value')} of the key `{one.key_id}` cannot be "
            "read.",
            "Give CREWKIT_GIT_ENCRYPTION_KEYS the key that had this id when it was written.",
        )
    return None


def judge_webhook_secrets(
    fingerprints: Sequence[str], used: Mapping[str, datetime], *, now: datetime
) -> list[Finding]:
    """Judge which secrets are in use: in a rotation, whether the newest is, and older ones may go.

    `fingerprints` are those of the accepted secrets, newest first; `used` tells when each was last. They are
    told by their place: who has a fingerprint can try guesses on it.
    """
    about = "webhook secrets"
    if not fingerprints:
        return []
    if len(fingerprints) == 1:
        return [ok(about, f"One is accepted, {_last_use(used.get(fingerprints[0]), now)}.")]
    ages = (f"{lasting(now - used[one])} ago" if one in used else "never" for one in fingerprints)
    last = f"Last used, newest first: {', '.join(ages)}."
    if fingerprints[0] not in used:
        return [
            warn(
                about,
                f"{len(fingerprints)} secrets are accepted, and no delivery was signed with the newest yet. "
                f"{last}",
                f"Enter it on the app's page at GitHub; the old one is accepted meanwhile. {_NOTED}",
            )
        ]
    return [
        warn(
            about,
            f"Deliveries are signed with the newest secret; older ones are accepted, too. {last}",
            f"Remove them from CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS when no more come with them. {_NOTED}",
        )
    ]


def judge_app_keys(current: str, used: Mapping[str, datetime], *, now: datetime) -> list[Finding]:
    """Judge which private keys of the app are in use: whether others may be deleted at the provider.

    `current` is the settings' key by the provider's name for it; `used` tells when each was last.
    """
    about = "app keys"
    others = {name: at for name, at in used.items() if name.startswith("SHA256:") and name != current}
    recent = {name: at for name, at in others.items() if now - at < _RETIRED_AFTER}
    return [
        ok(about, f"Ours is {current}, {_last_use(used.get(current), now)}."),
        *(
            warn(
                about,
                f"Besides {current}, {name} was used {lasting(now - at)} ago.",
                "Some process may still have it: restart each with the new key, and delete this one on the "
                f"app's page when it is used no more. {_NOTED}",
            )
            for name, at in sorted(recent.items())
        ),
    ]


def _last_use(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "of which no use was noted yet; that is done once a minute"
    return f"last used {lasting(now - at)} ago"
