"""Lower the baselines to the banned words and participles that are left. `make language` runs it."""

import argparse
import sys

from tests.support.language import baseline, participles
from tests.support.language.scan import scan_all


def main() -> int:
    """Print the findings in public texts and write the baselines of the code's texts and of participles.

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
    in_names = participles.scan_packages_over_limit()
    try:
        text = baseline.lower(baseline.count(in_code), allowed)
        names = participles.lower(in_names, baseline.read(participles.FILE))
    except baseline.BaselineGrows as error:
        sys.stderr.write(f"{error}\n")
        return 1
    baseline.FILE.write_text(text, encoding="utf-8")
    participles.FILE.write_text(names, encoding="utf-8")
    return int(bool(public))


if __name__ == "__main__":
    sys.exit(main())
