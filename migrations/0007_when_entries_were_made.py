"""Statements and liability look for entries by time.

The line number's own index carries the time along, so that the cut of an account at an instant reads no table rows: no second
index is written when money moves. For the whole shop a block range index says which part of the table was written since; it
is a few pages. A range is summarised by vacuum once it is full, so an insert writes nothing there; only the first range of a
new table is summarised from the start, hence a small one.
"""

from tortoise.migrations import operations as ops

from migrations import _steps

_NUMBER = """
DO $$
DECLARE
    old_name text;
BEGIN
    SELECT conname INTO STRICT old_name FROM pg_constraint WHERE conrelid = 'entry'::regclass AND contype = 'u';
    EXECUTE format('ALTER TABLE entry DROP CONSTRAINT %I', old_name);
    EXECUTE format('ALTER TABLE entry ADD CONSTRAINT %I UNIQUE (account_id, entry_no) INCLUDE (created_at)', old_name);
END
$$
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0006_seals")]

    operations = [
        ops.RunSQL([_NUMBER]),
        ops.RunSQL(["CREATE INDEX entry_made ON entry USING brin (created_at) WITH (pages_per_range = 32)"]),
    ]
