"""Lower the baseline to the banned words that are left. `make language` runs it."""

import argparse
import sys

from tests.support.language import baseline
from tests.support.language.scan import scan_all


def main() -> int:
    """Print the public findings and write the baselines; return 1 if a file has more findings than before."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.language", description=__doc__)
    parser.add_argument("--added", metavar="NAME", nargs="+", default=[], help="rows just added to words.py")
    added = parser.parse_args().added
    findings = scan_all()
    is_refused = False
    for finding in findings:
        if finding.is_public:
            sys.stdout.write(f"{finding}\n")
    for file, is_public in ((baseline.CODE, False), (baseline.PUBLIC_TEMPORARY, True)):
        some = [finding for finding in findings if finding.is_public == is_public]
        allowed = baseline.with_added(baseline.read(file), some, added)
        try:
            file.write_text(baseline.lowered(baseline.count(some), allowed), encoding="utf-8")
        except baseline.BaselineGrows as error:
            sys.stderr.write(f"{error}\n")
            is_refused = True
    return int(is_refused)


if __name__ == "__main__":
    sys.exit(main())
