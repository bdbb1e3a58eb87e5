"""What every message came to, by what the other side accepted and by the outbox: the promises of docs/messages.md."""

import re
from collections import Counter, defaultdict
from datetime import timedelta

from core import clock, db, money
from notifications import endings, kinds
from tests.message_chaos import stand_ins

_SLACK = timedelta(seconds=1.5)
_APART = timedelta(seconds=61)
"""A worker's clock may be off by less than this."""

_ROWS = """
SELECT m.id, m.customer_id, m.kind, m.dedup_key, m.params ->> 'available_fen' AS held_fen, m.state, m.channel, m.reason, m.last_error,
       m.is_counted, m.not_before, m.stale_after, m.refused_by,
       (SELECT array_agg(a.channel || ' ' || a.result ORDER BY a.id) FROM message_attempt a WHERE a.message_id = m.id) AS attempts
FROM outbox_message m WHERE m.customer_id = ANY ($1::bigint[]) ORDER BY m.id
"""
_CLOSED = "SELECT customer_id, channel FROM message_address WHERE refused_at IS NOT NULL AND customer_id = ANY ($1::bigint[])"
_SEVERAL = """
SELECT customer_id, kind, count(*) FROM outbox_message WHERE customer_id = ANY ($1::bigint[]) AND is_counted GROUP BY 1, 2
"""


async def of(crowd, moves, policy):
    """How many were accepted, how messages ended, and what is wrong. ``moves``: (before, after, known to all) of each of the clock's."""
    ids = list(crowd.all)
    rows = await db.fetch(_ROWS, ids)
    accepted = _accepted(crowd, rows)
    judge = Judge(crowd, moves, policy, {tuple(row) for row in await db.fetch(_CLOSED, ids)})
    wrong = [f"told, and not in the outbox: {key}" for key in crowd.keys - {row["dedup_key"] for row in rows}]
    wrong += [f"accepted, and in no message: {one}" for one in accepted.pop(None, [])]
    for row in rows:
        wrong += [
            f"message {row['id']} ({dict(row)}): {one}" for one in judge.wrong(row, accepted[row["id"]])
        ]
    wrong += judge.beyond_caps(await db.fetch(_SEVERAL, ids))
    ends = Counter(
        row["channel"] if row["state"] == "sent" else f"{row['state']} {row['reason'] or ''}".strip()
        for row in rows
    )
    return sum(len(several) for several in accepted.values()), ends, wrong


def _accepted(crowd, rows):
    """By message: (channel, when) of all that the other side accepted; under None what belongs to none."""
    by_amount = {
        (row["customer_id"], money.yuan(int(row["held_fen"]))): row["id"] for row in rows if row["held_fen"]
    }
    numbers = {f"yucun-{row['id']}": row["id"] for row in rows}
    found = defaultdict(list)
    for customer, channel, words, at in crowd.outside.shown(
        {one.id: one.person for one in crowd.all.values()}
    ):
        spoken = {by_amount.get((customer, amount)) for amount in re.findall(r"\d+\.\d\d", words)} - {None}
        found[spoken.pop() if len(spoken) == 1 else None].append((channel, at))
    for number, channel, at in crowd.outside.sent():
        if number in numbers:  # others are earlier runs'
            found[numbers[number]].append((channel, at))
    return found


