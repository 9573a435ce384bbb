"""Filters over inputs as SQL: one term leads through the index, the others and the columns narrow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bowerbird.store.tables import annotations, input_terms, inputs

COUNTED = 1000  # rows of a term that are counted to find the rarest


@dataclass(frozen=True, slots=True)
class HasTerm:
    """The input has at least one of these terms."""

    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Is:
    """A column of the input has this value: id, status or kind."""

    column: str
    value: object


@dataclass(frozen=True, slots=True)
class HasAnnotation:
    """The input has an annotation with these values in these columns."""

    columns: tuple[tuple[str, object], ...]


Condition = HasTerm | Is | HasAnnotation


@dataclass(frozen=True, slots=True)
class Clause:
    """All of the conditions hold; negated: not all of them do."""

    conditions: tuple[Condition, ...]
    negate: bool = False


@dataclass(frozen=True, slots=True)
class Filtered:
    """The inputs of an app that fulfil all clauses.

    Every one of them has one of the `leads`, by which they are found; without leads all inputs of the app are
    gone through, and with an empty list of them there are none.
    """

    app: int
    clauses: tuple[Clause, ...]
    leads: tuple[str, ...] | None = None

    def seqs(self) -> Select[tuple[int]]:
        """Row numbers of the inputs, not ordered."""
        match self.leads:
            case None:
                return self._rows(inputs.c.seq).where(inputs.c.app == self.app)
            case (lead,):
                query = self._rows(input_terms.c.input)
                if any(isinstance(c, Is) for clause in self.clauses for c in clause.conditions):
                    query = query.join(inputs, inputs.c.seq == input_terms.c.input)
                return query.where(input_terms.c.app == self.app, input_terms.c.term == lead)
            case leads:
                leading = input_terms.alias()
                led = select(leading.c.input).where(leading.c.app == self.app, leading.c.term.in_(leads))
                return self._rows(inputs.c.seq).where(inputs.c.app == self.app, inputs.c.seq.in_(led))

    def _rows(self, key: ColumnElement[int]) -> Select[tuple[int]]:
        query: Select[tuple[int]] = select(key.label("seq"))
        return query.where(*(_clause(self.app, key, c) for c in self._rest()))

    def _rest(self) -> Iterator[Clause]:
        """The clauses without what all inputs that have one of the leads fulfil."""
        led = set(self.leads or ())
        for clause in self.clauses:
            if clause.negate or not led:
                yield clause
            elif rest := [
                c for c in clause.conditions if not (isinstance(c, HasTerm) and led <= set(c.terms))
            ]:
                yield Clause(tuple(rest))

    def page(self, limit: int, offset: int = 0, before: int | None = None) -> Select[tuple[int]]:
        """Row numbers, the newest first."""
        query = self.seqs()
        key = query.selected_columns[0]
        if before is not None:
            query = query.where(key < before)
        return query.order_by(key.desc()).limit(limit).offset(offset)


async def filtered(conn: AsyncConnection, app: int, clauses: Sequence[Clause]) -> Filtered:
    """The inputs that fulfil all clauses, by way of the rarest terms that they must have."""
    needed = list(_needed(clauses))
    rows = await _rows_of(conn, app, {term for has in needed for term in has.terms})
    alive = [tuple(t for t in has.terms if rows[t]) for has in needed]
    leads = min(alive, key=lambda terms: sum(rows[t] for t in terms), default=None)
    return Filtered(app, tuple(clauses), leads)


def _needed(clauses: Sequence[Clause]) -> Iterator[HasTerm]:
    """What every input that fulfils the clauses has."""
    for clause in clauses:
        if not clause.negate:
            yield from (c for c in clause.conditions if isinstance(c, HasTerm))


async def _rows_of(conn: AsyncConnection, app: int, terms: set[str]) -> dict[str, int]:
    """How many inputs have each of the terms, counted up to a bound."""
    if not terms:
        return {}
    ordered = sorted(terms)
    counts = [
        select(func.count())
        .select_from(
            select(input_terms.c.input)
            .where(input_terms.c.app == app, input_terms.c.term == term)
            .limit(COUNTED)
            .subquery(f"t{n}")
        )
        .scalar_subquery()
        for n, term in enumerate(ordered)
    ]
    (found,) = await conn.execute(select(*counts))
    return dict(zip(ordered, found, strict=True))


def _clause(app: int, key: ColumnElement[Any], clause: Clause) -> ColumnElement[bool]:
    both = and_(*(_condition(app, key, c) for c in clause.conditions))
    return not_(both) if clause.negate else both


def _condition(app: int, key: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    if isinstance(condition, Is):
        return inputs.c[condition.column] == condition.value
    if isinstance(condition, HasTerm):
        other = input_terms.alias()
        return exists().where(other.c.app == app, other.c.term.in_(condition.terms), other.c.input == key)
    has = [annotations.c[name] == value for name, value in condition.columns]
    return exists().where(annotations.c.input == key, *has)
