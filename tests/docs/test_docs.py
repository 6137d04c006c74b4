from __future__ import annotations

import inspect
import re
from enum import StrEnum
from pathlib import Path

import click
import pytest

from alfred.application import exceptions
from alfred.application.exceptions import AlfredError, ProviderError
from alfred.cli import main as command_line
from alfred.cli.main import COMMANDS, cli, global_options
from alfred.cli.session import Session
from alfred.domain.library.check import DifferenceKind
from alfred.domain.library.entry import EntryState
from alfred.domain.library.history import EventKind
from alfred.domain.library.placement import SlotState, UnmatchedReason
from alfred.domain.library.presence import BREAKER_LEAST, BREAKER_SHARE
from alfred.domain.library.release import FileStatus
from alfred.settings import PREFIX, declarations, load_settings
from bench.__main__ import BENCHMARKS
from tests.docs.pages import (
    DOCS,
    PAGES,
    PROJECT,
    alfred_calls,
    code_spans,
    fences,
    name_of,
    names_in,
    section,
    table,
    text_of,
    without_fences,
)

GLOBAL_OPTIONS = {name for option in global_options() for name in option.opts}
HELP = {"--help", "-h"}
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=name_of)


def command_named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"there is no command {name}"
    return command


def options_of(command: click.Command) -> set[str]:
    own = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(options_of, below))


def errors() -> list[type[AlfredError]]:
    return [
        thing for thing in vars(exceptions).values() if isinstance(thing, type) and issubclass(thing, AlfredError)
    ]


# --- commands


def test_the_page_of_commands_has_a_section_for_each_command_in_their_order() -> None:
    assert re.findall(r"^## `(.+)`$", text_of("docs/commands.md"), re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_section_of_a_command_has_its_options_and_arguments_and_no_others(name: str) -> None:
    command = command_named(name)
    text = section(text_of("docs/commands.md"), f"## `{name}`")
    arguments = {
        parameter.make_metavar(click.Context(command)).strip("[].")
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    }
    own = options_of(command) - GLOBAL_OPTIONS
    rows = table(text, "argument, option") or table(text, "argument") or table(text, "option")

    assert {documented for row in rows for documented in names_in(row[0])} == own | arguments
    assert set(re.findall(r"--[a-z][a-z-]+", text.partition("```console")[0])) - GLOBAL_OPTIONS == own


def test_the_page_of_commands_has_the_options_that_every_command_takes() -> None:
    rows = table(text_of("docs/commands.md"), "option")

    assert {option for row in rows for option in names_in(row[0])} == GLOBAL_OPTIONS | HELP


@EACH_PAGE
def test_command_lines_in_blocks_parse(page: Path) -> None:
    for block in fences(text_of(page)):
        for words in alfred_calls(block):
            assert_parses(words)


def assert_parses(words: list[str]) -> None:
    context = cli.make_context("alfred", list(words), obj=Session())
    name, *rest = [*context._protected_args, *context.args]
    command = command_named(name)
    if name == "sync" and not rest:
        return  # xargs gives the ids
    command.make_context(name, rest, parent=context)


@EACH_PAGE
def test_commands_and_options_in_the_text_exist(page: Path) -> None:
    for span in code_spans(text_of(page)):
        words = span.split()
        if words[0] == "alfred" and len(words) > 1 and words[1][0] not in "[-":
            known = options_of(command_named(words[1]))
            assert {word for word in words if word.startswith("--")} <= known, span


# --- settings


def test_the_page_of_settings_has_each_setting_with_its_default_and_no_other() -> None:
    rows = table(text_of("docs/settings.md"), "variable")
    documented = {(row[0], row[1], row[2]) for row in rows}

    assert documented == {
        (f"`{PREFIX}{name.upper()}`", f"`{name}`", shown(default)) for name, (_, default) in declarations().items()
    }


def shown(default: object) -> str:
    if default is None or default == ():
        return "none"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_the_settings_file_that_is_shown_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(fences(text_of("docs/settings.md"), "toml")[0], encoding="utf-8")

    settings = load_settings({}, file=file)

    assert settings.tmdb_language == "de-DE"


@EACH_PAGE
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(rf"(?<![A-Z_]){PREFIX}[A-Z_]+", text_of(page)))

    assert named <= {f"{PREFIX}{name.upper()}" for name in declarations()}


# --- how a command ends


def test_exit_codes_are_those_of_the_help() -> None:
    rows = table(text_of("docs/exit_codes.md"), "exit code")
    told = re.findall(r"(?:: |, )(\d+) ", cli.epilog or "")

    assert [row[0] for row in rows] == told
    assert {str(error.exit_code) for error in errors()} <= set(told)


def test_each_error_code_is_documented_with_its_exit_code_and_no_other_is() -> None:
    rows = table(text_of("docs/exit_codes.md"), "code")
    documented = {(names_in(row[0])[0], int(row[1])) for row in rows}
    of_errors = {(error.code, error.exit_code) for error in errors()}
    of_the_command_line = set(re.findall(r'_complain\(session, "(\w+)"', inspect.getsource(command_line)))

    assert of_errors <= documented
    assert {code for code, _ in documented} == {code for code, _ in of_errors} | of_the_command_line


