"""The clock's process: runs the jobs of ``schedulers``. Any number may run at once; claims keep them apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta

import uvloop

import console
from app import config, database, doors, runtime, server_process
from app.exit_codes import ExitCode
from billing import job_watch
from members import chat_outgoing
from schedulers import jobs, runner

log = logging.getLogger(__name__)


def work(settings: config.Config) -> ExitCode:
    """Runs jobs until SIGTERM or SIGINT; a job under way finishes its batch."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        return loop.run(_work(settings))


async def _work(settings: config.Config) -> ExitCode:
    stop = server_process.asked_to_stop()
    async with contextlib.AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(runtime.opened(settings))
        except database.CANNOT_OPEN as error:
            log.error("cannot start (无法启动): %s: %s", type(error).__name__, error)
            return ExitCode.UNAVAILABLE
        await runner.run(jobs_of(opened), stop)
    return ExitCode.OK


def jobs_of(opened: runtime.Runtime) -> tuple[jobs.Job, ...]:
    """The shop's jobs, connected to this process."""
    chosen, account = opened.settings.jobs, opened.settings.wechat.official_account
    return jobs.table(
        jobs.Intervals(
            due_run_s=chosen.due_run_s,
            outbox_s=chosen.outbox_s,
            chat_s=chosen.chat_s,
            payment_poll_s=chosen.payment_poll_s,
            expiry_s=chosen.expiry_s,
            look_up_s=chosen.look_up_s,
            proof_s=chosen.proof_s,
            seal_s=chosen.seal_s,
            reconciliation_s=chosen.reconciliation_s,
        ),
        channels=opened.outside.channels,
        post=opened.outside.post,
        followers=opened.outside.official_account,
        scene_codes=opened.outside.scene_codes,
        tagging=opened.outside.languages,
        official_account_app_id=account.app_id if account else None,
        shipments=_shipments(opened),
        tracker=opened.outside.tracker,
        watch=job_watch.Bounds(chosen.alert_failures, timedelta(seconds=chosen.alert_late_s)),
        pictures=opened.outside.images,
        chats=_chats(opened),
        more=(jobs.Job("list_exports", chosen.chat_s, console.exporter(doors.operations(opened))),),
    )


def _chats(opened: runtime.Runtime) -> chat_outgoing.Senders:
    account, wechat = opened.outside.official_account, opened.settings.wechat
    senders: dict[str, chat_outgoing.Sender] = {wechat.mini_program.app_id: opened.outside.mini_program}
    if account is not None and wechat.official_account is not None:
        senders[wechat.official_account.app_id] = account
    return senders


def _shipments(opened: runtime.Runtime) -> jobs.Shipments | None:
    if opened.outside.shipping is None:
        return None
    mini_program = opened.settings.wechat.mini_program
    return jobs.Shipments(opened.outside.shipping, mini_program.app_id, mini_program.orders_shipped_as)
