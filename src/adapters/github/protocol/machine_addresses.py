"""Addresses of programs that write commits at GitHub, without a login of the form `…[bot]`.

docs/attribution.md lists them. Each is the address of a program only: employees of a vendor have other addresses.
"""

_GITHUB = ("action@github.com", "actions@github.com", "copilot@github.com", "noreply@github.com")
# The addresses that coding assistants write into commits and `Co-authored-by` trailers.
_ASSISTANTS = (
    "aider@aider.chat",
    "amp@ampcode.com",
    "bot@cursor.com",
    "codex@openai.com",
    "cursoragent@cursor.com",
    "jules@google.com",
    "noreply@aider.chat",
    "noreply@anthropic.com",
    "noreply@cursor.com",
    "noreply@openai.com",
    "noreply@opencode.ai",
    "openhands@all-hands.dev",
    "roomote@roocode.com",
)
_UPDATERS = ("bot@renovateapp.com", "semantic-release-bot@martynus.net", "snyk-bot@snyk.io", "support@dependabot.com")

MACHINE_ADDRESSES = frozenset((*_GITHUB, *_ASSISTANTS, *_UPDATERS))

# Accounts whose login a person could have registered: GitHub's account for commits on its pages, and Copilot.
MACHINE_LOGINS = frozenset(("copilot", "copilot-swe-agent", "github-actions", "web-flow"))
