"""The ledger of a run: what it writes down before and after every effect, and how it goes on from there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from typing_extensions import TypedDict

from oxide.errors import mapping_of
from oxide.helpers.shapes import Faults, got

if TYPE_CHECKING:
    from oxide.types.responses.response_input_param import ResponseInputParam
    from oxide.types.responses.tool_param import ToolParam

    from .turn import ToolOutput

__all__ = [
    "AsyncResponsesToolLedger",
    "ResponsesToolCheckpoint",
    "boundary_faults",
    "recorded_tools",
    "state_url",
]


class ResponsesToolCheckpoint(TypedDict):
    """A run as it was at one moment, as JSON data; keep it private, it holds the whole conversation.

    `boundary`: between two requests, a run can go on from here. `pending`: calls were begun, and only who
    made them can tell what came of them. `final`: the run has ended. `attempted_call_ids` are calls begun,
    `returned_call_ids` those whose output is known, which is no proof of an effect.

    Tools are written down without the credentials of MCP servers and code containers, whose addresses are
    fingerprints: a run that goes on brings its own.

    Source: same name and keys as in the official SDK; either package reads what the other has written.
    """

    version: Literal[1]
    run_id: str
    revision: int
    phase: Literal["boundary", "pending", "final"]
    max_steps: int
    consumed_requests: int
    tools: list[ToolParam]
    output_override_names: list[str]
    history: ResponseInputParam
    attempted_call_ids: list[str]
    returned_call_ids: list[str]
    pending_items: list[dict[str, object]]
    returned_outputs: list[ToolOutput]
    final_response: dict[str, object] | None


@dataclass(frozen=True)
class AsyncResponsesToolLedger:
    """Where a run writes itself down.

    Every checkpoint is a whole one, so storage and time grow with the square of a long run; a context budget
    does not limit it.

    Args:
      run_id: what the run is called; one run at a time may write under it.
      save: is awaited with each checkpoint, which has to be stored for good when it returns.
      resume_from: the checkpoint of a `boundary` to go on from.

    Source: same name and arguments as in the official SDK.
    """

    run_id: str
    save: Callable[[ResponsesToolCheckpoint], Awaitable[None]]
    resume_from: ResponsesToolCheckpoint | None = None


def recorded_tools(tools: list[Any]) -> list[Any]:
    """Tools as a checkpoint holds them: nothing secret in them.

    Args:
      tools: the tools of a run.

    Raises:
      RuntimeError: the address of an MCP server is none.
    """
    return [_recorded(tool) for tool in tools]


def _recorded(tool: Any) -> Any:
    if tool["type"] == "mcp":
        kept = {name: value for name, value in tool.items() if name not in ("authorization", "headers")}
        address = kept.get("server_url")
        if isinstance(address, str):
            kept["server_url"] = f"sha256:{sha256(state_url(address).encode()).hexdigest()}"
        return kept
    if tool["type"] == "code_interpreter":
        container = mapping_of(tool["container"])
        policy = mapping_of(container.get("network_policy"))
        if policy.get("type") == "allowlist" and policy.get("domain_secrets") is not None:
            secrets = [{**secret, "value": ""} for secret in policy["domain_secrets"]]
            policy = {**policy, "domain_secrets": secrets}
            return {**tool, "container": {**container, "network_policy": policy}}
    return tool


_SECRETS = frozenset(
    (
        *("accesstoken", "apikey", "authorization", "authtoken", "clientsecret", "idtoken", "password"),
        *("refreshtoken", "sessionid", "sessiontoken", "sig", "signature", "signingsecret", "token"),
        *("xamzcredential", "xamzsecuritytoken", "xamzsignature", "xgoogcredential", "xgoogsignature"),
    )
)


def state_url(address: str) -> str:
    """An address without what is secret in it: user, password, fragment, and values of such parameters.

    Args:
      address: a URL.

    Raises:
      RuntimeError: it has no scheme, or is HTTP without a host.
    """
    parts = urlsplit(address)
    if not parts.scheme or (parts.scheme in ("http", "https") and not (parts.netloc and parts.hostname)):
        raise RuntimeError("the address of a server needs a scheme and a host")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    hidden = [(name, "***" if _is_secret(name) else value) for name, value in pairs]
    query = parts.query
    # Written anew only where something is hidden: it would not come out the same.
    if any(_is_secret(name) for name, _ in pairs):
        query = urlencode(hidden, safe="*")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def _is_secret(name: str) -> bool:
    bare = re.sub("[-_]", "", name.lower())
    return bare in _SECRETS or (bare.startswith("x") and bare[1:] in _SECRETS)


def same_json(one: object, other: object) -> bool:
    """Whether two values are the same JSON: order of keys aside, but 1, 1.0 and true apart."""
    import json

    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def boundary_faults(checkpoint: dict[str, Any]) -> Faults:
    """What keeps a document from being a checkpoint that a run can go on from."""
    expected = ResponsesToolCheckpoint.__annotations__
    missing = [name for name in expected if name not in checkpoint]
    if missing:
        yield "", f"a whole checkpoint is needed, without {', '.join(missing)} it is none"
        return
    for name in sorted(checkpoint.keys() - expected.keys()):
        yield "", f"{name!r} is no part of a checkpoint"
    if type(checkpoint["version"]) is not int or checkpoint["version"] != 1:
        yield "['version']", "1 is needed"
    if checkpoint["phase"] != "boundary":
        yield (
            "['phase']",
            "a run goes on from a 'boundary' only; of what is pending only its maker knows what came of it",
        )
    for name in ("pending_items", "returned_outputs"):
        if checkpoint[name] != []:
            yield f"['{name}']", "at a boundary it is empty"
    if checkpoint["final_response"] is not None:
        yield "['final_response']", "at a boundary there is none"
    for name in ("history", "attempted_call_ids", "returned_call_ids"):
        if not isinstance(checkpoint[name], list):
            yield f"['{name}']", got("a list", checkpoint[name])
