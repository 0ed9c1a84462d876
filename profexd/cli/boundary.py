"""The edge of both commands: every error becomes one to three lines on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import click

from profexd.api.errors import ProfexdError
from profexd.cli.console import STDOUT, Console
from profexd.client.errors import ApiError, ClientError, Unreachable
from profexd.wire import Exit

READER_GONE = 141
"""128 + SIGPIPE, as a program that dies of it would end."""
_USAGE_CODES = frozenset({"config_invalid", "unknown_pipeline", "not_found", "bad_request"})


class CommandError(Exception):
    """A command cannot go on: what failed, what to do, and the exit code."""

    def __init__(
        self, message: str, *, code: str, hint: str = "", exit_code: Exit = Exit.FAILED
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.exit_code = exit_code


def run(
    group: click.Group,
    program: str,
    argv: Sequence[str] | None,
    make_caller: Callable[[Console], object],
    *,
    bare_usage_exit: int = Exit.USAGE,
) -> int:
    """Run a command line and return its exit code; never raises for what a user or machine did.

    ``bare_usage_exit`` is the exit code of a usage error where no verb was written.
    """
    console = Console.of_process()
    complete = f"_{program.upper()}_COMPLETE"
    if complete in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(
            group, {"obj": make_caller(console)}, program, complete, os.environ[complete]
        )
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with group.make_context(program, arguments, obj=make_caller(console)) as context:
            result = group.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        _write_no_more()
        return READER_GONE
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (KeyboardInterrupt, click.Abort):
        if console.err_is_terminal:
            console.say("")  # below the ^C that the terminal shows
        return Exit.INTERRUPTED
    except click.ClickException as error:
        return _usage(console, error, bare_usage_exit)
    except CommandError as error:
        return _tell(console, error.message, error.code, error.hint, error.exit_code)
    except ProfexdError as error:
        code = error.error_code
        return _tell(console, error.message, code, error.hint, _exit_of_code(code))
    except ClientError as error:
        return _tell(console, error.message, error.code, error.hint, exit_of(error))
    except OSError as error:
        if error.filename == STDOUT:
            _write_no_more()
        elif not _written_out():
            error.filename = STDOUT
        return _tell(console, _of_os(error), "os_error", "", Exit.FAILED)
    return int(result or 0)


def exit_of(error: ClientError) -> Exit:
    """Return the exit code of a failed call to the daemon."""
    match error:
        case Unreachable(reason="permission"):
            return Exit.DENIED
        case Unreachable():
            return Exit.UNREACHABLE
        case ApiError(status=403):
            return Exit.DENIED
        case ApiError(status=400 | 404 | 422):
            return Exit.USAGE
        case _:
            return _exit_of_code(error.code)


def _exit_of_code(code: str) -> Exit:
    return Exit.USAGE if code in _USAGE_CODES else Exit.FAILED


def _write_no_more() -> None:
    """Lead stdout nowhere: Python flushes it once more at exit, and that must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _written_out() -> bool:
    """Whether stdout takes what was written; if it does not, nothing more is tried."""
    try:
        sys.stdout.flush()
    except OSError:
        _write_no_more()
        return False
    return True


def _usage(console: Console, error: click.ClickException, bare_usage_exit: int) -> int:
    from profexd.cli.lazy import UnknownVerb

    message = error.format_message().rstrip(".")
    if message[:2].istitle():
        message = message[0].lower() + message[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path.strip() if context is not None else ""
    hint = f"{path} --help" if path else ""
    bare = context is not None and context.parent is None and not isinstance(error, UnknownVerb)
    return _tell(console, message, "usage", hint, bare_usage_exit if bare else Exit.USAGE)


def _of_os(error: OSError) -> str:
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename is not None else what


def _tell(console: Console, message: str, code: str, hint: str, exit_code: int) -> int:
    _written_out()
    console.error(message, code, hint)
    return int(exit_code)
