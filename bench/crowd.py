"""An app made large: rows written beside the API, which would take minutes for as many."""

from sqlalchemy import text

from bowerbird.store.db import Database

# One input of the app, again and again under other ids, each with the terms and the media of the first.
FILL = (
    """
    INSERT INTO inputs (app, id, status, kind, url_hash, message)
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :size)
    SELECT app, lower(hex(randomblob(16))), status, kind, NULL, message
    FROM (SELECT * FROM inputs ORDER BY seq LIMIT 1), n
    """,
    """
    INSERT INTO input_terms (app, term, input)
    SELECT t.app, t.term, i.seq
    FROM (SELECT app, term FROM input_terms WHERE input = (SELECT min(seq) FROM inputs)) t
    JOIN inputs i ON i.seq > (SELECT min(seq) FROM inputs) ORDER BY t.app, t.term, i.seq
    """,
    """
    INSERT INTO media (input, name, blob, content_type, size, content)
    SELECT i.seq, m.name, lower(hex(randomblob(32))), m.content_type, m.size, m.content
    FROM (SELECT * FROM media WHERE input = (SELECT min(seq) FROM inputs)) m
    JOIN inputs i ON i.seq > (SELECT min(seq) FROM inputs) ORDER BY i.seq, m.name
    """,
    "ANALYZE",
)


async def fill_app(db: Database, size: int) -> None:
    """Add `size` inputs to the app of the only input there is, on SQLite."""
    async with db.write() as connection:
        for statement in FILL:
            await connection.execute(text(statement), {"size": size} if ":size" in statement else {})
