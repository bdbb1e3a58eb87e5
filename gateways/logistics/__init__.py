"""Where parcels are: what any aggregator of carriers can be asked, and Kuaidi100's service."""

from __future__ import annotations

from gateways.logistics.kuaidi100 import Kuaidi100, Settings
from gateways.logistics.tracker import (
    BadPush,
    Event,
    NothingYet,
    Parcel,
    Push,
    State,
    Track,
    Tracker,
    TrackerError,
    TrackerRefused,
    TrackerUnknown,
)

__all__ = [
    "BadPush",
    "Event",
    "Kuaidi100",
    "NothingYet",
    "Parcel",
    "Push",
    "Settings",
    "State",
    "Track",
    "Tracker",
    "TrackerError",
    "TrackerRefused",
    "TrackerUnknown",
]
