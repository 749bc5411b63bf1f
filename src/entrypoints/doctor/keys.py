"""The encryption keys, webhook secrets and private keys that are in use."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from entrypoints.doctor.findings import Finding, fail, format_count, format_duration, ok, warn
from ports.encryption import Cipher, CiphertextRefused

_ABOUT = "encryption keys"
_USERS = "Users whose values are lost have to connect again."
_AFTER_LOSS = {
    "user_git_connections.access_token": _USERS,
    "user_git_connections.refresh_token": _USERS,
    "git_integrations.webhook_secret": "Organizations whose values are lost have to connect again.",
}
_REPLACED = "Nothing else has to be done: the service replaces lost values of this column, or they expire."
_NOTED = "The times of the last use are updated once a minute."
# A key that was not used for this long is not used by any process any more.
_RETIRED_AFTER = timedelta(days=30)


class Sealed(Protocol):
    """The values of one column that one key encrypted, and a sample of them."""

    @property
    def column(self) -> str:
        """Table and column."""

    @property
    def key_id(self) -> str:
        """The key's id."""

    @property
    def count(self) -> int:
        """The number of values."""

    @property
    def context(self) -> str:
        """The context that the sample was encrypted with."""

    @property
    def ciphertext(self) -> str:
        """The sample: the newest value."""


def check_keys(sealed: Sequence[Sealed], key_ids: Collection[str], cipher: Cipher) -> list[Finding]:
    """Check that the keys decrypt one value of each column and key. Findings contain no value."""
    findings = [finding for sample in sealed if (finding := _find_problem(sample, key_ids, cipher))]
    old = sum(sample.count for sample in sealed if not cipher.is_current(sample.ciphertext))
    if not findings:
        total = sum(sample.count for sample in sealed)
        findings.append(
            ok(_ABOUT, f"{format_count(total, 'encrypted value')}. One value of each column and key was decrypted.")
        )
        if old:
            findings.append(
                warn(
                    _ABOUT,
                    f"{format_count(old, 'value')} encrypted with an older key.",
                    "Run `crewkit-git keys rotate`. Do not remove the older key before the command has finished.",
                )
            )
    return findings


def _find_problem(sample: Sealed, key_ids: Collection[str], cipher: Cipher) -> Finding | None:
    values = f"{sample.column}: {format_count(sample.count, 'value')} encrypted with the key `{sample.key_id}`"
    if sample.key_id not in key_ids:
        return fail(
            _ABOUT,
            f"{values}, which is not in CREWKIT_GIT_ENCRYPTION_KEYS.",
            "Add this key to CREWKIT_GIT_ENCRYPTION_KEYS after the first key. If the key is lost, so are the "
            f"values. {_AFTER_LOSS.get(sample.column, _REPLACED)}",
        )
    try:
        cipher.decrypt(sample.ciphertext, context=sample.context)
    except CiphertextRefused:
        return fail(
            _ABOUT,
            f"{values}. The newest cannot be decrypted.",
            f"Check the key `{sample.key_id}` in CREWKIT_GIT_ENCRYPTION_KEYS. If it was changed, restore the "
            "key that had this id when the value was written. If it was not changed, the value is lost. "
            f"{_AFTER_LOSS.get(sample.column, _REPLACED)}",
        )
    return None


def check_webhook_secrets(fingerprints: Sequence[str], used: Mapping[str, datetime], *, now: datetime) -> list[Finding]:
    """Report which secrets are in use, so that an operator knows when an older one can be removed.

    `fingerprints` are those of the accepted secrets, newest first; `used` has the time of each last use.
    Findings name secrets by position, because a fingerprint would allow guessing the secret offline.
    """
    about = "webhook secrets"
    if not fingerprints:
        return []
    if len(fingerprints) == 1:
        return [ok(about, f"One secret is accepted, {_last_use(used.get(fingerprints[0]), now)}.")]
    ages = (
        f"{format_duration(now - last_use)} ago" if last_use else "never" for last_use in map(used.get, fingerprints)
    )
    last = f"Last use of each secret, from the newest secret to the oldest: {', '.join(ages)}."
    if fingerprints[0] not in used:
        return [
            warn(
                about,
                f"{len(fingerprints)} secrets are accepted. GitHub has not signed a delivery with the "
                f"newest secret yet. {last}",
                "Enter the newest secret, the first in the setting, on the app's page at GitHub. If you have entered "
                "it, push to a repository. The service accepts the older secrets until you remove them from "
                f"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS. {_NOTED}",
            )
        ]
    return [
        warn(
            about,
            f"GitHub has signed deliveries with the newest secret, the first in the setting. Older secrets are still "
            f"accepted. {last}",
            "When an older secret has not been used for a day, remove it from "
            f"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS. {_NOTED}",
        )
    ]


def check_app_keys(current: str, used: Mapping[str, datetime], *, now: datetime) -> list[Finding]:
    """Report which private keys of the app are in use, so that an operator can delete the others at GitHub.

    `current` is the fingerprint of the key in the settings; `used` has the time of each key's last use.
    """
    about = "app keys"
    others = {name: at for name, at in used.items() if name.startswith("SHA256:") and name != current}
    recent = {name: at for name, at in others.items() if now - at < _RETIRED_AFTER}
    return [
        ok(about, f"The configured key is {current}, {_last_use(used.get(current), now)}."),
        *(
            warn(
                about,
                f"Another key, {name}, was used {format_duration(now - at)} ago.",
                "A process may still use that key. Restart every process with the configured key. When the "
                f"other key is not used any more, delete it on the app's page. {_NOTED}",
            )
            for name, at in sorted(recent.items())
        ),
    ]


def _last_use(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "not used yet (the time of the last use is updated once a minute)"
    return f"last used {format_duration(now - at)} ago"
