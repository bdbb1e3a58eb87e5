"""Editing: operators put messages into words, look at them filled in, and are told which field breaks which limit of a platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core import clock, db, errors, words
from notifications import limits, templates, wordings
from notifications.kinds import KINDS
from notifications.wordings import Version

Place = Literal["subscribe", "template", "customer_service", "sms", "email", "inbox"]
PLACES: tuple[Place, ...] = get_args(Place)


class NoSuchWording(errors.NotFound):
    """There is no such kind of message, channel or language."""

    code = "no_such_wording"


class WordingWrong(errors.Invalid):
    """A field of a wording is missing, is not known, or breaks a limit of the platform: ``field`` and ``limit`` say which."""

    code = "wording_wrong"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message, filled in; ``wrong``: the limit it breaks."""

    name: str
    text: str
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as its customer would read it. ``pieces``: how many short messages it is sent, and paid, as."""

    fields: tuple[Field, ...]
    pieces: int | None = None


def values_of(kind: str) -> tuple[str, ...]:
    """What a kind of message can be told with: what its sentences in the catalogue name, and what every template may use."""
    found: dict[str, None] = dict.fromkeys(templates.VALUES)
    for key in sorted(words.keys(words.DEFAULT_LOCALE)):
        if key.startswith(f"messages.{kind}."):
            found |= dict.fromkeys(words.placeholders(words.template(key, words.DEFAULT_LOCALE)))
    return tuple(found)


def sample(kind: str) -> dict[str, Any]:
    """What a message of this kind might have to tell."""
    return {
        name: _example(name) for name in values_of(kind) if name not in templates.VALUES or name == "title"
    }


def preview(
    kind: str, channel: str, locale: str, content: Mapping[str, Any], params: Mapping[str, Any] | None = None
) -> Preview:
    """The wording filled in, with an example's values where none are given.

    Raises:
        NoSuchWording.
        WordingWrong: it is not whole, or names a value that this kind does not have.
    """
    _known(kind, channel, locale)
    return _SHAPES[channel](_Sheet(kind, locale, content, {**sample(kind), **(params or {})}))


@db.retried
async def save(
    kind: str, channel: str, locale: str, content: Mapping[str, Any] | None, *, by: str
) -> Version:
    """From now on messages read so; None: as the house has them.

    Raises:
        NoSuchWording.
        WordingWrong: also where an example filled in breaks a limit.
    """
    _known(kind, channel, locale)
    if content is not None:
        for field in preview(kind, channel, locale, content).fields:
            if field.wrong is not None:
                raise WordingWrong(field=field.name, limit=field.wrong)
    async with db.transaction():
        (last, *_) = await wordings.history(kind, channel, locale, limit=1) or (None,)
        if last is not None and last.content == content:
            return last  # a repeat of the same request, or nothing to change
        return await wordings.save(kind, channel, locale, content, by=by)


def _known(kind: str, channel: str, locale: str) -> None:
    if kind not in KINDS or channel not in PLACES or locale not in words.LOCALES:
        raise NoSuchWording


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A wording being looked at."""

    kind: str
    locale: str
    content: Mapping[str, Any]
    params: Mapping[str, Any]

    def only(self, *names: str) -> None:
        """Nothing but these is in it."""
        for name in self.content:
            if name not in names:
                raise WordingWrong(field=name, limit="没有这一项 · there is no such field")

    def text(self, name: str, form: str, limit: str, *, optional: bool = False) -> str:
        """A text that is taken as it stands."""
        value = self.content.get(name)
        if value in (None, "") and optional:
            return ""
        if not isinstance(value, str) or not re.fullmatch(form, value):
            raise WordingWrong(field=name, limit=limit)
        return value

    def patterns(self, name: str, form: str, limit: str) -> dict[str, str]:
        """Patterns by name."""
        value = self.content.get(name)
        if not isinstance(value, dict) or len(value) > 30:
            raise WordingWrong(field=name, limit="1–30 项 · 1 to 30 fields")
        for key, pattern in value.items():
            if not re.fullmatch(form, key):
                raise WordingWrong(field=f"{name}.{key}"[:80], limit=limit)
            self._checked(f"{name}.{key}", pattern)
        return value

    def pattern(self, name: str) -> str:
        """A pattern, filled in."""
        value = self._checked(name, self.content.get(name))
        return templates.text({name: value}, self.kind, self.params, self.locale, part=name)

    def filled(self, patterns: Mapping[str, str]) -> dict[str, str]:
        return templates.patterns(patterns, self.kind, self.params, self.locale)

    def _checked(self, name: str, pattern: Any) -> str:
        if not isinstance(pattern, str) or not pattern.strip() or len(pattern) > limits.MAIL_CHARS:
            raise WordingWrong(field=name, limit="不为空 · not empty")
        try:
            named = words.placeholders(pattern)
        except ValueError as fault:
            raise WordingWrong(
                field=name, limit=f"花括号里写值的名字 · braces hold a value's name: {fault}"
            ) from None
        known = values_of(self.kind)
        for value in named:
            if value not in known:
                raise WordingWrong(field=name, limit=f"没有 {value} · one of {', '.join(known)}")
        return pattern


