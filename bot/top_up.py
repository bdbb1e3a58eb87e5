"""充值: the packages on offer and how to pay."""

from __future__ import annotations

from billing import package_rules
from billing.packages import Package
from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """The packages this person can buy now, what limits them, and where to pay for one."""
    offers = await package_rules.offered(asker.known.id if asker.known else None)
    bought_now = [offer.package for offer in offers if offer.refusal is None]
    lines = [*_named(asker, bought_now), asker.say("top_up.title" if bought_now else "top_up.none")]
    return [*lines, *(_line(asker, package) for package in bought_now), asker.say("top_up.how")]


def _named(asker: Asker, bought_now: list[Package]) -> list[str]:
    """What becomes of an amount that was named: the bonus it brings, as far as a package says so."""
    wanted_fen = asker.asked.slots.money_fen
    if not wanted_fen:
        return []
    best = max((package.bonus_fen for package in bought_now if package.pay_fen == wanted_fen), default=None)
    key = "top_up.amount" if not best else "top_up.amount_with_bonus"
    return [asker.say(key, pay_fen=wanted_fen, bonus_fen=best)]


def _line(asker: Asker, package: Package) -> str:
    key = "top_up.package" if package.bonus_fen else "top_up.package_without_bonus"
    line = asker.say(key, name=package.name, pay_fen=package.pay_fen, bonus_fen=package.bonus_fen)
    notes = _notes(asker, package)
    return line + asker.say("top_up.notes", notes=asker.say("top_up.and").join(notes)) if notes else line


def _notes(asker: Asker, package: Package) -> list[str]:
    rules = package.rules
    notes = []
    if rules.first_time_only:
        notes.append(asker.say("top_up.first_time_only"))
    if rules.per_customer is not None:
        notes.append(asker.say("top_up.per_customer", limit=rules.per_customer))
    if rules.until_at is not None:
        notes.append(asker.say("top_up.until", until_at=rules.until_at))
    if package.bonus_fen and package.bonus_days is not None:
        notes.append(asker.say("top_up.bonus_days", days=package.bonus_days))
    return notes
