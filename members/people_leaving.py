"""What was said in chats, when a customer turns out to be another or leaves: it follows, or its words go."""

from __future__ import annotations

from core import clock, db
from members import people

_FOLLOW = "UPDATE {} SET customer_id = $2 WHERE customer_id = $1"
_TABLES = ("conversation", "ticket")


async def hand_over(gone_id: int, kept_id: int) -> None:
    """Conversations and tickets become the other customer's, as the chats do."""
    for table in _TABLES:
        await db.execute(_FOLLOW.format(table), gone_id, kept_id)


_THEIRS = """
chats AS (
    SELECT app_id, subject AS openid FROM identity WHERE customer_id = $1 AND provider IN ('official_account', 'mini_program')
), theirs AS (
    SELECT c.id, c.state FROM conversation c WHERE c.customer_id = $1
    UNION
    SELECT c.id, c.state FROM conversation c JOIN chats USING (app_id, openid) WHERE c.customer_id IS NULL
)
"""
"""The chats that are theirs now, and their conversations: those of one that has become another's are not."""
_LET_GO = """
let_go AS (
    SELECT i.app_id, i.subject AS openid, s.changed_at FROM setting_change s
    JOIN identity i ON i.id = CASE WHEN s.setting = 'chat' AND s.after IS NULL THEN substr(s.before, 6)::bigint END
    WHERE s.customer_id = $1
)
"""
"""The chats that were theirs, and until when."""
_OPEN = f"""
WITH {_THEIRS}
SELECT id FROM conversation WHERE id IN (SELECT id FROM theirs WHERE state <> 'closed') ORDER BY id FOR NO KEY UPDATE
"""
_WORDS = (
    f"""
WITH {_THEIRS}, {_LET_GO}, texts AS (
    SELECT g.id FROM chat_outgoing g JOIN chats USING (app_id, openid)
    UNION
    SELECT g.id FROM chat_outgoing g JOIN let_go USING (app_id, openid) WHERE g.created_at <= let_go.changed_at
    UNION
    SELECT m.outgoing_id FROM conversation_message m JOIN theirs ON theirs.id = m.conversation_id
)
UPDATE chat_outgoing o SET text = '', state = CASE WHEN state = 'queued' THEN 'refused' ELSE state END,
    reason = CASE WHEN state = 'queued' THEN 'gone' ELSE reason END, next_attempt_at = NULL,
    ended_at = CASE WHEN state = 'queued' THEN $2 ELSE ended_at END
FROM texts WHERE o.id = texts.id
""",
    f"""
WITH {_THEIRS}, context AS (UPDATE conversation c SET context = '{{}}' FROM theirs WHERE c.id = theirs.id)
UPDATE conversation_message m SET text = '', media_id = NULL, picture_url = NULL FROM theirs WHERE m.conversation_id = theirs.id
""",
    f"""
WITH {_THEIRS}
UPDATE chat_message m SET content = '', reply = '' FROM chats WHERE m.app_id = chats.app_id AND m.openid = chats.openid
""",
    f"""
WITH {_LET_GO}
UPDATE chat_message m SET content = '', reply = '' FROM let_go
WHERE m.app_id = let_go.app_id AND m.openid = let_go.openid AND m.received_at <= let_go.changed_at
""",
    f"""
WITH {_THEIRS}
UPDATE ticket t SET content = '', answer = CASE WHEN t.answer IS NOT NULL THEN '' END, state = 'closed', closed_at = coalesce(t.closed_at, $2)
WHERE t.customer_id = $1
    OR (t.customer_id IS NULL AND EXISTS (SELECT FROM chats WHERE chats.app_id = t.app_id AND chats.openid = t.openid))
""",
    "UPDATE outbox_message SET params = params - 'text' WHERE customer_id = $1 AND kind = 'ticket_answered'",
)


async def forget(customer_id: int) -> None:
    """Open conversations end, unfinished tickets too; of all that was written there remains that it was, and when."""
    open_ones = await db.fetch(_OPEN, customer_id)
    for sql in _WORDS:
        arguments = (customer_id, clock.now()) if "$2" in sql else (customer_id,)
        await db.execute(sql, *arguments)
    for row in open_ones:  # last: closing takes the lock of events, after which nobody waits for rows
        await people.close(row["id"], by="leaving", may_ask=False)
