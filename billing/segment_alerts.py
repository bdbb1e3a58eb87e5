"""Runs over segments by the clock, with an alert to the shop's people for each that had to be stopped or paused, until it, or another that
does the same, is done."""

from __future__ import annotations

from collections.abc import Sequence

from billing import staff_alerts, terms
from members import segment_runs


async def advance() -> int:
    """Takes what is done for segments further. Returns how many customers were looked at."""
    return await segment_runs.advance(
        alone_most=terms.current().broadcast_approval_above, broken=_tell, mended=_resolve
    )


async def _tell(run_no: str, error: Exception) -> None:
    told = {"run_no": run_no, "error": f"{type(error).__name__}: {error}"[:200]}
    await staff_alerts.raise_once("segment_run_broken", run_no, told)


async def _resolve(run_nos: Sequence[str]) -> None:
    await staff_alerts.resolve("segment_run_broken", run_nos)
