"""Lower the baseline to the banned words that are left. `make language` runs it."""

import argparse
import sys

from tests.support.language import baseline
from tests.support.language.scan import scan_all


def main() -> int:
    """Print the findings in public texts and write the baseline of the code's texts.

    Return 1 if there are findings in public texts, or if a file of the code has more than before.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.support.language", description=__doc__)
    parser.add_argument("--added", metavar="NAME", nargs="+", default=[], help="rows just added to words.py")
    added = parser.parse_args().added
    findings = scan_all()
    public = [finding for finding in findings if finding.is_public]
    sys.stdout.writelines(f"{finding}\n" for finding in public)
    in_code = [finding for finding in findings if not finding.is_public]
    allowed = baseline.add_words(baseline.read(), in_code, added)
    try:
        text = baseline.lower(baseline.count(in_code), allowed)
    except baseline.BaselineGrows as error:
        sys.stderr.write(f"{error}\n")
        return 1
    baseline.FILE.write_text(text, encoding="utf-8")
    return int(bool(public))


if __name__ == "__main__":
    sys.exit(main())