def test_each_class_of_provider_error_is_documented_and_no_other_is() -> None:
    told = re.search(r"error_class: (.*?)\n        http_status:", inspect.getdoc(ProviderError) or "", re.DOTALL)
    if told is None:
        told = re.search(r"error_class: (.*?)http_status:", ProviderError.__doc__ or "", re.DOTALL)
    assert told is not None
    rows = table(text_of("docs/exit_codes.md"), "class")

    assert {names_in(row[0])[0] for row in rows} == set(re.findall(r"``(\w+)``", told[1]))


# --- states


@pytest.mark.parametrize(
    ("heading", "states"),
    [
        ("## Of an entry", list(EntryState)),
        ("## Of an episode slot", list(SlotState)),
    ],
)
def test_states_are_documented_in_the_order_in_which_they_apply(heading: str, states: list[str]) -> None:
    rows = table(section(text_of("docs/states.md"), heading), "state")

    assert [names_in(row[0])[0] for row in rows] == states


def test_statuses_of_files_are_documented() -> None:
    rows = table(section(text_of("docs/states.md"), "## Of an episode file"), "status")

    assert [names_in(row[0])[0] for row in rows] == list(FileStatus)


def test_reasons_why_a_file_fills_no_slot_are_documented() -> None:
    rows = table(section(text_of("docs/states.md"), "## Which slot a file fills"), "reason")

    assert [names_in(row[0])[0] for row in rows] == list(UnmatchedReason)


# --- documents for scripts


def test_the_page_of_documents_has_a_section_for_each_command_in_their_order() -> None:
    headings = re.findall(r"^## (.*`.*)$", text_of("docs/json.md"), re.MULTILINE)
    told = [name for heading in headings for name in re.findall(r"`(\w+)`", heading)]

    assert told == [name for name in COMMANDS if name in told]
    assert set(COMMANDS) == set(told)


@pytest.mark.parametrize(("heading", "kinds"), [("## `history`", EventKind), ("## `check`", DifferenceKind)])
def test_kinds_of_events_and_differences_are_documented_and_no_others(heading: str, kinds: type[StrEnum]) -> None:
    rows = table(section(text_of("docs/json.md"), heading), "kind")

    assert {name for row in rows for name in names_in(row[0])} == {kind.value for kind in kinds}


def test_the_guard_of_a_rescan_is_documented_with_its_numbers() -> None:
    words = {3: "three", 4: "four", 5: "five", 10: "ten"}
    shares = {3: "third", 4: "fourth", 5: "fifth", 10: "tenth"}
    told = f"{words[BREAKER_LEAST]} shows or more, and more than a {shares[BREAKER_SHARE]} of those"

    assert told in " ".join(text_of("docs/states.md").split())


# --- the pages themselves


@EACH_PAGE
def test_links_lead_to_a_file_or_a_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_fences(text_of(page))):
        target, _, anchor = link.partition("#")
        if target.startswith("https:"):
            continue
        file = page.parent / target if target else page
        assert file.is_file(), link
        if anchor:
            assert anchor in {slug(line) for line in text_of(file).splitlines() if line.startswith("#")}, link


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lstrip("#").strip().lower()).replace(" ", "-")


def test_every_page_of_the_documentation_is_listed() -> None:
    listed = set(re.findall(r"\]\(([^)\s]+)\)", text_of("docs/README.md")))

    assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"} <= listed


def test_decisions_are_listed_in_their_order() -> None:
    listed = re.findall(r"^- \[(\d{4}) .+\]\(decisions/(.+)\)$", text_of("docs/README.md"), re.MULTILINE)

    assert [name for _, name in listed] == [page.name for page in sorted((DOCS / "decisions").glob("*.md"))]
    assert [number for number, _ in listed] == [name[:4] for _, name in listed]


def test_each_benchmark_is_explained_and_no_other() -> None:
    rows = table(text_of("bench/README.md"), "name")

    assert [names_in(row[0])[0] for row in rows] == list(BENCHMARKS)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:4]) for page in sorted((DOCS / "decisions").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_has_its_four_parts_and_a_date(page: Path) -> None:
    text = text_of(page)

    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: \w+\.$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Alternatives",
    ]


@EACH_PAGE
def test_pages_name_no_folder_of_the_machine_they_were_written_on(page: Path) -> None:
    text = text_of(page)

    assert str(PROJECT) not in text
    assert not re.search(r"(?<![a-z])/work/|/root/|/home/(?!me/)|/tmp/(?!tv)", text)
    assert not re.search(r"pypi|pythonhosted|index-url|extra-index|:\d{4,5}/", text, re.IGNORECASE)


@EACH_PAGE
def test_lines_are_not_too_long_to_read(page: Path) -> None:
    outside = [line for line in without_fences(text_of(page)).splitlines() if not line.startswith("|")]

    assert [line for line in outside if len(line) > 120] == []


def test_the_readme_carries_the_notice_that_tmdb_asks_for() -> None:
    text = " ".join(text_of("README.md").split())

    assert "This product uses the TMDB API but is not endorsed or certified by TMDB." in text
    assert "six months" in text
    assert "non-commercial" in text


def test_the_readme_names_targets_of_the_makefile() -> None:
    makefile = text_of("Makefile")

    for target in re.findall(r"^ {4}make (\w+)", text_of("README.md"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_changelog_begins_with_what_is_not_released() -> None:
    assert re.findall(r"^## (.+)$", text_of("CHANGELOG.md"), re.MULTILINE)[0] == "[Unreleased]"
