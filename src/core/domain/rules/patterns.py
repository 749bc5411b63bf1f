"""Patterns for branches, tags and paths, as in the filters of GitHub Actions.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
docs/rules.md describes them for users.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

MAX_PATTERNS = 50
MAX_PATTERN = 255

# Bound the memory, also for hostile patterns and paths: a list that needs more steps forgets them and starts again. A
# usual list has fewer than 200 steps and needs 17 KB. Compiling and first matching take 30 to 130 µs.
_MAX_STEPS = 500
_MAX_LISTS = 512


class PatternError(ValueError):
    """A pattern is not valid; the message says how to correct it."""


class _Atom(NamedTuple):
    """One element of a pattern: a character of `characters` or, if inverted, any other character.

    It can occur more than once if it repeats. A match can continue `skip` atoms later without it.
    """

    characters: frozenset[str]
    is_inverted: bool = False
    repeats: bool = False
    skip: int = 0


_ANY = _Atom(frozenset(), is_inverted=True, repeats=True, skip=1)
_ANY_IN_SEGMENT = _Atom(frozenset("/"), is_inverted=True, repeats=True, skip=1)
# Any number of whole directories, each with its slash.
_DIRECTORIES = (_ANY._replace(skip=2), _Atom(frozenset("/")))


class _State:
    """The positions in the patterns that a text can have reached, and the last pattern that ends there."""

    __slots__ = ("following", "pattern", "positions")

    def __init__(self, positions: int, pattern: str | None) -> None:
        self.positions = positions
        self.pattern = pattern
        self.following: dict[str, _State] = {}


class PatternList:
    """Patterns that are matched together, character by character, without going back.

    So the time depends on the length of the text only. A regular expression with many `*` could need years.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile the patterns; raises `PatternError`."""
        self._atoms: list[_Atom | None] = []  # None is the end of a pattern
        self._ends: dict[int, str] = {}
        starts = []
        for pattern in patterns:
            starts.append(len(self._atoms))
            self._atoms += _parse(pattern.removeprefix("!"))
            self._ends[len(self._atoms)] = pattern
            self._atoms.append(None)
        self._end_positions = sum(1 << position for position in self._ends)
        # The positions that are reached together with each position, as bits.
        self._reached = [0] * len(self._atoms)
        for position in reversed(range(len(self._atoms))):
            atom = self._atoms[position]
            later = self._reached[position + atom.skip] if atom and atom.skip else 0
            self._reached[position] = 1 << position | later
        self._start_positions = 0
        for start in starts:
            self._start_positions |= self._reached[start]
        self._forget()

    def find_last(self, text: str) -> str | None:
        """Return the last pattern that matches the whole text, as it was written, or None."""
        state = self._start
        for character in text:
            state = state.following.get(character) or self._add_step(state, character)
            if not state.positions:
                return None
        return state.pattern

    def _forget(self) -> None:
        self._steps = 0
        self._states: dict[int, _State] = {}
        self._start = self._get_state(self._start_positions)

    def _add_step(self, state: _State, character: str) -> _State:
        positions, remaining = 0, state.positions
        while remaining:
            position = remaining.bit_length() - 1
            remaining ^= 1 << position
            atom = self._atoms[position]
            if atom and (character in atom.characters) is not atom.is_inverted:
                positions |= self._reached[position + 1]
                if atom.repeats:
                    positions |= 1 << position
        if self._steps == _MAX_STEPS:
            self._forget()
        self._steps += 1
        following = state.following[character] = self._get_state(positions)
        return following

    def _get_state(self, positions: int) -> _State:
        state = self._states.get(positions)
        if state is None:
            ends = positions & self._end_positions
            pattern = self._ends[ends.bit_length() - 1] if ends else None
            state = self._states[positions] = _State(positions, pattern)
        return state


@lru_cache(maxsize=_MAX_LISTS)
def compile_patterns(patterns: tuple[str, ...]) -> PatternList:
    """Return the compiled patterns; raises `PatternError`."""
    return PatternList(patterns)


def is_selected(pattern: str | None) -> bool:
    """Return whether the last pattern that matches a text selects it; None means that no pattern matches."""
    return pattern is not None and not pattern.startswith("!")


def escape(text: str) -> str:
    """Return a pattern that matches only this text."""
    return "".join(f"\\{character}" if character in "*?+[]!\\" else character for character in text)


def check_patterns(patterns: Sequence[str]) -> dict[int | None, str]:
    """Return what to correct, by the number of the pattern, or None for the whole list."""
    if len(patterns) > MAX_PATTERNS:
        return {None: f"Use at most {MAX_PATTERNS} patterns."}
    problems: dict[int | None, str] = {}
    for number, pattern in enumerate(patterns):
        try:
            _check(pattern)
        except PatternError as error:
            problems[number] = f"{error} The pattern is `{pattern[:MAX_PATTERN]}`."
    if patterns and all(pattern.startswith("!") for pattern in patterns):
        problems[None] = "Add a pattern without `!`: patterns with `!` only exclude what an earlier pattern selects."
    return problems


def _check(pattern: str) -> None:
    if not 1 <= len(pattern.removeprefix("!")) <= MAX_PATTERN:
        raise PatternError(f"Use 1 to {MAX_PATTERN} characters.")
    if any(character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in pattern):
        raise PatternError("Remove invisible characters.")
    if pattern.removeprefix("!").startswith(("/", "./")):
        raise PatternError("Start with a name: paths are relative to the repository's root, without `/` or `./`.")
    _parse(pattern.removeprefix("!"))


def _parse(pattern: str) -> list[_Atom]:
    atoms: list[_Atom] = []
    position, can_repeat = 0, False
    while position < len(pattern):
        character = pattern[position]
        length, repeatable = 1, False
        if pattern.startswith("**/", position):
            atoms += _DIRECTORIES
            length = 3
        elif pattern.startswith("**", position):
            atoms.append(_ANY)
            length = 2
        elif character == "*":
            atoms.append(_ANY_IN_SEGMENT)
        elif character in "?+":
            if not can_repeat:
                raise PatternError(f"Put a character or brackets before `{character}`, or write `\\{character}`.")
            atoms[-1] = atoms[-1]._replace(repeats=character == "+", skip=int(character == "?"))
        else:
            characters, length = _parse_characters(pattern, position)
            atoms.append(_Atom(characters))
            repeatable = True
        position, can_repeat = position + length, repeatable
    return atoms


def _parse_characters(pattern: str, position: int) -> tuple[frozenset[str], int]:
    """Return the characters of a literal or of brackets, and the length of its text."""
    if pattern[position] == "\\":
        if position + 1 == len(pattern):
            raise PatternError("Add the character that `\\` is to escape.")
        return frozenset(pattern[position + 1]), 2
    if pattern[position] != "[":
        return frozenset(pattern[position]), 1
    end = pattern.find("]", position)
    if end < 0:
        raise PatternError("Close the bracket with `]`, or write `\\[`.")
    return _parse_brackets(pattern[position + 1 : end]), end + 1 - position


def _parse_brackets(text: str) -> frozenset[str]:
    characters: set[str] = set()
    position = 0
    while position < len(text):
        first = last = text[position]
        position += 1
        if text[position : position + 1] == "-":
            last = text[position + 1 : position + 2]
            position += 2
        if not _is_range(first, last):
            break
        characters.update(map(chr, range(ord(first), ord(last) + 1)))
    else:
        if characters:
            return frozenset(characters)
    raise PatternError("Put only letters, digits and ranges such as `a-z`, `A-Z` and `0-9` between brackets.")


def _is_range(first: str, last: str) -> bool:
    """Return whether two characters begin and end a range of lower-case letters, upper-case letters or digits."""
    return any(start <= first <= last <= end for start, end in ("az", "AZ", "09")) if last else False
