from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import documents
from core import http as kit
from core.http import problems, refusals

APIS = documents.apis()
ROOT = Path(__file__).parents[2]


def test_the_documents_in_the_repository_are_current():
    differing = documents.write(Path("docs/openapi"), check=True)
    assert not differing, f"run `yucun openapi`: {differing}"


@pytest.mark.parametrize("name", APIS)
def test_each_document_is_valid_openapi(name):
    OpenAPIV31SpecValidator(kit.openapi(APIS[name])).validate()


@pytest.mark.parametrize("name", APIS)
def test_every_operation_says_what_it_does_and_refuses_in_both_languages(name):
    document = kit.openapi(APIS[name])
    for route in APIS[name].routes:
        operation = document["paths"][f"{APIS[name].prefix}{route.path}"][route.method.lower()]
        assert all(operation["x-summaries"][locale] for locale in ("zh-CN", "en"))
        for refusal in refusals.expected(route):
            answer = operation["responses"][str(problems.status_of(refusal))]
            assert refusal.code in answer["description"]


def test_each_decision_has_a_number_of_its_own():
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    for name in names:
        head = (ROOT / "docs" / "decisions" / name).read_text("utf-8").splitlines()[0]
        assert head.startswith(f"# {int(name[:4])}. "), name
