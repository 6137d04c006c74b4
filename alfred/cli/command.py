"""What commands are built from: the decorator that adds the global options, and the TMDB id parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from alfred.cli.main import global_options
from alfred.cli.session import Session
from alfred.domain.shared.value_objects import TmdbId

NOT_AN_ID = "'{}' is not a TMDB id: it is a positive number, such as 1396"


class TmdbIdParameter(click.ParamType[TmdbId]):
    """A TMDB id on the command line."""

    name = "tmdb_id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TmdbId:
        """Read an id, or say what one looks like."""
        if isinstance(value, TmdbId):
            return value
        try:
            return TmdbId(int(value))
        except ValueError:
            self.fail(NOT_AN_ID.format(value), param, ctx)


TMDB_ID = TmdbIdParameter()


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Explain what an id is where a negative number stands for one; click takes it for an option."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name.lstrip("-")[:1].isdigit():
                raise click.BadParameter(NOT_AN_ID.format(error.option_name), ctx=ctx) from None
            raise


def alfred_command(name: str, *, examples: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a function a command that takes the session, and the global options beside its own.

    Args:
        name: the command's name.
        examples: command lines for its help, one a line.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        command = click.command(name, cls=_Command, epilog=_epilog(examples))(_with_session(function))
        command.params.extend(global_options())
        return command

    return decorate


def alfred_group(name: str, *, examples: str) -> Callable[[Callable[..., None]], click.Group]:
    """Make a function a command that can be called by itself, and that has commands below it.

    Args:
        name: the command's name.
        examples: command lines for its help, one a line.
    """

    def decorate(function: Callable[..., None]) -> click.Group:
        alone = _with_session(function)

        def call(**options: Any) -> int:
            return 0 if click.get_current_context().invoked_subcommand else alone(**options)

        call.__doc__ = function.__doc__
        call.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]  # click's own mark
        group = click.group(name, invoke_without_command=True, epilog=_epilog(examples))(call)
        group.params.extend(global_options())
        return group

    return decorate


def _with_session(function: Callable[..., None]) -> Callable[..., int]:
    def call(*arguments: Any, **options: Any) -> int:
        session = click.get_current_context().ensure_object(Session)
        session.start_logging()
        function(session, *arguments, **options)
        return session.exit_code

    call.__doc__ = function.__doc__
    call.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]  # click's own mark
    return call


def _epilog(examples: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line.strip()}" for line in examples.strip().splitlines())