def _platform(sheet: _Sheet) -> Preview:
    sheet.only("template_id", "page", "fields")
    sheet.text("template_id", r"[\w-]{1,64}", "模板 ID · the template's id")
    sheet.text(
        "page", r"(?!/)[^\s:]{1,200}", "小程序页面，不以 / 开头 · a page, without a leading /", optional=True
    )
    patterns = sheet.patterns("fields", r"[a-z_]{1,30}[0-9]{0,3}", "模板的字段名 · a keyword of the template")
    if not patterns:
        raise WordingWrong(field="fields", limit="至少一项 · at least one")
    for keyword in patterns:
        if limits.keyword_type(keyword) is None:
            raise WordingWrong(
                field=f"fields.{keyword}", limit="平台没有这种字段 · the platform has no such type"
            )
    return Preview(
        tuple(
            Field(f"fields.{keyword}", value, limits.wrong(keyword, value))
            for keyword, value in sheet.filled(patterns).items()
        )
    )


def _customer_service(sheet: _Sheet) -> Preview:
    sheet.only("text")
    text = sheet.pattern("text")
    wrong = f"≤ {limits.TEXT_BYTES} 字节 · bytes" if len(text.encode()) > limits.TEXT_BYTES else None
    return Preview((Field("text", text, wrong),))


def _sms(sheet: _Sheet) -> Preview:
    sheet.only("template_code", "sign_name", "params", "text")
    sheet.text("template_code", r"[A-Za-z0-9_]{1,40}", "模板 CODE，如 SMS_123 · the template's code")
    least, most = limits.SMS_SIGNATURE_CHARS
    sign_name = sheet.text(
        "sign_name",
        rf"[^\s【】\[\]]{{{least},{most}}}",
        f"{least}–{most} 字，不带【】 · characters",
        optional=True,
    )
    filled = sheet.filled(
        sheet.patterns("params", r"[A-Za-z_][A-Za-z0-9_]{0,29}", "模板变量名 · a variable of the template")
    )
    longest = limits.SMS_VARIABLE_CHARS
    fields = [
        Field(f"params.{name}", value, f"≤ {longest} 字 · characters" if len(value) > longest else None)
        for name, value in filled.items()
    ]
    given = sheet.text("text", r"(?s).{1,500}", "≤ 500 字 · characters", optional=True)
    if not given:
        return Preview(tuple(fields))
    body = re.sub(r"\$\{(\w+)\}", lambda match: filled.get(match.group(1), ""), given)
    missing = next((name for name in re.findall(r"\$\{(\w+)\}", given) if name not in filled), None)
    whole = f"【{sign_name or '签名'}】{body}"
    wrong = f"缺少变量 · no value for {missing}" if missing else None
    if wrong is None and len(whole) > limits.SMS_CHARS:
        wrong = f"≤ {limits.SMS_CHARS} 字，含签名 · characters with the signature"
    return Preview((*fields, Field("text", whole, wrong)), limits.sms_pieces(whole))


def _two(first: str, first_most: int, second: str, second_most: int) -> Callable[[_Sheet], Preview]:
    def shape(sheet: _Sheet) -> Preview:
        sheet.only(first, second)
        found = []
        for name, most in ((first, first_most), (second, second_most)):
            text = sheet.pattern(name)
            wrong = f"≤ {most} 字 · characters" if len(text) > most else None
            if name == first and re.search(r"[\x00-\x1f]", text):
                wrong = "没有换行 · on one line"
            found.append(Field(name, text, wrong))
        return Preview(tuple(found))

    return shape


_SHAPES: Mapping[str, Callable[[_Sheet], Preview]] = {
    "subscribe": _platform,
    "template": _platform,
    "customer_service": _customer_service,
    "sms": _sms,
    "email": _two("subject", limits.SUBJECT_CHARS, "body", limits.MAIL_CHARS),
    "inbox": _two("title", limits.TITLE_CHARS, "body", limits.BODY_CHARS),
}


def _example(name: str) -> Any:
    if name.endswith("_fen"):
        return 12_345
    if name in templates.INSTANTS or name == "runs_out_on":
        return clock.now()
    return {"title": "茶艺月课", "days": 7, "parts": 3, "name": "小林", "receipt_no": "R26112500001"}.get(
        name, "示例"
    )
