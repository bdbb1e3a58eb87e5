"""How WeChat Pay says no: HTTP status, `code`, `message`, optional `detail`, and the number in Request-ID."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """`body` None is an empty body (204)."""

    status: int
    body: dict[str, Any] | None
    error_number: int = 0


@dataclass
class Refusal(Exception):
    status: int
    code: str
    message: str
    number: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    def answer(self) -> Answer:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail:
            body["detail"] = self.detail
        return Answer(self.status, body, self.number)


def param_error(field_path: str, issue: str, *, value: Any = None, number: int = 268435461) -> Refusal:
    detail = {"location": "body", "field": field_path, "issue": issue, "value": value}
    return Refusal(400, "PARAM_ERROR", f"参数错误：{issue}", number, detail)
