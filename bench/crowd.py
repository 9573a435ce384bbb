"""An app made large: rows written beside the API, which would take minutes for as many."""

from sqlalchemy import text

from bowerbird.store.db import Database

FIRST = "SELECT min(i.seq) FROM inputs i JOIN apps a ON a.seq = i.app WHERE a.id = :app"
LAST = "SELECT max(seq) FROM inputs"
# The first input of the app, again and again, each with its terms and its media. The ids have 32 digits, as
# those that the server gives; they stand at the beginning of the messages, too, behind their tag and length.
FILL = (
    """
    INSERT INTO inputs (app, id, status, kind, url_hash, message)
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :size)
    SELECT app, printf('%032x', :last + x), status, kind, NULL,
        CAST(substr(message, 1, 2) || printf('%032x', :last + x) || substr(message, 35) AS BLOB)
    FROM (SELECT * FROM inputs WHERE seq = :first), n
    """,
    """
    INSERT INTO input_terms (app, term, input)
    SELECT t.app, t.term, i.seq
    FROM (SELECT app, term FROM input_terms WHERE input = :first) t
    JOIN inputs i ON i.seq > :last ORDER BY t.app, t.term, i.seq
    """,
    """
    INSERT INTO media (input, name, blob, content_type, size, content)
    SELECT i.seq, m.name, lower(hex(randomblob(32))), m.content_type, m.size, m.content
    FROM (SELECT * FROM media WHERE input = :first) m
    JOIN inputs i ON i.seq > :last ORDER BY i.seq, m.name
    """,
)


async def fill_app(db: Database, app: str, size: int) -> None:
    """Add `size` inputs like the first one of the app with that id, on SQLite."""
    async with db.write() as connection:
        given = {
            "size": size,
            "first": (await connection.execute(text(FIRST), {"app": app})).scalar_one(),
            "last": (await connection.execute(text(LAST))).scalar_one(),
        }
        for statement in FILL:
            named = {name: value for name, value in given.items() if f":{name}" in statement}
            await connection.execute(text(statement), named)
        await connection.execute(text("ANALYZE"))
