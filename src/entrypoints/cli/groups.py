from collections.abc import Iterator

import click


class WholeTextGroup(click.Group):
    """A group whose help wraps the commands' descriptions instead of cutting them with "..."."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List each command with the first paragraph of its help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._descriptions(ctx)))

    def _descriptions(self, ctx: click.Context) -> Iterator[tuple[str, str]]:
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                yield name, (command.help or "").partition("\n\n")[0]
