"""What the channels do wrong. All of it happens with real ones; none of it is a lie about money under a good signature."""

WHILE_ASKED = ("500_before", "500_after", "429", "drop_before", "drop_connection")
"""Of a call: refused, or its answer lost, before it was executed or after."""


def rules(strength=1.0):
    """The fault plan, for ``POST /world/faults``: each strikes so often, for ever."""

    def often(op, do, probability, **more):
        return {"op": op, "do": do, "times": 0, "probability": probability * strength, **more}

    found = []
    for channel in ("wechat_pay", "alipay"):
        notify = f"{channel}.notify"
        found += [
            often(f"{notify}.queue", "lose", 0.15),
            often(f"{notify}.queue", "delay_all", 0.10, seconds=3),
            often(notify, "bad_signature", 0.08),
            often(notify, "drop", 0.10),
            often(notify, "delay", 0.10, seconds=1),
            often(notify, "duplicate", 0.20),
        ]
        found += [often(f"{channel}.*", do, 0.03) for do in WHILE_ASKED]
        found.append(often(f"{channel}.*", "timeout", 0.01, seconds=0.3))
        found.append(often(f"{channel}.*", "delay", 0.03, seconds=0.3))
    found += [
        often("wechat_pay.notify", "signtest", 0.04),
        often("wechat_pay.notify", "stale", 0.02),
        often("wechat_pay.*", "bad_signature", 0.02),
        often("wechat_pay.*", "unsigned", 0.01),
        often("wechat_pay.refund_settle", "abnormal", 0.06),
        often("wechat_pay.refund_settle", "closed", 0.04),
    ]
    return found
