"""What the documents of the console name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(
    r"`((?:tests|members|core|console|admin_api|billing|shop|reports|docs)/[\w./-]+\.(?:py|md|toml))`"
)


@pytest.mark.parametrize("document", ["security.md", "console.md"])
def test_every_file_a_document_names_is_there(document):
    named = NAMED.findall((ROOT / "docs" / document).read_text("utf-8"))
    assert len(named) > 3
    assert [path for path in named if not (ROOT / path).exists()] == []
