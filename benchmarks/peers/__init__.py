"""Other ways to keep such books, in the same harness and against the same floor; for the record, without a target.

They do less than ours (no lots, no holds, no bills, no messages): what is compared is how one payment is written, not what a
shop gets for it.
"""
