"""What the WeChat platform's refusals mean for a message (developers.weixin.qq.com, common return codes and those of each call)."""

from __future__ import annotations

import logging

from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from notifications.letters import Outcome

log = logging.getLogger(__name__)

LATER = frozenset({43108, 45009, 45011, 40001, 42001, 40014, 41001, 40125, 40164, 40243})
"""Not now: too many at once to the same person (43108) or to the platform (45009, 45011), a token that even after it was
replaced is not taken, or none to be had: a secret that is wrong (40125) or frozen (40243), an address of ours that is not on the
account's list (40164). The shop's people mend that; it says nothing about the message."""
EXPECTED = frozenset({43101, 43004, 43117, 45015, 45047})
"""Refusals that are nobody's fault: the person does not want it, does not follow, or has had enough for now."""


def refusal(refused: PlatformRefused) -> Outcome:
    """Not now, or never by this channel. What is neither expected nor temporary is somebody's mistake, and logged."""
    result = Outcome("later" if refused.errcode in LATER else "refused", str(refused.errcode), refused.errmsg)
    if result.result == "refused" and refused.errcode not in EXPECTED:
        log.warning("a message was refused: %s", refused)
    return result


def silence(unknown: PlatformUnknown) -> Outcome:
    """No answer: certainly not sent, or nobody knows."""
    return Outcome("unknown" if unknown.maybe_executed else "later", "", unknown.reason)
