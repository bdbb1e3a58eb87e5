"""docs/messages.md says of every kind what its class is and what it reads like."""

from pathlib import Path

from core import words
from notifications import kinds

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"


def table():
    rows = ["| kind | class | 中文 | English |", "|---|---|---|---|"]
    rows += [
        f"| `{kind}` | {kinds.class_of(kind)} | {words.say(f'messages.{kind}.title')} | {words.say(f'messages.{kind}.title', 'en')} |"
        for kind in sorted(kinds.KINDS, key=lambda kind: (kinds.CLASSES.index(kinds.class_of(kind)), kind))
    ]
    return "\n".join(rows)


def test_the_page_lists_every_kind_with_its_class():
    page = PAGE.read_text("utf-8")
    between = page.split("-->\n", 1)[1].split("\n<!-- end of kinds", 1)[0]
    assert between == table(), f"the table of kinds in docs/messages.md should be:\n{table()}"
