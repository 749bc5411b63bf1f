from importlib.resources import files

from entrypoints.bootstrap import migrations


def test_migrations_form_one_numbered_line() -> None:
    """If two migrations followed the same one, a database would have no newest revision."""
    names = sorted(one.name for one in files("adapters.postgres.migrations.versions").iterdir() if one.name[0] == "0")

    assert migrations.revisions() == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert [name.partition("_")[0] for name in names] == migrations.revisions()
