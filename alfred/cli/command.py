"""What commands are built from: the decorator that adds the global options, and the TMDB id parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from alfred.cli.main import global_options
from alfred.cli.session import Session
from alfred.domain.shared.value_objects import TmdbId


class TmdbIdParameter(click.ParamType[TmdbId]):
    """A TMDB id on the command line."""

    name = "tmdb_id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TmdbId:
        """Read an id, or say what one looks like."""
        if isinstance(value, TmdbId):
            return value
        if str(value).startswith("--"):
            raise click.NoSuchOption(str(value), ctx=ctx)
        try:
            return TmdbId(int(value))
        except ValueError:
            self.fail(f"{value!r} is not a TMDB id: it is a positive number, such as 1396", param, ctx)


TMDB_ID = TmdbIdParameter()


def alfred_command(name: str, *, examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command that takes the session, and the global options beside its own.

    Args:
        name: the command's name.
        examples: command lines for its help, one a line.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        def call(*arguments: Any, **options: Any) -> int:
            session = click.get_current_context().ensure_object(Session)
            session.start_logging()
            function(session, *arguments, **options)
            return session.exit_code

        call.__doc__ = function.__doc__
        call.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]  # click's own mark
        epilog = "\b\nExamples:\n" + "\n".join(f"  {line.strip()}" for line in examples.strip().splitlines())
        # A negative number must reach the id parameter, which explains ids better than "no such option".
        settings = {"ignore_unknown_options": True}
        command = click.command(name, epilog=epilog, context_settings=settings)(call)
        command.params.extend(global_options())
        return command

    return decorate
