"""What ``yucun assess`` prints: each rule with its facts and points, then the limit they suggest."""

from __future__ import annotations

from billing import credit_assessment
from core import words


async def of(customer_id: int) -> list[str]:
    """The assessment, in both languages.

    Raises:
        NoSuchCustomer: there is none of this id.
    """
    found = await credit_assessment.of(customer_id)
    tellers = [*(rule.text for rule in found.rules), found.text]
    return [f"{text(words.DEFAULT_LOCALE)} · {text('en')}" for text in tellers]
