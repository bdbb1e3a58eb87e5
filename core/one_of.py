"""Conditions of tables that a column is one of several words."""

from __future__ import annotations


def one_of(column: str, *words: str) -> str:
    """SQL that the column is one of the words. They are one constant, since PostgreSQL reads a table's conditions anew for every statement that
    writes to it, and a list costs it twice as much."""
    return f"{column} = ANY ('{{{','.join(words)}}}'::text[])"
