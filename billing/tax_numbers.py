"""Tax numbers 纳税人识别号 of companies: the unified social credit code, with its check character.

Source: GB 32100-2015, "法人和其他组织统一社会信用代码编码规则": eighteen of the digits and capitals without I, O, S, V, Z; the last is 31 less the
sum of the others' places in that alphabet, weighted by powers of three, modulo 31.
"""

from __future__ import annotations

import unicodedata

from core import errors

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PLACES = {character: place for place, character in enumerate(_ALPHABET)}
LENGTH = 18


class TaxNumberWrong(errors.Invalid):
    """It is no unified social credit code: a character is missing or mistyped."""

    code = "tax_number_wrong"


def usable(given: str) -> str:
    """The code as it is written on invoices.

    Raises:
        TaxNumberWrong.
    """
    code = unicodedata.normalize("NFKC", given).replace(" ", "").replace("-", "").upper()
    if (
        len(code) != LENGTH
        or any(character not in _PLACES for character in code)
        or code[-1] != check_character(code)
    ):
        raise TaxNumberWrong
    return code


def check_character(code: str) -> str:
    """The last character of a code with these seventeen first ones."""
    total = sum(_PLACES[character] * pow(3, place, 31) for place, character in enumerate(code[: LENGTH - 1]))
    return _ALPHABET[-total % 31]
