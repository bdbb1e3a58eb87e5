"""The how-tos are true: every request they show exists and takes what is sent, every command parses, every code and alert is one."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app import cli
from benchmarks import place
from billing import staff_alerts
from core import words

GUIDES = sorted(Path("docs/how-to").glob("*.md"))
ADMIN = json.loads(Path("docs/openapi/admin.json").read_text())


def commands(program):
    """(guide, arguments) of every command of a program, in blocks and between back-ticks, ``$(…)`` and redirections aside."""
    found = []
    for guide in GUIDES:
        text = guide.read_text().replace("\\\n", " ")
        lines = re.findall(rf"^ *{program} [^\n]+$", text, re.M) + re.findall(rf"`{program} ([^`\n]+)`", text)
        for line in lines:
            line = line.strip().removeprefix(f"{program} ").split(" > ")[0]
            found.append(pytest.param(shlex.split(line, comments=True), id=f"{guide.stem}: {line[:60]}"))
    return found


@pytest.mark.parametrize("arguments", commands("shop"))
def test_a_request_that_is_shown_exists_and_takes_what_is_sent(arguments):
    target, *more = arguments
    body = json.loads(more[more.index("-d") + 1]) if "-d" in more else None
    asked = urlsplit(target)
    template = next((path for path in ADMIN["paths"] if fits(path, asked.path)), None)
    assert template, asked.path
    method = more[more.index("-X") + 1].lower() if "-X" in more else "get" if body is None else "post"
    route = ADMIN["paths"][template][method]
    named = {parameter["name"] for parameter in route.get("parameters", ()) if parameter["in"] == "query"}
    assert set(parse_qs(asked.query)) <= named
    if body:
        schema = route["requestBody"]["content"]["application/json"]["schema"]
        schema = ADMIN["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        assert set(schema.get("required", ())) <= set(body) <= set(schema["properties"])


def fits(template, path):
    # a name in braces stands for one part of a path; what is written out comes first in the document
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and (
        path in ADMIN["paths"] or re.search(r"\d", path) or "{" not in template
    )


@pytest.mark.parametrize("arguments", commands("yucun"))
def test_a_command_that_is_shown_parses(arguments):
    assert cli._parser().parse_args(arguments).command


@pytest.mark.parametrize("guide", ["counter", "money-set-aside", "set-up-a-shop"])
def test_codes_alerts_fields_and_settings_that_are_named_exist(guide):
    known = Path("docs/openapi/admin.json").read_text() + Path("config.example.toml").read_text()
    known += " ".join((*words.keys("en"), *staff_alerts.Kind.__args__))
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", Path(f"docs/how-to/{guide}.md").read_text())
    assert named and not [name for name in named if not re.search(rf"\b{name}\b", known)]


def test_benchmarks_have_the_memory_that_is_advised():
    guide = Path("docs/how-to/production.md").read_text()
    assert [f"`{name} = {value}`" for name, value in place.POSTGRES.items()] == re.findall(
        r"`\w+ = \d+[GM]B`", guide
    )
