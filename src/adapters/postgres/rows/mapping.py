from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from psycopg.sql import SQL, Composable, Identifier

Entity = TypeVar("Entity")
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """How one field is stored, if not in a column of the table with the name of the field.

    `expression` selects a value that the entity's own table does not store, so it is never written. `load` and
    `dump` convert between the value of the column and that of the field.
    """

    name: str | None = None
    expression: Composable | None = None
    load: Convert | None = None
    dump: Convert | None = None


def coded(codes: Mapping[Any, Any]) -> Column:
    """Return the column of a field whose values are stored as other values."""
    return Column(load={code: value for value, code in codes.items()}.__getitem__, dump=codes.__getitem__)


class RowMapping(Generic[Entity]):
    """An entity and its columns, declared once: the list to select, the entity of a row, and the row of an entity.

    Each field of the dataclass is one column, in the order of the fields. Enums are stored as their values, and
    tuples as arrays or JSON; null is an empty tuple unless the field can be None.
    """

    def __init__(self, entity: type[Entity], alias: str, columns: Mapping[str, Column] | None = None) -> None:
        """Derive the columns of the table `alias` from the fields; `columns` names those that differ."""
        columns = columns or {}
        self._entity = entity
        hints = get_type_hints(entity)
        names = [field.name for field in fields(entity)]  # type: ignore[arg-type] # TypeVars cannot mean "dataclass"
        declared = [columns.get(name, Column()) for name in names]
        assert columns.keys() <= set(names)
        converters = [_find_converters(hints[name]) for name in names]
        loads = [column.load or load for column, (load, _) in zip(declared, converters, strict=True)]
        dumps = [column.dump or dump for column, (_, dump) in zip(declared, converters, strict=True)]
        self.columns = SQL(", ").join(
            column.expression or Identifier(alias, column.name or name)
            for name, column in zip(names, declared, strict=True)
        )
        """The list to select from the table with this alias."""
        self.width = len(names)
        self.types = tuple(Any if load else hints[name] for name, load in zip(names, loads, strict=True))
        """The type of each column, Any if it differs from that of the field."""
        self._loads = [(index, load) for index, load in enumerate(loads) if load]
        stored = [index for index, column in enumerate(declared) if column.expression is None]
        self.stored = tuple(declared[index].name or names[index] for index in stored)
        """The names of the columns in the entity's own table."""
        self._get_stored = attrgetter(*(names[index] for index in stored))
        self._dumps = [(place, dump) for place, index in enumerate(stored) if (dump := dumps[index])]

    def to_domain(self, row: Sequence[Any]) -> Entity:
        """Return the entity of a row of `columns`."""
        # Passed by position, which costs a third of passing by name.
        if not self._loads:
            return self._entity(*row)
        values = list(row)
        for index, load in self._loads:
            values[index] = load(values[index])
        return self._entity(*values)

    def to_list(self, rows: Iterable[Sequence[Any]]) -> list[Entity]:
        """Return the entities of rows of `columns`."""
        return [self.to_domain(row) for row in rows]

    def to_optional(self, rows: Sequence[Sequence[Any]]) -> Entity | None:
        """Return the entity of the first row of `columns`, or None."""
        return self.to_domain(rows[0]) if rows else None

    def to_values(self, entity: Entity) -> list[Any]:
        """Return the values of the columns `stored`."""
        values = list(self._get_stored(entity))
        for place, dump in self._dumps:
            values[place] = dump(values[place])
        return values

    def to_row(self, entity: Entity) -> dict[str, Any]:
        """Return the values of the columns `stored` by name."""
        return dict(zip(self.stored, self.to_values(entity), strict=True))


def _find_converters(hint: Any) -> tuple[Convert | None, Convert | None]:  # noqa: ANN401 - any type hint
    """Return the functions that load and dump a field of this type, None if the column has the same value."""
    is_optional = get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
    if is_optional:
        hint = next(argument for argument in get_args(hint) if argument is not NoneType)
    if isinstance(hint, type) and issubclass(hint, Enum):
        codes: dict[Any, Any] = {member: member.value for member in hint}
        column = coded(codes | {None: None} if is_optional else codes)
        return column.load, column.dump
    if get_origin(hint) is tuple:
        return (_load_optional_tuple if is_optional else _load_tuple), _dump_tuple
    if get_origin(hint) is Mapping:
        return None, dict
    return None, None


def _load_tuple(values: Sequence[Any] | None) -> tuple[Any, ...]:
    return tuple(values or ())


def _load_optional_tuple(values: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _dump_tuple(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