class Judge:
    """Knows when every worker knew what."""

    def __init__(self, crowd, moves, policy, closed):
        self.crowd, self.moves, self.policy, self.closed = crowd, moves, policy, closed

    def wrong(self, row, accepted):
        """What is wrong with one message."""
        yield from self._end(row, accepted)
        yield from self._fallback(row)
        for channel, at in accepted:
            yield from (f"{one} ({channel}, {at})" for one in self._not_then(row, at))

    def _end(self, row, accepted):
        state, channel, times = row["state"], row["channel"], len(accepted)
        is_maybe = (row["last_error"] or "").startswith(endings.MAYBE[:10])
        if times > 2 or (times > 1 and not self._was_on_its_way(accepted)):
            yield f"arrived {times} times: {accepted}"
        if state == "queued":
            yield "waits for ever"
        elif state == "sent" and channel != "inbox":
            if {by for by, _ in accepted} - {channel}:
                yield f"arrived by {accepted}"
            if not accepted and not is_maybe:
                yield "did not arrive"
        elif accepted:
            yield f"arrived all the same: {accepted}"
        if state == "dead" and not row["last_error"]:
            yield "dead without a reason"
        if state == "void":
            yield from self._void(row)

    def _was_on_its_way(self, accepted):
        """Whether the clock moved by more than ten minutes while the first short message was in the middle of its call: the one case in
        which docs/messages.md says a second may go out."""
        first = min(at for _, at in accepted)
        return {by for by, _ in accepted} == {"sms"} and any(
            after - before > timedelta(minutes=9) and after - _SLACK <= first <= known + _SLACK
            for before, after, known in self.moves
        )

    def _void(self, row):
        one, kind = self.crowd.all[row["customer_id"]], kinds.class_of(row["kind"])
        may_be = {
            "stale": row["stale_after"] is not None,
            "not_agreed": kind == "marketing" and not one.wants.marketing,
            "switched_off": kind == "reminder" and not one.wants.reminders,
            "recovered": row["kind"] == "low_balance" and one.recovered_since is not None,
            "too_often": kind == "marketing",
        }
        if not may_be.get(row["reason"], False):
            yield "void without a cause"

    def _fallback(self, row):
        refused = set(row["refused_by"] or ())
        if row["channel"] in refused:
            yield f"went out by {row['channel']}, which had refused it"
        is_kept_back = kinds.class_of(row["kind"]) != "transactional" and not row["is_counted"]
        if (row["state"], row["channel"]) == ("sent", "inbox") and not is_kept_back:
            for channel in self._open(row):
                if channel not in refused:
                    yield f"was not tried by {channel}"

    def _open(self, row):
        """The channels nothing but a refusal can close, of those for it."""
        one = self.crowd.all[row["customer_id"]]
        has = {"sms": one.phone and row["kind"] in stand_ins.SHORT, "email": one.email}
        for channel in self.policy.channels[kinds.class_of(row["kind"])]:
            is_wanted = one.wants.channels is None or channel in one.wants.channels
            if is_wanted and has.get(channel) and (one.id, channel) not in self.closed:
                yield channel

    def _not_then(self, row, at):
        """Why it must not have been accepted at that time."""
        one, kind = self.crowd.all[row["customer_id"]], kinds.class_of(row["kind"])
        times = self._believed(at)
        if kind != "transactional" and all(self._is_quiet(one, time) for time in times):
            yield "in quiet hours"
        if row["stale_after"] is not None and all(time >= row["stale_after"] for time in times):
            yield "stale"
        if row["not_before"] is not None and all(time < row["not_before"] for time in times):
            yield "before its time"
        for barred, since in (
            (kind == "marketing", one.no_marketing_since),
            (kind == "reminder", one.no_reminders_since),
            (row["kind"] == "low_balance", one.recovered_since),
        ):
            if barred and since is not None and at > since + _SLACK:
                yield f"not wanted, or not true, since {since}"
        if kind != "transactional" and not row["is_counted"]:
            yield "not counted"

    def _believed(self, at):
        """The times a worker may have believed in when it sent what was accepted then."""
        found = [at]
        found += [before for before, after, known in self.moves if after - _SLACK <= at <= known + _SLACK]
        return [time + off for time in found for off in (-_APART, timedelta(), _APART)]

    def _is_quiet(self, one, time):
        local = time.astimezone(clock.zone())
        minute = local.hour * 60 + local.minute
        shops = (self.policy.quiet_from, self.policy.quiet_until)
        hours = [tuple(end.hour * 60 + end.minute for end in shops)]
        if one.wants.quiet_from_minute is not None:
            hours.append((one.wants.quiet_from_minute, one.wants.quiet_until_minute))
        return any(
            start <= minute < end if start < end else minute >= start or minute < end for start, end in hours
        )

    def beyond_caps(self, counted):
        """Customers of whom more was counted than fits into as many periods as there were."""
        took = self.moves[-1][1] - self.moves[0][0] + 2 * _APART
        caps = {"low_balance": (self.policy.reminders_per_day, timedelta(days=1)),
                "birthday": (self.policy.marketing_most, timedelta(days=self.policy.marketing_days))}  # fmt: skip
        for customer, kind, count in counted:
            most, period = caps[kind]
            if count > most * (took // period + 1):
                yield f"customer {customer}: {count} {kind} in {took}"
