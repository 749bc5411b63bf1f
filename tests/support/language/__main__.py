"""Print the banned words in all texts and names. `make language` runs it."""

import sys

from tests.support.language.scan import scan_all


def main() -> int:
    """Print the findings, and return 1 if there are any."""
    findings = scan_all()
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
