"""Lists: which page, and what a client's pattern matches."""

from typing import Any

from sqlalchemy import ColumnElement

from bowerbird.api.fields import LONGEST_NAME, text
from bowerbird.store.resources import Page

__all__ = ["containing", "matching", "page_of"]


def page_of(req: Any) -> Page:  # any request that has these two fields
    """The page that a request asks for. Raises OutOfRange."""
    return Page.of(req.page, req.per_page)


def matching(field: str, column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Whether the whole value matches, in any case; "gen*" matches "general"."""
    return column.ilike(_escaped(field, pattern).replace("*", "%"), escape="\\")


def containing(field: str, column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Whether the value contains this, in any case; with "*" it is a pattern for the whole value."""
    if "*" in pattern:
        return matching(field, column, pattern)
    return column.ilike(f"%{_escaped(field, pattern)}%", escape="\\")


def _escaped(field: str, pattern: str) -> str:
    text(field, pattern, LONGEST_NAME)
    return pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
