"""Where the text of a setting comes from: its variable, or the file that `<variable>_FILE` names.

Docker, Kubernetes and systemd mount secrets as files, and tools that write environment files disagree about
quotation marks, byte order marks and final newlines. All of that is removed here, once for every setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from entrypoints.settings.problem import Problem, ValueRefused
from entrypoints.settings.setting import PREFIX, Setting
from entrypoints.settings.table import SETTINGS
from entrypoints.settings.text import read_text_file, unquote

FILE_SUFFIX = "_FILE"
_PATH_STARTS = ("/", "./", "../", "~/", "file:")
# Secrets are mounted in these directories. A path in them is not a secret, even if this process cannot read it.
_SECRET_FOLDERS = ("/run/secrets/", "/var/run/secrets/", "/run/credentials/", "/etc/", "/mnt/", "/secrets/")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one setting, and the variable it came from."""

    variable: str
    text: str = field(repr=False)
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of all settings that the environment gives, by the setting's name, and what is wrong."""

    texts: Mapping[str, Source]
    problems: tuple[Problem, ...]

    def has(self, name: str) -> bool:
        """Return whether the environment gives this setting, readable or not."""
        return name in self.texts or any(to_setting_name(problem.variable) == name for problem in self.problems)


def read_sources(env: Mapping[str, str]) -> Sources:
    """Return the text of each setting that is given; a variable that is set to nothing is not given."""
    texts: dict[str, Source] = {}
    problems: list[Problem] = []
    for setting in SETTINGS:
        direct = unquote(env.get(setting.variable, ""))
        file_variable = setting.variable + FILE_SUFFIX
        path = unquote(env.get(file_variable, ""))
        if direct and path:
            remedy = f"Remove {setting.variable} or {file_variable}"
            problems.append(Problem(setting.variable, f"{file_variable} is set as well", remedy))
            continue
        variable = setting.variable
        if not direct and not path:
            variable = next((name for name in setting.standard_variables if unquote(env.get(name, ""))), "")
            direct = unquote(env.get(variable, ""))
        if not direct and not path:
            continue
        source = Source(variable, direct)
        try:
            if path:
                source = Source(file_variable, read_text_file(path), is_file=True)
            else:
                _check_not_a_path(setting, direct)
            _check_lines(setting, source.text)
        except ValueRefused as refusal:
            problems.append(Problem(file_variable if path else variable, str(refusal), refusal.remedy))
        else:
            texts[setting.name] = source
    return Sources(texts, tuple(problems))


def to_setting_name(variable: str) -> str:
    """Return the name of the setting that a variable or its `_FILE` form gives."""
    return variable.removeprefix(PREFIX).removesuffix(FILE_SUFFIX)


def is_given(env: Mapping[str, str], name: str) -> bool:
    """Return whether the environment gives the setting of this name, as a value or as a file."""
    return any(env.get(f"{PREFIX}{name}{suffix}", "").strip() for suffix in ("", FILE_SUFFIX))


def _check_not_a_path(setting: Setting, text: str) -> None:
    """Refuse the path of a mounted file where its content is expected."""
    if setting.takes_path or not text.startswith(_PATH_STARTS) or "\n" in text:
        return
    path = text.removeprefix("file://")
    try:
        is_path = path.startswith(_SECRET_FOLDERS) or Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL character, an unknown home
        return
    if is_path:
        raise ValueRefused(
            "this is the path of a file, not the value",
            f"Set {setting.variable}{FILE_SUFFIX} to the path and remove {setting.variable}",
        )


def _check_lines(setting: Setting, text: str) -> None:
    if not setting.takes_lines and len(text.splitlines()) > 1:
        raise ValueRefused("the value has more than one line", "Set it to a value on one line")
