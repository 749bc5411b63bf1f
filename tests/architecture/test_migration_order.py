from importlib.resources import files

from entrypoints.bootstrap import migrations


def test_migrations_are_one_line_numbered_in_order() -> None:
    """Two that continue the same one leave a database no newest revision to go to."""
    names = sorted(one.name for one in files("adapters.postgres.migrations.versions").iterdir() if one.name[0] == "0")

    assert migrations.revisions() == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert [name.partition("_")[0] for name in names] == migrations.revisions()
