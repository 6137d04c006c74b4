from __future__ import annotations

from alfred.domain.connectivity import NEXT_STEPS, ProviderStatus
from tests.docs.pages import names_in, section, table, text_of

PAGE = "docs/provider_states.md"


def test_each_status_is_explained() -> None:
    rows = table(text_of(PAGE), "status")

    assert {names_in(row[0])[0] for row in rows} == set(ProviderStatus)


def test_each_class_has_its_next_step_as_the_command_names_it() -> None:
    rows = table(section(text_of(PAGE), "## What to do"), "class")

    assert [names_in(row[0])[0] for row in rows] == list(NEXT_STEPS)
    for row in rows:
        named = {name for name in names_in(row[1]) if name.startswith("ALFRED_")}
        assert all(name in NEXT_STEPS[names_in(row[0])[0]] for name in named), row
