"""The clock's table of contents: job, interval, function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from billing import (
    approvals,
    bonus_reminders,
    caps,
    care,
    closings,
    credit_draws,
    deductions,
    due_bills,
    dunning,
    expiry,
    horizon,
    inbox,
    inbox_refusals,
    job_watch,
    low_balance,
    merges,
    operator_holds,
    payments,
    plan_notices,
    plan_pauses,
    plan_prices,
    plans,
    quarantine_returns,
    refunds,
    reminders,
    remittances,
    reviews,
    segment_alerts,
    shipping,
    spending,
    upkeep,
)
from billing.channels import Channels
from gateways.logistics import Tracker
from members import (
    act_seals,
    chat,
    chat_codes,
    chat_languages,
    chat_outgoing,
    confirming,
    conversation_events,
    people_clock,
    points_ends,
    points_reminders,
    sign_in_upkeep,
    web_logins,
)
from notifications import delivery, delivery_reports
from notifications.channels.sms import ShortMessages
from reconciliation import daily
from reports import liability
from shop import (
    bookables,
    booking_ends,
    chat_own_menus,
    chat_scenes,
    chat_unanswered,
    images,
    orders,
    sales,
    search_index,
    standing_deliveries,
    tracking,
)


@dataclass(frozen=True, slots=True)
class Job:
    """Something the clock does every ``every_s`` seconds.

    Every worker ticks and runs it; the function claims its work row by row, so several at once are safe and share the work.
    An ``alone`` job is run by one worker an interval, and by no other meanwhile.
    """

    id: str
    every_s: float
    run: Callable[[], Awaitable[Any]]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between two runs of each job."""

    due_run_s: float = 60
    outbox_s: float = 5
    chat_s: float = 2
    payment_poll_s: float = 15
    expiry_s: float = 60
    look_up_s: float = 5
    proof_s: float = 3600
    seal_s: float = 600
    reconciliation_s: float = 300


@dataclass(frozen=True, slots=True)
class Shipments:
    """Whom shipments are reported to, for payments in which mini-program, and how orders are handed over."""

    platform: shipping.Platform
    app_id: str
    orders: Literal["pick_up", "virtual"]


def table(
    intervals: Intervals,
    *,
    channels: Channels,
    post: delivery.Post,
    followers: chat.FollowerPlatform | None,
    official_account_app_id: str | None,
    shipments: Shipments | None = None,
    tracker: Tracker | None = None,
    watch: job_watch.Bounds | None = None,
    pictures: images.Store | None = None,
    scene_codes: chat_scenes.Platform | None = None,
    tagging: chat_languages.Languages | None = None,
    chats: chat_outgoing.Senders | None = None,
    more: tuple[Job, ...] = (),
) -> tuple[Job, ...]:
    """All jobs of the shop. ``more``: those of rooms that this one does not know."""

    async def ship() -> int:
        if shipments is None:
            return 0
        await shipping.collect(shipments.app_id, orders=shipments.orders)
        return await shipping.upload(shipments.platform)

    async def look_up() -> int:
        if followers is None or official_account_app_id is None:
            return 0
        return await chat.look_up(followers, official_account_app_id)

    async def ask_about_reports() -> Any:
        channel = post.channels.get("sms")
        return await delivery_reports.ask(channel if isinstance(channel, ShortMessages) else None)

    async def sweep() -> int:
        return 0 if pictures is None else await images.sweep(pictures)

    async def look_after() -> int:
        return await job_watch.run(watch or job_watch.Bounds(), {job.id for job in every})

    every: tuple[Job, ...] = (
        *_what_falls_due(intervals),
        Job("outbox", intervals.outbox_s, lambda: delivery.run(post)),
        Job("delivery_reports", intervals.outbox_s, ask_about_reports),
        *_asked_of_channels(intervals, channels),
        Job("shipping", intervals.payment_poll_s, ship),
        Job("parcels", intervals.payment_poll_s, lambda: tracking.run(tracker)),
        Job("chat_outgoing", intervals.chat_s, lambda: chat_outgoing.run(chats or {})),
        Job("chat_look_up", intervals.look_up_s, look_up),
        *_of_the_account(intervals, scene_codes, official_account_app_id, tagging),
        *_orders_and_members(intervals),
        *_over_in_time(intervals),
        Job("reconciliation", intervals.reconciliation_s, lambda: daily.run(channels)),
        *_now_and_then(intervals),
        Job("stray_pictures", intervals.proof_s, sweep),
        *more,
        Job("job_watch", intervals.expiry_s, look_after),
    )
    return every


def _of_the_account(
    intervals: Intervals,
    codes: chat_scenes.Platform | None,
    app_id: str | None,
    tagging: chat_languages.Languages | None,
) -> tuple[Job, ...]:
    async def ask_for_codes() -> int:
        return 0 if codes is None or app_id is None else await chat_scenes.ask(codes, app_id)

    async def tag() -> int:
        if tagging is None:
            return 0
        own = await chat_own_menus.languages(tagging.app_id)
        return await chat_languages.tag(replace(tagging, languages={*tagging.languages, *own}))

    return (
        Job("chat_codes", intervals.look_up_s, ask_for_codes),
        Job("chat_languages", intervals.proof_s, tag, alone=True),
    )


