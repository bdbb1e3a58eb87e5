"""The search for an order of steps, one after the other, that explains what happened at once."""

from __future__ import annotations

from tests.model.books import Refused


def play(part, model, seen):
    try:
        return ("ok", part(model, seen))
    except Refused as refusal:
        return ("no", refusal.codes)


def agree(shop, model):
    if shop[0] == "no":
        return model[0] == "no" and shop[1] in model[1]
    return shop == model


class Orders:
    """The search for an order of steps, one after the other, that explains what happened at once."""

    def __init__(self, done, look):
        self.done, self.look, self.nearest = done, look, None

    def search(self, model):
        return self._from(model, [0] * len(self.done), [None] * len(self.done)), self.nearest

    def _from(self, model, progress, said):
        if all(at == len(one.parts) for at, one in zip(progress, self.done, strict=True)):
            self.nearest = model.look_at_all()
            return model if self.nearest == self.look else None
        tried = set()
        for index, one in enumerate(self.done):
            same = (id(one.step), progress[index], repr(one.outcome))
            if progress[index] == len(one.parts) or (same in tried and len(one.parts) == 1):
                continue
            tried.add(same)
            copy = model.copy()
            answer = added(said[index], play(one.parts[progress[index]], copy, one.seen))
            last = progress[index] + 1 == len(one.parts)
            if last and not agree(one.outcome, answer):
                continue
            found = self._from(
                copy, replaced(progress, index, progress[index] + 1), replaced(said, index, answer)
            )
            if found is not None:
                return found
        return None


def added(before, now):
    if before is None or before[0] == "no" or now[0] == "no":
        return now if before is None else before
    one, other = before[1], now[1]
    if other is None:
        return now
    return ("ok", tuple(map(sum, zip(one, other, strict=True))) if isinstance(one, tuple) else one + other)


def replaced(items, index, item):
    return [*items[:index], item, *items[index + 1 :]]


def difference(model, shop):
    if model is None:
        return "the answers"
    return {
        name: {"model": _less(model[name], shop[name]), "shop": _less(shop[name], model[name])}
        for name in shop
        if model[name] != shop[name]
    }


def _less(one, other):
    if not isinstance(one, dict):
        return one
    return {key: value for key, value in one.items() if key not in other or other[key] != value}
