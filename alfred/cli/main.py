"""The command line: global options, commands that load when they are called, one place for errors."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from alfred import __version__
from alfred.application.exceptions import AlfredError
from alfred.cli.endings import INTERRUPTED
from alfred.cli.session import Session
from alfred.cli.text import printable, to_json

COMMANDS = {
    "init": "Mark a folder as a library.",
    "rescan": "Read the disk: adopt folders that carry an id, note what came and went.",
    "identify": "Find out which show a folder without an id is.",
    "sync": "Bring a show, or a few, up to date with TMDB.",
    "refresh": "Bring every show that is due up to date with TMDB.",
    "update": "Rescan, then refresh what is due: for cron and timers.",
    "list": "List the shows of the library.",
    "show": "Show one show with its seasons, episodes and files.",
    "wanted": "List episodes that have aired and have no file.",
    "tag": "Add tags to a show, or remove them.",
    "note": "Write a note on a show.",
    "cleanup": "End what got stuck: lost downloads, claims of a killed batch.",
    "prune": "Forget entries whose folder has been missing for long; the only delete.",
    "history": "Tell what changed on a show, or on all, and when.",
    "explain": "Say how a show stands, and whether the next refresh would take it.",
    "parse": "Say what Alfred reads from the name of a file; needs no library.",
    "provider": "Say how well TMDB can be reached, and what can be done about it.",
    "check": "Show where sidecars and index differ.",
    "doctor": "Look at everything the library rests on; say what is wrong and what mends it.",
    "demo": "Take the tour on a made-up library; needs no token and no network.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name and one sentence, and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"alfred.cli.commands.{cmd_name.replace('-', '_')}_command")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.command is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _store(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is not None and value is not False and parameter.name:
        setattr(ctx.ensure_object(Session), parameter.name, value)
    return value


def global_options() -> list[click.Option]:
    """Return the options that every command takes, before or after its name."""
    return [
        click.Option(
            ["--library"],
            type=click.Path(path_type=Path),
            metavar="ROOT",
            expose_value=False,
            callback=_store,
            help="The library root; default: ALFRED_LIBRARY, else the nearest parent that is a library.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=_store,
            help="Answer with one JSON document.",
        ),
        click.Option(
            ["--quiet"], is_flag=True, expose_value=False, callback=_store, help="Say nothing but errors."
        ),
        click.Option(["--verbose"], is_flag=True, expose_value=False, callback=_store, help="Say more on stderr."),
    ]


@click.group(
    cls=_LazyGroup,
    params=list(global_options()),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 done in part, 2 wrong usage or settings, 3 show not in the library, "
    "4 the provider failed, 5 the library is unavailable, 6 refused to mark, 130 interrupted.",
)
@click.version_option(__version__, prog_name="alfred", message="%(prog)s %(version)s")
def cli() -> None:
    """Alfred keeps one trustworthy index of a TV library: what TMDB lists, joined with what is on disk."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: without the program's name; by default the process's own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_to_print()
    session = Session(as_json="--json" in words)
    try:
        try:
            return _run(words, session)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return session.exit_code


def _run(words: list[str], session: Session) -> int:
    """Run a command, and turn whatever it raises into one line and an exit code."""
    try:
        if "_ALFRED_COMPLETE" in os.environ:
            cli.main(args=words, prog_name="alfred")
        with cli.make_context("alfred", words, obj=session) as context:
            result = cli.invoke(context)
    except BrokenPipeError:
        raise
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain(session, "interrupted", "interrupted; what was done until now is kept")
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(error.format_message() + "\n")
        return 0
    except click.UsageError as error:
        _complain(session, "usage", _with_help(error))
        return error.exit_code
    except click.ClickException as error:
        _complain(session, "usage", error.format_message())
        return error.exit_code
    except AlfredError as error:
        _complain(session, error.code, str(error))
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _complain(session, "os_error", f"{where}{error.strerror or error}")
        return 1
    return result if isinstance(result, int) else session.exit_code


def _with_help(error: click.UsageError) -> str:
    """Return what click says, in words for everybody, and where to read more."""
    said = error.format_message().replace("a valid integer range", "a whole number").rstrip(".")
    see = f"'{error.ctx.command_path if error.ctx else 'alfred'} --help'"
    return f"{said} See {see}" if said.endswith("?") else f"{said}; see {see}"


def _complain(session: Session, code: str, message: str) -> None:
    line = printable(" ".join(message.split()))
    sys.stderr.write(f"alfred: {line}\n")
    if session.as_json:
        sys.stdout.write(to_json({"error": {"code": code, "message": line}}) + "\n")


def _never_fail_to_print() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
