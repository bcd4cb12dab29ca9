"""The options of the commands; what they do is in the modules they import when they are called."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated, Any

import rich as _rich  # Missing, it is to be missed here and not in the middle of a command.
import typer

from .failure import Failure, one_line

__all__ = ["app", "run"]

assert _rich

app = typer.Typer(
    name="oxide",
    help="An OpenAI client for Python whose hot path is compiled.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Api(str, Enum):
    """Which API the demonstration calls."""

    RESPONSES = "responses"
    CHAT = "chat"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"oxide {version('oxide')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    base_url: Annotated[
        str | None, typer.Option(help="Server to talk to, with its /v1. Default: an embedded one.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(envvar="OPENAI_API_KEY", show_envvar=True, help="Key for --base-url; never printed."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model. Default: the first that the server lists.")
    ] = None,
    api: Annotated[Api, typer.Option(help="API to call.")] = Api.RESPONSES,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for each step.")] = 60.0,
) -> None:
    """Show a call, a stream, a retry after a 429 and what this machine dispatches to, in a few seconds."""
    from .demo import Settings, main

    main(Settings(base_url, api_key, model, api.value, timeout))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what is installed, what is compiled, and what the machine dispatches to."""
    from .doctor import main

    main(as_json=as_json)


@app.command("serve-mock")
def serve_mock(
    host: Annotated[str, typer.Option(help="Interface to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port, 0 for a free one.")] = 0,
    unix: Annotated[str | None, typer.Option(help="Unix socket to listen on, in place of TCP.")] = None,
    api_key: Annotated[str | None, typer.Option(help="Key to demand; default: take any.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Serve only this model; may be repeated. Default: any name.")
    ] = None,
    reply: Annotated[str | None, typer.Option(help="Text of every answer.")] = None,
    echo: Annotated[bool, typer.Option("--echo", help="Answer with the last user message.")] = False,
    tokens: Annotated[int | None, typer.Option(min=1, help="Length of every answer.")] = None,
    tokens_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Pace of streams; default: as fast as they are read.")
    ] = None,
    first_token: Annotated[float, typer.Option(min=0.0, help="Seconds to the first token.")] = 0.0,
    fault: Annotated[
        list[int] | None,
        typer.Option(
            min=400,
            max=599,
            help="Answer the first POST with this status; repeat it for the next ones.",
        ),
    ] = None,
    setup: Annotated[
        str | None, typer.Option(help="module:function called with the Server, to queue scripts.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no line per request.")] = False,
) -> None:
    """Run the embedded OpenAI-compatible server until it is interrupted; the first line is its base URL."""
    from .serve_mock import main

    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "unix": unix,
        "api_key": api_key,
        "models": model or None,
        "reply": reply,
        "echo": echo,
        "tokens": tokens,
        "tokens_per_second": tokens_per_second,
        "first_token": first_token,
    }
    main(options, faults=tuple(fault or ()), setup=setup, quiet=quiet)


def run() -> int:
    """Run the command line.

    Returns:
        The exit status of a command that failed; after all others typer ends the process itself.
    """
    try:
        app()
    except Failure as failure:
        print(f"oxide: {one_line(failure)}", file=sys.stderr)
        return failure.status
    return 0
