import re
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
