"""The prepayment agreement 预付卡协议: its versions, and customers' consent to one with each top-up.

The consumer-rights regulation of 2024 (article 22) wants a written contract that says how money is refunded. A text is never
changed: a new one is a new version, and what a customer agreed to stays readable for them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from billing import terms
from core import clock, db, errors
from ledger import idempotency


class AgreementRequired(errors.Invalid):
    """The shop has an agreement, and the top-up names no version the customer agrees to."""

    code = "agreement_required"


class AgreementOutdated(errors.Conflict):
    """The version agreed to is not the present one; show that and ask again."""

    code = "agreement_outdated"


class NoSuchAgreement(errors.NotFound):
    """No agreement is published, or none was agreed to."""

    code = "no_such_agreement"


class VersionTaken(errors.Conflict):
    """The version stands for another text already."""

    code = "agreement_version_taken"


KeyReused = idempotency.KeyReused


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of the text. ``text_hash`` is its SHA-256 in hexadecimal."""

    id: int
    version: str
    text: str
    text_hash: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer agreed to with a top-up: the text of then, when, and where."""

    top_up_no: str
    version: str
    text: str
    text_hash: str
    channel: str
    agreed_at: datetime


_COLUMNS = "id, version, text, text_hash, published_at"
_PUBLISH = f"""
INSERT INTO agreement (version, text, text_hash, operator, published_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (version) DO NOTHING RETURNING {_COLUMNS}
"""
_BY_VERSION = f"SELECT {_COLUMNS} FROM agreement WHERE version = $1"


async def publish(version: str, text: str, *, operator: str) -> Agreement:
    """Publishes a version: from now on every top-up needs consent to it. The same again changes nothing.

    Raises:
        VersionTaken: the version stands for another text.
    """
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    row = await db.fetchrow(_PUBLISH, version, text, text_hash, operator, clock.now())
    row = row or await db.fetchrow(_BY_VERSION, version)
    assert row is not None
    if row["text_hash"] != text_hash:
        raise VersionTaken(version=version)
    return Agreement(*row)


_CURRENT = f"SELECT {_COLUMNS} FROM agreement ORDER BY id DESC LIMIT 1"


async def current() -> Agreement:
    """The version in force.

    Raises:
        NoSuchAgreement: none is published.
    """
    row = await db.fetchrow(_CURRENT)
    if row is None:
        raise NoSuchAgreement
    return Agreement(*row)


_PAGE = f"SELECT {_COLUMNS} FROM agreement WHERE id < $1 ORDER BY id DESC LIMIT $2"


async def page(*, before: int | None = None, limit: int = 20) -> list[Agreement]:
    """All versions, the one in force first."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, limit)
    return [Agreement(*row) for row in rows]


_TERMS = "UPDATE top_up SET claw_back = $2, refund_right_days = $3 WHERE top_up_no = $1"


async def fix_terms(top_up_no: str, version: str | None, *, channel: str) -> None:
    """Writes down what a new top-up's refund will go by, and the consent given with it, in the caller's transaction.

    Raises:
        AgreementRequired, AgreementOutdated.
    """
    await fix_refund_terms(top_up_no)
    await agree(top_up_no, version, channel=channel)


async def fix_refund_terms(top_up_no: str) -> None:
    """Writes down what a new top-up's refund will go by."""
    chosen = terms.current()
    await db.execute(_TERMS, top_up_no, chosen.claw_back, chosen.refund_right_days)


_AGREE = """
INSERT INTO agreement_consent (agreement_id, top_up_no, text_hash, channel, agreed_at) VALUES ($1, $2, $3, $4, $5)
"""


async def agree(top_up_no: str, version: str | None, *, channel: str) -> None:
    """Records the consent given with a top-up, in the caller's transaction. Where no agreement is published, none is needed.

    Raises:
        AgreementRequired, AgreementOutdated.
    """
    row = await db.fetchrow(_CURRENT)
    if row is None:
        return
    if version is None:
        raise AgreementRequired
    agreement = Agreement(*row)
    if version != agreement.version:
        raise AgreementOutdated(version=agreement.version)
    await db.execute(_AGREE, agreement.id, top_up_no, agreement.text_hash, channel, clock.now())


_CONSENT = """
SELECT c.top_up_no, a.version, a.text, c.text_hash, c.channel, c.agreed_at
FROM agreement_consent c JOIN agreement a ON a.id = c.agreement_id JOIN top_up t ON t.top_up_no = c.top_up_no
WHERE c.top_up_no = $1 AND t.customer_id = $2
"""


async def agreed(customer_id: int, top_up_no: str) -> Consent:
    """What the customer agreed to with a top-up of theirs.

    Raises:
        NoSuchAgreement: nothing, or the top-up is not theirs.
    """
    row = await db.fetchrow(_CONSENT, top_up_no, customer_id)
    if row is None:
        raise NoSuchAgreement
    return Consent(*row)
