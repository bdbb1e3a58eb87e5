"""What terms may be that operators choose too, for the settings' file and for them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Fen = Annotated[int, Field(ge=0, le=100_000_000_00)]
Days = Annotated[int, Field(ge=1, le=365)]
RetryDays = Annotated[tuple[Days, ...], Field(max_length=20)]
NoticeDays = Annotated[int, Field(ge=0, le=366)]
MissedDays = Annotated[int, Field(ge=0, le=3650)]
GraceDays = Annotated[int, Field(ge=0, le=365)]
DueSoonDays = Annotated[int, Field(ge=0, le=60)]
OverdueDays = Annotated[int, Field(ge=1, le=60)]
UnpaidOrders = Annotated[int, Field(ge=1, le=1000)]
DownPaymentPercent = Annotated[int, Field(ge=1, le=90)]
CompleteDays = Annotated[int, Field(ge=1, le=90)]
TaxPercent = Annotated[int, Field(ge=0, le=30)]
AfterSalesDays = Annotated[int, Field(ge=0, le=3650)]
HoursAhead = Annotated[int, Field(ge=0, le=720)]
