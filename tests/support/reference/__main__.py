"""Write the tables in `docs/reference`. `make reference` runs this."""

from tests.support.reference.pages import FOLDER, fill

for path in sorted(FOLDER.glob("*.md")):
    path.write_text(fill(path.read_text()))
