"""The words and constructions that texts must not use, each with its replacement.

Add a row when you meet another word or phrase that a reader outside the project has to read twice. Choose
a pattern that matches no ordinary sentence: each false positive needs an allowance (`allowances.py`). Then
run `python -m tests.support.language --added NAME`: it adds the places in the code to the baseline, and
lists the places in public texts, which you have to rewrite.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Banned:
    """One banned word or construction."""

    name: str
    """Its name in reports and allowances."""

    pattern: re.Pattern[str]
    """Matches it in a text, across line breaks."""

    advice: str
    """What to write instead."""


# The gap between two words of a phrase: spaces, and one line break at most, so that paragraphs stay apart.
_GAP = r"(?:[ \t]+|[ \t]*\n[ \t]*)"
# A word may be part of a snake_case name, such as a log event.
_START, _END = r"(?<![A-Za-z])", r"(?![A-Za-z])"


def _banned(name: str, expression: str, advice: str) -> Banned:
    spaced = expression.replace(" ", _GAP)
    return Banned(name, re.compile(f"{_START}(?:{spaced}){_END}", re.IGNORECASE), advice)


_TELL = "send, return, report, show, notify"
_RECIPIENT = "name the caller, user or service"

BANNED = (
    _banned("told", "told", _TELL),
    _banned("tell", "tell|tells|telling", _TELL),
    _banned("whoever", "whoever|whomever", _RECIPIENT),
    _banned("ours", "ours", "name the thing: this service, crewkit, the app"),
    _banned("theirs", "theirs", "name the thing and its owner"),
    _banned("nobody's", "nobody's|no one's", "no user, link or integration has …"),
    _banned("what became of", "(?:became|becomes|become) of", "result, outcome, status"),
    _banned("comes of", "(?:comes?|came) of", "result"),
    _banned("lest", "lest", "so that … does not"),
    _banned("save for", "save for", "except"),
    _banned("is none", "(?:is|are|was|were) (?-i:none)", "is not, has no, if there is no …"),
    _banned("is no X", r"(?<!there\s)(?:is|are|was|were) no (?!longer|more|such|one)[a-z]+", "is not a …"),
    _banned("none may", "none may", "must not"),
    _banned("be had", "be had", "is available"),
    _banned("let go", "(?:lets?|letting) go", "release, delete, close"),
    _banned("go on with", "(?:go|goes|going|gone|went) on with", "continue, use"),
    _banned("goes on", "goes on", "continues"),
    _banned("asked for", "asked for", "requested"),
    # In backquotes it is a value of the API.
    _banned("unasked", "(?<!`)unasked", "unsolicited, without a request"),
    _banned("one that", "one that", "repeat the noun"),
    _banned("one who", "one who", "name the caller or user"),
    _banned("such as these", "such as these", "name them"),
    _banned("who does", "who does", _RECIPIENT),
    _banned("than it may", "than (?:it|they|we|he|she) may", "than it has permission for, than the limit"),
    _banned("speak of", "(?:speaks?|spoken|speaking|spoke) of", "describe, refer to, name"),
    _banned("speak", "speaks?|spoke|speaking", "send, report, contain"),
    _banned("stands in", "(?:stands?|stood|standing) (?:in|at|on)", "is in"),
    _banned("whom", "whom", _RECIPIENT),
    _banned("wish", "wish|wishes|wished", "request, want"),
    _banned("for ever", "for ever", "without a limit, permanently"),
    _banned("there is none", "there (?:is|are|was|were) (?-i:none)", "if there is no …, it does not exist"),
    _banned("hear of", "(?:hears?|heard|hearing) of", "receive, be notified of"),
    _banned("hand out", "(?:hands?|handed|handing) out", "issue, return"),
    _banned("lend", "lend|lends|lent|lending", "acquire, return, issue"),
    _banned("give back", "(?:gives?|gave|given|giving) back", "return"),
    _banned("take back", "(?:takes?|took|taken|taking) back", "revoke, remove, release"),
    _banned("seek", "seeks?|sought|seeking", "search, look up"),
    _banned("dealt with", "dealt with", "processed, handled"),
    _banned("of its own", "of (?:its|their|our|your|his|her) own", "its own …, a separate …"),
    _banned("all the same", "all the same", "anyway, still"),
    _banned("anew", "anew|afresh", "again"),
    _banned(
        "archaic word",
        "thereby|thereof|thereupon|therein|whence|wherein|whereupon|hitherto|herein|hereby|nought|shall|ought",
        "an ordinary word",
    ),
    _banned("doorbell", r"(?<!\w)doorbells?(?!\w)", "worker notification (docs/glossary.md)"),
    _banned("mailbox", r"(?<!\w)mailbox(?:es)?(?!\w)", "event queue (docs/glossary.md)"),
    _banned("ledger", r"(?<!\w)ledgers?(?!\w)", "webhook events (docs/glossary.md)"),
    _banned("census", r"(?<!\w)census(?!\w)", "backlog gauges (docs/glossary.md)"),
)

# Words that no identifier may contain, split at underscores and capitals.
BANNED_IN_NAMES = frozenset(
    {"told", "tell", "tells", "telling", "whoever", "ours", "theirs", "sought", "seek"}
    | {"lest", "lend", "lends", "lent", "asked", "unasked"}
)
