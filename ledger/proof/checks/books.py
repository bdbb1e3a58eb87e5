"""What the books promise of themselves: transfers, entries, balances, lots and what customers are owed (I1, I2, I3, I9, I15)."""

from __future__ import annotations

from ledger.proof import changed
from ledger.proof.checks.check import CHANGES, Check

CHECKS = (
    Check(
        "I1",
        "a posting without its transfer, or between accounts that do not exist or differ in currency",
        """
        SELECT 'posting ' || p.id FROM posting p
        LEFT JOIN transfer t ON t.id = p.transfer_id
        LEFT JOIN account s ON s.id = p.source_id LEFT JOIN account g ON g.id = p.target_id
        WHERE t.id IS NULL OR s.id IS NULL OR g.id IS NULL OR s.currency <> g.currency
        """,
        since=changed.new("posting"),
    ),
    Check(
        "I1",
        "a transfer without postings",
        "SELECT 'transfer ' || t.reference FROM transfer t LEFT JOIN posting p ON p.transfer_id = t.id WHERE p.id IS NULL",
        since=changed.new("transfer"),
    ),
    Check(
        "I1",
        "a customer's half of a posting names no lot of theirs, or a house's half names one",
        CHANGES
        + """
        SELECT 'account ' || a.code || ' transfer ' || side.transfer_id FROM side
        JOIN account a ON a.id = side.account_id LEFT JOIN lot l ON l.id = side.lot_id
        WHERE (a.kind = 'customer') <> (side.lot_id IS NOT NULL)
           OR (a.kind = 'customer' AND l.account_id IS DISTINCT FROM a.id)
        """,
        since=changed.new("posting"),
    ),
    Check(
        "I2",
        "an entry that differs from what its transfer's postings did to the account",
        CHANGES
        + """
        , did AS (
            SELECT side.account_id, side.transfer_id,
                   sum(side.amount_fen) FILTER (WHERE l.kind = 'principal') AS principal_fen,
                   sum(side.amount_fen) FILTER (WHERE l.kind = 'bonus') AS bonus_fen
            FROM side JOIN lot l ON l.id = side.lot_id GROUP BY 1, 2
        )
        SELECT 'account ' || coalesce(did.account_id, e.account_id) || ' transfer ' || coalesce(did.transfer_id, e.transfer_id)
        FROM did FULL JOIN entry e ON e.account_id = did.account_id AND e.transfer_id = did.transfer_id
        WHERE e.id IS NULL OR did.account_id IS NULL
           OR e.principal_fen <> coalesce(did.principal_fen, 0) OR e.bonus_fen <> coalesce(did.bonus_fen, 0)
        """,
        since=changed.new("posting", "entry"),
    ),
    Check(
        "I2",
        "an entry whose number or balances do not follow from the entry before",
        """
        SELECT 'account ' || account_id || ' entry ' || entry_no FROM (
            SELECT account_id, entry_no, principal_after_fen - principal_fen AS principal_before,
                   bonus_after_fen - bonus_fen AS bonus_before,
                   coalesce(lag(entry_no) OVER w, 0) AS last_no,
                   coalesce(lag(principal_after_fen) OVER w, 0) AS last_principal,
                   coalesce(lag(bonus_after_fen) OVER w, 0) AS last_bonus
            FROM entry WINDOW w AS (PARTITION BY account_id ORDER BY entry_no)
        ) chain
        WHERE entry_no <> last_no + 1 OR principal_before <> last_principal OR bonus_before <> last_bonus
        """,
        since_sql="""
        SELECT 'account ' || e.account_id || ' entry ' || e.entry_no FROM entry e
        LEFT JOIN entry b ON b.account_id = e.account_id AND b.entry_no = e.entry_no - 1
        WHERE e.id > {entry} AND ((b.id IS NULL AND e.entry_no <> 1)
            OR e.principal_after_fen - e.principal_fen <> coalesce(b.principal_after_fen, 0)
            OR e.bonus_after_fen - e.bonus_fen <> coalesce(b.bonus_after_fen, 0))
        """,
    ),
    Check(
        "I2",
        "an account whose balances are not those of its last entry",
        """
        SELECT 'account ' || a.code FROM account a
        LEFT JOIN entry e ON e.account_id = a.id AND e.entry_no = a.entry_no
        WHERE a.principal_fen <> coalesce(e.principal_after_fen, 0) OR a.bonus_fen <> coalesce(e.bonus_after_fen, 0)
           OR (a.entry_no > 0 AND e.id IS NULL)
           OR EXISTS (SELECT FROM entry later WHERE later.account_id = a.id AND later.entry_no > a.entry_no)
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I9",
        "an account whose balance of a kind is not the sum of its lots",
        """
        SELECT 'account ' || a.code FROM account a LEFT JOIN lot l ON l.account_id = a.id AND l.is_open
        GROUP BY a.id, a.code, a.principal_fen, a.bonus_fen
        HAVING coalesce(sum(l.remaining_fen) FILTER (WHERE l.kind = 'principal'), 0) <> a.principal_fen
            OR coalesce(sum(l.remaining_fen) FILTER (WHERE l.kind = 'bonus'), 0) <> a.bonus_fen
        """,
        since=changed.ACCOUNTS,
    ),
    Check(
        "I9",
        "a lot whose remainder is not what its postings leave",
        CHANGES
        + """
        SELECT 'lot ' || l.id FROM lot l LEFT JOIN side ON side.lot_id = l.id
        GROUP BY l.id, l.remaining_fen HAVING coalesce(sum(side.amount_fen), 0) <> l.remaining_fen
        """,
        since=changed.new("lot", "posting"),
    ),
    Check(
        "I15",
        "customers are owed another amount than came in and did not go out",
        """
        SELECT 'customers hold ' || held.fen || ', postings say ' || moved.fen FROM
            (SELECT coalesce(sum(principal_fen + bonus_fen), 0) AS fen FROM account WHERE kind = 'customer') held,
            (SELECT coalesce(sum(CASE WHEN target_lot_id IS NOT NULL THEN amount_fen ELSE 0 END
                               - CASE WHEN source_lot_id IS NOT NULL THEN amount_fen ELSE 0 END), 0) AS fen
             FROM posting) moved
        WHERE held.fen <> moved.fen
        """,
        since_sql=CHANGES
        + """
        , moved AS (
            SELECT account_id, sum(amount_fen) AS fen FROM side WHERE lot_id IS NOT NULL GROUP BY account_id
        )
        SELECT 'account ' || a.code FROM account a LEFT JOIN moved ON moved.account_id = a.id
        LEFT JOIN LATERAL (
            SELECT principal_after_fen + bonus_after_fen AS fen FROM entry e WHERE e.account_id = a.id AND e.id <= {entry}
            ORDER BY e.entry_no DESC LIMIT 1
        ) before ON true
        WHERE a.kind = 'customer'
          AND a.principal_fen + a.bonus_fen <> coalesce(before.fen, 0) + coalesce(moved.fen, 0)
        """,
        since={**changed.ACCOUNTS, **changed.new("posting")},
    ),
)
