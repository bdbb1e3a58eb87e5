"""充值: the packages on offer and how to pay."""

from __future__ import annotations

from billing import package_rules
from billing.packages import Package
from bot.asker import Asker
from bot.dialogue import Choice, Subject

DEED = "top_up_package"
_MOST_NUMBERED = 9


async def answer(asker: Asker) -> list[str]:
    """The packages this person can buy now, what limits them, and where to pay for one; a number picks one of them."""
    bought_now = await _bought_now(asker)
    lines = [*_named(asker, bought_now), asker.say("top_up.title" if bought_now else "top_up.none")]
    told = [_line(asker, package) for package in bought_now]
    if 0 < len(told) <= _MOST_NUMBERED and asker.leads_to("top_up"):
        asker.turn.offer([Choice(DEED, {"package_id": package.id}) for package in bought_now])
        told = asker.numbered(told)
    return [*lines, *told, *_where(asker, bought_now)]


async def choose(asker: Asker, subject: Subject) -> list[str]:
    """One package, and where to pay for it."""
    found = [package for package in await _bought_now(asker) if package.id == subject["package_id"]]
    if not found:
        return [asker.say("top_up.no_more"), *await answer(asker)]
    (package,) = found
    return [_line(asker, package), *_link(asker, pay_fen=package.pay_fen, package_id=package.id)]


async def _bought_now(asker: Asker) -> list[Package]:
    offers = await package_rules.offered(asker.known.id if asker.known else None)
    return [offer.package for offer in offers if offer.refusal is None]


def _where(asker: Asker, bought_now: list[Package]) -> list[str]:
    """Where the amount that was named is paid: with the package of that amount which brings most, where there is one."""
    wanted_fen = asker.asked.slots.money_fen
    if not wanted_fen:
        return _link(asker)
    suiting = [package for package in bought_now if package.pay_fen == wanted_fen]
    best = max(suiting, key=lambda package: package.bonus_fen, default=None)
    if best is not None:
        return _link(asker, pay_fen=best.pay_fen, package_id=best.id)
    return _link(asker, pay_fen=wanted_fen, amount_fen=wanted_fen)


def _link(asker: Asker, *, pay_fen: int | None = None, **query: int) -> list[str]:
    if not asker.leads_to("top_up"):
        return [asker.say("top_up.how")]
    key = "top_up.open" if pay_fen is None else "top_up.pay"
    return [asker.link("top_up", asker.say(key, pay_fen=pay_fen), **query)]


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
