"""``/metrics``: figures about the shop in the text form Prometheus reads, for machines inside the house only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from billing import figures
from core.http import addresses

_TIMEOUT_S = 5.0


def handler(
    trusted_networks: Sequence[str], chats: Callable[[], Mapping[str, int]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Answers callers on this machine and in ``trusted_networks``; for all others there is no such page. ``chats``: how pushed messages
    ended in this process."""
    is_inside = addresses.inside(trusted_networks)

    async def metrics(request: web.Request) -> web.Response:
        if not is_inside(request):
            raise web.HTTPNotFound
        async with asyncio.timeout(_TIMEOUT_S):
            body = text(await figures.now(), chats())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return metrics


def text(found: figures.Figures, chats: Mapping[str, int] | None = None) -> bytes:
    """The figures in Prometheus' text form."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shown(found, chats or {}))
    return generate_latest(registry)


class _Shown(Collector):
    def __init__(self, found: figures.Figures, chats: Mapping[str, int]) -> None:
        self._found, self._chats = found, chats

    def collect(self) -> Iterator[Metric]:
        """The figures as families of one sample or, by label, several."""
        found = self._found
        violations = GaugeMetricFamily(
            "yucun_proof_violations",
            "Rows that broke the invariant when it was last looked at",
            labels=["invariant"],
        )
        for invariant, count in found.violations.items():
            violations.add_metric([invariant], count)
        yield violations
        for name, said, instant in (
            ("yucun_proof_last_timestamp_seconds", "When the books were last proven", found.proved_at),
            ("yucun_proof_last_whole_timestamp_seconds", "When all of the books were last proven", found.wholly_proved_at),
            ("yucun_seal_last_day_timestamp_seconds", "Last sealed day, as its midnight in UTC",
             datetime.combine(found.sealed_until, time(), UTC) if found.sealed_until else None),
        ):  # fmt: skip
            if instant is not None:
                yield GaugeMetricFamily(name, said, value=instant.timestamp())
        yield GaugeMetricFamily(
            "yucun_outbox_queued", "Messages waiting to be sent", value=found.messages_queued
        )
        yield GaugeMetricFamily("yucun_outbox_dead", "Messages given up", value=found.messages_dead)
        yield GaugeMetricFamily("yucun_payments_open", "Payments without outcome", value=found.payments_open)
        yield GaugeMetricFamily("yucun_staff_alerts_open", "Alerts nobody resolved", value=found.alerts_open)
        yield self._messages()
        yield from self._jobs()

    def _messages(self) -> Metric:
        # each process counts its own, and a scrape meets one of them: by its number the series stay apart
        messages = CounterMetricFamily(
            "yucun_chat_messages", "How messages pushed by WeChat ended", labels=["outcome", "process"]
        )
        for outcome, count in sorted(self._chats.items()):
            messages.add_metric([outcome, str(os.getpid())], count)
        return messages

    def _jobs(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("yucun_job_runs", "Runs of a job of the clock", labels=["job"])
        failures = CounterMetricFamily("yucun_job_failures", "Runs that failed", labels=["job"])
        finished = GaugeMetricFamily(
            "yucun_job_last_finished_timestamp_seconds", "When it last went well", labels=["job"]
        )
        lasted = GaugeMetricFamily(
            "yucun_job_last_duration_seconds", "How long that run took", labels=["job"]
        )
        lag = GaugeMetricFamily(
            "yucun_job_last_lag_seconds", "How late the last run began, over all workers", labels=["job"]
        )
        missed = CounterMetricFamily(
            "yucun_job_missed", "Intervals in which no worker began a run", labels=["job"]
        )
        in_a_row = GaugeMetricFamily(
            "yucun_job_failed_in_a_row", "Failures since the last good run", labels=["job"]
        )
        following = GaugeMetricFamily(
            "yucun_job_next_timestamp_seconds", "When the next run is expected", labels=["job"]
        )
        for job in self._found.jobs:
            missed.add_metric([job.id], job.missed)
            in_a_row.add_metric([job.id], job.failed_in_a_row)
            if job.last_lag_ms is not None:
                lag.add_metric([job.id], job.last_lag_ms / 1000)
            if job.next_at is not None:
                following.add_metric([job.id], job.next_at.timestamp())
            runs.add_metric([job.id], job.runs)
            failures.add_metric([job.id], job.failures)
            if job.last_finished_at is not None:
                finished.add_metric([job.id], job.last_finished_at.timestamp())
            if job.last_duration_ms is not None:
                lasted.add_metric([job.id], job.last_duration_ms / 1000)
        yield from (runs, failures, finished, lasted, lag, missed, in_a_row, following)
