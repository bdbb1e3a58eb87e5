"""What the catalogue is sorted by (I26)."""

from __future__ import annotations

from ledger.proof.checks.check import Check

CHECKS = (
    Check(
        "I26",
        "a product whose lowest price is not that of its SKUs on sale",
        """
        SELECT 'product ' || p.id FROM product p
        LEFT JOIN (SELECT product_id, min(price_fen) AS fen FROM sku WHERE state = 'on_sale' GROUP BY product_id) l
            ON l.product_id = p.id
        WHERE p.lowest_fen IS DISTINCT FROM l.fen
        """,
    ),
)
"""Always whole: SKUs change without leaving a new row, and a table of products is small beside the books."""
