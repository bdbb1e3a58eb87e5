"""Looking for a value through the whole database: every column of every table, whatever type it has."""

from core import db

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


async def where(*values):
    """The tables in which one of the values stands, as text or, in bytes, as what they are in UTF-8."""
    found = []
    for (table,) in await db.fetch(_TABLES):
        for value in values:
            forms = [f"%{value}%", f"%{value.encode().hex()}%"]
            if await db.fetchval(
                f'SELECT EXISTS (SELECT FROM "{table}" t WHERE t::text LIKE ANY ($1))', forms
            ):
                found.append((table, value))
    return found