def _what_falls_due(intervals: Intervals) -> tuple[Job, ...]:
    return (
        Job("horizon", intervals.expiry_s, horizon.run),
        Job("plan_pauses", intervals.expiry_s, plan_pauses.resume_due),
        Job("plan_prices", intervals.expiry_s, plan_prices.take_effect),
        Job("plan_ends", intervals.expiry_s, plans.complete),
        Job("plan_notices", intervals.expiry_s, plan_notices.run),
        Job("due_run", intervals.due_run_s, deductions.run_due),
        Job("due_bills", intervals.due_run_s, due_bills.run),
        Job("dunning", intervals.due_run_s, dunning.run),
        Job("reminders", intervals.expiry_s, reminders.run),
    )


def _asked_of_channels(intervals: Intervals, channels: Channels) -> tuple[Job, ...]:
    return (
        Job("payment_poll", intervals.payment_poll_s, lambda: payments.poll(channels)),
        Job("refund_poll", intervals.payment_poll_s, lambda: refunds.poll(channels)),
        Job("quarantine_poll", intervals.payment_poll_s, lambda: quarantine_returns.poll(channels)),
        Job("remittance_poll", intervals.payment_poll_s, lambda: remittances.poll(channels)),
        Job("notice_replay", intervals.payment_poll_s, inbox.replay_unhandled),
    )


def _orders_and_members(intervals: Intervals) -> tuple[Job, ...]:
    return (
        Job("order_expiry", intervals.expiry_s, orders.expire_unpaid),
        Job("order_completion", intervals.expiry_s, orders.complete_due),
        Job("standing_orders", intervals.expiry_s, standing_deliveries.run),
        Job("booking_slots", intervals.expiry_s, bookables.make_slots),
        Job("booking_reminders", intervals.expiry_s, booking_ends.remind),
        Job("spending", intervals.expiry_s, spending.follow_and_judge),
        Job("points_expiry", intervals.expiry_s, points_ends.expire),
        Job("segment_runs", intervals.outbox_s, segment_alerts.advance),
    )


def _over_in_time(intervals: Intervals) -> tuple[Job, ...]:
    return (
        Job("bonus_expiry", intervals.expiry_s, expiry.expire_bonus),
        Job("approval_expiry", intervals.expiry_s, approvals.expire_old),
        Job("closing_end", intervals.expiry_s, closings.finish_paid),
        Job("merge_follow", intervals.expiry_s, merges.follow_late),
        Job("hold_expiry", intervals.expiry_s, operator_holds.expire_due),
        Job("conversations", intervals.expiry_s, people_clock.give_back),
        Job("review_expiry", intervals.expiry_s, reviews.expire_due),
        Job("low_balance_alerts", intervals.expiry_s, low_balance.resolve_recovered, alone=True),
        Job("credit_repayment", intervals.expiry_s, credit_draws.repay_freed),
        Job("cap_alerts", intervals.expiry_s, caps.resolve_alerts),
    )


def _now_and_then(intervals: Intervals) -> tuple[Job, ...]:
    return (
        Job("bonus_reminders", intervals.proof_s, bonus_reminders.remind, alone=True),
        Job("points_reminders", intervals.proof_s, points_reminders.remind, alone=True),
        Job("birthdays", intervals.proof_s, care.congratulate, alone=True),
        Job("liability_mark", intervals.proof_s, liability.mark, alone=True),
        Job("sales", intervals.proof_s, sales.count, alone=True),
        Job("search_words", intervals.proof_s, search_index.index_missing, alone=True),
        Job("missed", intervals.proof_s, care.ask_after, alone=True),
        Job("key_expiry", intervals.proof_s, upkeep.forget_keys, alone=True),
        Job("code_expiry", intervals.proof_s, confirming.forget_codes, alone=True),
        Job("chat_code_expiry", intervals.proof_s, chat_codes.forget, alone=True),
        Job("web_login_expiry", intervals.proof_s, web_logins.forget, alone=True),
        Job("sign_in_expiry", intervals.proof_s, sign_in_upkeep.forget, alone=True),
        Job("unanswered_expiry", intervals.proof_s, chat_unanswered.forget_old, alone=True),
        Job("conversation_event_expiry", intervals.proof_s, conversation_events.forget_old, alone=True),
        Job("notice_expiry", intervals.proof_s, inbox.forget_old, alone=True),
        Job("refused_notice_expiry", intervals.proof_s, inbox_refusals.forget_old, alone=True),
        Job("seal", intervals.seal_s, upkeep.seal, alone=True),
        Job("act_seals", intervals.seal_s, act_seals.run, alone=True),
        Job("act_checks", intervals.proof_s, upkeep.check_acts, alone=True),
        Job("proof", intervals.proof_s, upkeep.prove, alone=True),
    )
