"""``python -m reconciliation.bill_process ASKED``: reads a bill and writes its rows to standard output, framed (``bill_texts.FRAME``).

The last frame says what the rows come to, or why the file is not the bill it should be.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import BinaryIO

from gateways import bills
from reconciliation import bill_texts


def write(asked: str, out: BinaryIO) -> None:
    """All frames of one bill."""
    channel, path, expected = bill_texts.understood(asked)
    rows = percent = 0
    try:
        with bills.trades(channel, path, expected) as bill:
            for text, rows, percent in bill_texts.pieces_of(bill):
                _frame(out, bill_texts.ROWS, rows, percent, text)
            _frame(out, bill_texts.TOTALS, rows, 100, json.dumps(asdict(bill.totals)).encode())
    except bills.BillUnreadable as refused:
        why = {"reason": refused.reason, "line_no": refused.line_no, "found": refused.found}
        _frame(out, bill_texts.UNREADABLE, rows, percent, json.dumps(why).encode())
    out.flush()


def _frame(out: BinaryIO, kind: bytes, rows: int, percent: int, content: bytes) -> None:
    out.write(bill_texts.FRAME.pack(kind, rows, percent, len(content)))
    out.write(content)


if __name__ == "__main__":
    try:
        write(sys.argv[1], sys.stdout.buffer)
    except BrokenPipeError:  # nobody wants it any more
        os._exit(1)
