"""The words and constructions that texts must not use, each with its replacement.

Add a row when you meet another word or phrase that a reader outside the project has to read twice. Choose
a pattern that matches no ordinary sentence: each false positive needs an allowance (`allowances.py`). Then
run `make language`, which prints the places that you have to rewrite.
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


def _ban(name: str, expression: str, advice: str) -> Banned:
    spaced = expression.replace(" ", _GAP)
    return Banned(name, re.compile(f"{_START}(?:{spaced}){_END}", re.IGNORECASE), advice)


_TELL = "send, return, report, show, notify"
_RECIPIENT = "name the caller, user or service"

BANNED = (
    _ban("told", "told", _TELL),
    _ban("tell", "tell|tells|telling", _TELL),
    _ban("whoever", "whoever|whomever", _RECIPIENT),
    _ban("ours", "ours", "name the thing: this service, crewkit, the app"),
    _ban("theirs", "theirs", "name the thing and its owner"),
    _ban("nobody's", "nobody's|no one's", "no user, link or integration has …"),
    _ban("what became of", "(?:became|becomes|become) of", "result, outcome, status"),
    _ban("comes of", "(?:comes?|came) of", "result"),
    _ban("lest", "lest", "so that … does not"),
    _ban("save for", "save for", "except"),
    _ban("is none", "(?:is|are|was|were) (?-i:none)", "is not, has no, if there is no …"),
    _ban("is no X", r"(?<!there\s)(?:is|are|was|were) no (?!longer|more|such|one)[a-z]+", "is not a …"),
    _ban("none may", "none may", "must not"),
    _ban("be had", "be had", "is available"),
    _ban("let go", "(?:lets?|letting) go", "release, delete, close"),
    _ban("go on with", "(?:go|goes|going|gone|went) on with", "continue, use"),
    _ban("goes on", "goes on", "continues"),
    _ban("asked for", "asked for", "requested"),
    # In backquotes it is a value of the API.
    _ban("unasked", "(?<!`)unasked", "unsolicited, without a request"),
    _ban("one that", "one that", "repeat the noun"),
    _ban("one who", "one who", "name the caller or user"),
    _ban("such as these", "such as these", "name them"),
    _ban("who does", "who does", _RECIPIENT),
    _ban("than it may", "than (?:it|they|we|he|she) may", "than it has permission for, than the limit"),
    _ban("speak of", "(?:speaks?|spoken|speaking|spoke) of", "describe, refer to, name"),
    _ban("speak", "speaks?|spoke|speaking", "send, report, contain"),
    _ban("stands in", "(?:stands?|stood|standing) (?:in|at|on)", "is in"),
    _ban("whom", "whom", _RECIPIENT),
    _ban("wish", "wish|wishes|wished", "request, want"),
    _ban("for ever", "for ever", "without a limit, permanently"),
    _ban("there is none", "there (?:is|are|was|were) (?-i:none)", "if there is no …, it does not exist"),
    _ban("hear of", "(?:hears?|heard|hearing) of", "receive, be notified of"),
    _ban("hand out", "(?:hands?|handed|handing) out", "issue, return"),
    _ban("lend", "lend|lends|lent|lending", "acquire, return, issue"),
    _ban("give back", "(?:gives?|gave|given|giving) back", "return"),
    _ban("take back", "(?:takes?|took|taken|taking) back", "revoke, remove, release"),
    _ban("seek", "seeks?|sought|seeking", "search, look up"),
    _ban("dealt with", "dealt with", "processed, handled"),
    _ban("of its own", "of (?:its|their|our|your|his|her) own", "its own …, a separate …"),
    _ban("all the same", "all the same", "anyway, still"),
    _ban("anew", "anew|afresh", "again"),
    _ban(
        "archaic word",
        "thereby|thereof|thereupon|therein|whence|wherein|whereupon|hitherto|herein|hereby|nought|shall|ought",
        "an ordinary word",
    ),
    _ban("doorbell", r"(?<!\w)doorbells?(?!\w)", "worker notification (docs/glossary.md)"),
    _ban("mailbox", r"(?<!\w)mailbox(?:es)?(?!\w)", "event queue (docs/glossary.md)"),
    _ban("ledger", r"(?<!\w)ledgers?(?!\w)", "webhook events (docs/glossary.md)"),
    _ban("census", r"(?<!\w)census(?!\w)", "backlog gauges (docs/glossary.md)"),
)

# Words that no identifier may contain, split at underscores and capitals.
BANNED_IN_NAMES = frozenset(
    {"told", "tell", "tells", "telling", "whoever", "ours", "theirs", "sought", "seek"}
    | {"lest", "lend", "lends", "lent", "asked", "unasked", "asker", "wish", "wished", "anew", "whom", "nobodys"}
    | {"mailbox", "census", "suspects", "settlement", "ledger", "flights", "stray", "deed", "rung", "crowd"}
    | {"mend", "mended", "overtaken", "lapsed", "heard", "spoken", "handed", "unbound", "keyed"}
)
