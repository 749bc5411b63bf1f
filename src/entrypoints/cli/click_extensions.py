"""What this service adds to click: durations as parameters, and groups with complete help texts."""

import re
from collections.abc import Iterator
from datetime import timedelta

import click

_FORM = re.compile(r"(\d{1,6})([smhd])")
_LONGEST = timedelta(days=3650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A length of time such as 90s, 15m, 2h or 3d."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse the text."""
        if isinstance(value, timedelta):
            return value
        form = _FORM.fullmatch(value)
        if form is None or not int(form[1]):
            self.fail(f"{value} is not a duration. Use a form such as 90s, 15m, 2h or 3d.", param, ctx)
        length = timedelta(**{_UNITS[form[2]]: int(form[1])})
        if length > _LONGEST:
            self.fail(f"{value} is too long. The maximum is ten years (3650d).", param, ctx)
        return length


DURATION = Duration()


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
