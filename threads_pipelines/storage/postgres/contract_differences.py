"""Compares a table in the database catalogue with the contract."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from threads_pipelines.storage.postgres.contract_tables import ContractTable


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the database and the contract.

    Attributes:
        table: Name of the table.
        what: What differs.
        breaks: Whether the pipeline cannot work or could do harm; otherwise it is only slower.
    """

    table: str
    what: str
    breaks: bool

    def __str__(self) -> str:
        return f'"{self.table}": {self.what}'


class Fact(NamedTuple):
    """One row of ``sql/read_catalogue.sql``."""

    table: str
    kind: str
    name: str
    definition: str
    not_null: bool
    default: str | None
    filled: bool


def table_differences(
    name: str, table: ContractTable, facts: Sequence[Fact]
) -> Iterator[Difference]:
    """Compare one existing table with the contract.

    Args:
        name: Name of the table.
        table: Its contract.
        facts: Its rows of ``sql/read_catalogue.sql``.

    Yields:
        The differences.
    """
    columns = {fact.name: fact for fact in facts if fact.kind == "column"}
    for column, kind in table.columns.items():
        if column in columns:
            for what, breaks in _column(columns[column], kind):
                yield Difference(name, f"column {column} {what}", breaks)
        else:
            yield Difference(name, f"column {column} is missing", True)
    for column, fact in columns.items():
        demanding = fact.not_null and fact.default is None and not fact.filled
        if column not in table.columns and demanding:
            what = f"column {column} is NOT NULL without a default, so that no row can be added"
            yield Difference(name, what, True)
    yield from _keys(name, table, facts)


def _column(fact: Fact, expected: str) -> Iterator[tuple[str, bool]]:
    """List what is wrong with a column, and whether it breaks the pipeline."""
    kind = expected.rstrip("!=").replace("timestamp(3)", "timestamp(3) without time zone")
    if fact.definition != kind:
        # A varchar or a finer timestamp takes and gives the same values; another family does not.
        same = _family(fact.definition) == _family(kind)
        yield f"is {fact.definition}, not {kind}", not same
    if expected[-1] in "!=" and not fact.not_null:
        yield "may be NULL", True
    if expected[-1] not in "!=" and fact.not_null and fact.default is None and not fact.filled:
        yield "is NOT NULL", True
    if expected[-1] == "=" and fact.default is None:
        yield "has no default", False
    if expected[-1] != "=" and fact.default is not None:
        yield f"has a default ({fact.default})", False


def _family(definition: str) -> str:
    base = definition.replace("character varying", "text")
    opening, closing = base.find("("), base.find(")")
    return base if opening < 0 else base[:opening] + base[closing + 1 :]


def _keys(name: str, table: ContractTable, facts: Sequence[Fact]) -> Iterator[Difference]:
    """List missing keys, indexes and foreign keys, and those with another name."""
    expected = [("primary key", table.primary, f"{name}_pkey", True)]
    for columns in table.unique:
        # ON CONFLICT, and one like or one recommendation a pair, rest on these.
        expected.append(("unique", columns, _index_name(name, columns, "key"), True))
    for columns in table.indexes:
        expected.append(("index", columns, _index_name(name, columns, "idx"), False))
    for column, other in table.references.items():
        cascade = f"{column} -> {other}(id) on delete cascade on update cascade"
        expected.append(("foreign key", cascade, f"{name}_{column}_fkey", True))
    for kind, definition, usual, breaks in expected:
        same = [fact for fact in facts if fact.kind == kind and fact.definition == definition]
        if not any(fact.not_null for fact in same):  # for an index: whether it is valid
            yield Difference(name, f"{kind} ({definition}) is missing", breaks)
        elif usual not in {fact.name for fact in same}:
            yield Difference(
                name, f"{kind} ({definition}) is named {same[0].name}, not {usual}", False
            )


def _index_name(table: str, columns: str, suffix: str) -> str:
    return "_".join((table, *columns.removesuffix(" DESC").split(", "), suffix))
