from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, name_of, text_of
from tests.docs.transcripts import Step, masked, run_steps, steps_of

PAGES_WITH_STEPS = [page for page in PAGES if list(steps_of(text_of(page)))]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the pages are run with bash")


@pytest.mark.parametrize("page", PAGES_WITH_STEPS, ids=name_of)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    steps = list(steps_of(text_of(page)))

    printed = run_steps(steps, tmp_path)

    assert len(printed) == len(steps)
    for step, output in zip(steps, printed, strict=True):
        if step.output is not None:
            again = f"'python -m tests.docs.transcripts {name_of(page)}' writes it anew"
            assert masked(output) == masked(step.output), f"alfred prints something else now; {again}"


@pytest.mark.parametrize("page", PAGES_WITH_STEPS, ids=name_of)
def test_documents_that_the_page_shows_are_json(page: Path) -> None:
    for step in steps_of(text_of(page)):
        if "--json" in step.command and step.output:
            json.loads(step.output)


def test_a_page_that_shows_something_else_is_told_apart() -> None:
    page = "```console\n$ echo one\ntwo\n$ echo $?\n0\n```\n<!-- run: true -->\n"

    assert list(steps_of(page)) == [Step("echo one", "two"), Step("echo $?", "0"), Step("true", None)]
    assert masked("2026-01-31 one") == masked("2027-12-01 one")
    assert masked("one") != masked("two")


def test_the_lines_of_the_readme_leave_no_placeholder(tmp_path: Path) -> None:
    lines = ("alfred init .", "alfred rescan", "alfred refresh")
    readme = text_of("README.md")
    assert all(f"\n{line}\n" in readme for line in lines[1:])
    steps = [Step(line, None) for line in (*lines, "alfred --json list --state placeholder", lines[-1])]

    outputs = run_steps(steps, tmp_path)

    assert json.loads(outputs[3]) == {"shows": []}
    assert outputs[4] == "Nothing to refresh: no show is due."
