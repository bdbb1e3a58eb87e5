"""What is said about a run: a JSON line for machines, a few lines for people."""

from __future__ import annotations

import json
from dataclasses import dataclass

from benchmarks.rounds import Measured, Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished benchmark. ``failed``: why nothing of it counts. ``target``: the ratio it should reach, if one was set."""

    name: str
    floor: str
    measured: Measured | None
    target: float | None = None
    failed: str | None = None

    @property
    def is_valid(self) -> bool:
        return self.failed is None and self.measured is not None


def as_json(report: Report) -> str:
    """One line. A run that failed has the ratio 0."""
    measured = report.measured
    ratio = measured.ratio if measured is not None and report.is_valid else Ratio(0.0, 0.0, 0.0)
    line: dict[str, object] = {
        "name": report.name,
        "ratio": round(ratio.middle, 4),
        "low": round(ratio.low, 4),
        "high": round(ratio.high, 4),
        "floor_per_s": round(measured.floor_per_s, 1) if measured else 0.0,
        "subject_per_s": round(measured.subject_per_s, 1) if measured else 0.0,
        "counters": measured.counters if measured else {},
        "target": None if report.target is None else round(report.target, 4),
        "failed": report.failed,
    }
    if measured:
        control = measured.control
        line |= {
            "rounds": len(measured.rounds),
            "control": round(control.middle, 4),
            "control_low": round(control.low, 4),
            "control_high": round(control.high, 4),
            "too_noisy": measured.ratio.is_noisy or measured.control.is_noisy,
        }
    return json.dumps(line, ensure_ascii=False)


def as_text(report: Report) -> str:
    """A few lines for reading."""
    lines = [f"{report.name}  （地板 · floor: {report.floor}）"]
    if report.failed is not None:
        lines.append(f"  无效，计 0 · does not count, scores 0: {report.failed}")
    if (measured := report.measured) is not None:
        ratio, control = measured.ratio, measured.control
        goal = "" if report.target is None else f"   目标 · target {report.target:.2f}"
        lines += [
            f"  比值 · ratio    {_shown(ratio)}{goal}",
            f"  对照 · control  {_shown(control)}   地板比地板 · floor against floor",
            f"  每秒 · per s    {measured.subject_per_s:,.0f}  地板 · floor {measured.floor_per_s:,.0f}"
            f"   {len(measured.rounds)} 轮 · rounds",
        ]
        if ratio.is_noisy or control.is_noisy:
            lines.append("  噪声太大，不能下结论 · too noisy: an interval is wider than ±15 %")
        lines += [f"  {name:<34}{value:>12,.3f}" for name, value in measured.counters.items()]
    return "\n".join(lines)


def _shown(ratio: Ratio) -> str:
    return f"{ratio.middle:.3f}  [{ratio.low:.3f}, {ratio.high:.3f}]"
