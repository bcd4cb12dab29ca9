"""Items of conversations as the API sends and takes them, and ways to spoil them."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

__all__ = [
    "APPROVAL",
    "CALLS",
    "CONTENT",
    "INPUTS",
    "JUNK",
    "SERVER_TOOLS",
    "TOOL_ITEMS",
    "altered",
    "tampered",
]

Item = dict[str, Any]

SCORE = {"token": "a", "bytes": [97], "logprob": -0.5}
SERVER_TOOLS: list[Item] = [
    {"type": "web_search"},
    {"type": "file_search", "vector_store_ids": ["vs_1"]},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "image_generation"},
    {"type": "mcp", "server_label": "files", "server_url": "https://user:pw@mcp.test/a?api_key=s&x=1#f"},
    {"type": "mcp", "server_label": "free", "server_url": "https://free.test", "require_approval": "never"},
]

CONTENT: list[Item] = [
    {
        "id": "msg_x", "type": "message", "role": "assistant", "status": "completed", "phase": "commentary",
        "content": [
            {"type": "refusal", "refusal": "no"},
            {"type": "output_text", "text": "a", "annotations": [
                {"type": "file_citation", "file_id": "f", "filename": "n", "index": 1},
                {"type": "url_citation", "title": "t", "url": "u", "start_index": 1, "end_index": 2},
                {"type": "file_path", "file_id": "f", "index": 1},
                {"type": "container_file_citation", "container_id": "c", "file_id": "f", "filename": "n",
                 "start_index": 1, "end_index": 2},
            ], "logprobs": [{**SCORE, "top_logprobs": [SCORE]}]},
        ],
    },
    {"id": "rs_x", "type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}],
     "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": "e", "status": "completed"},
    {"id": "cmp_x", "type": "compaction", "encrypted_content": "e"},
]  # fmt: skip

TOOL_ITEMS: list[Item] = [
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {
        "type": "search", "query": "q", "queries": ["q"], "sources": [{"type": "url", "url": "u"}]}},
    {"id": "ws_2", "type": "web_search_call", "status": "completed", "action": {
        "type": "open_page", "url": "u"}},
    {"id": "ws_3", "type": "web_search_call", "status": "completed", "action": {
        "type": "find_in_page", "pattern": "p", "url": "u"}},
    {"id": "fs_1", "type": "file_search_call", "status": "completed", "queries": ["q"], "results": [
        {"file_id": "f", "filename": "n", "text": "t", "score": 0.5,
         "attributes": {"a": 1, "b": "c", "d": True}},
        {"score": 1, "attributes": None}]},
    {"id": "ci_1", "type": "code_interpreter_call", "status": "completed", "container_id": "ct", "code": "1",
     "outputs": [{"type": "logs", "logs": "l"}, {"type": "image", "url": "u"}]},
    {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": "aGk=",
     "action": "generate", "background": "opaque", "output_format": "png", "quality": "low", "size": "1x1",
     "revised_prompt": "p"},
    {"id": "ml_1", "type": "mcp_list_tools", "server_label": "files", "tools": [
        {"name": "look", "input_schema": {"type": "object"}, "description": None, "annotations": None}]},
    {"id": "mc_1", "type": "mcp_call", "server_label": "free", "name": "look", "arguments": "{}",
     "output": "o", "error": None, "approval_request_id": None},
]  # fmt: skip

APPROVAL: Item = {
    "id": "mr_1", "type": "mcp_approval_request", "server_label": "files", "name": "look", "arguments": "{}"
}  # fmt: skip

CALLS: list[tuple[Item, Item]] = [
    (
        {"id": "fc_x", "type": "function_call", "call_id": "x1", "name": "ok", "arguments": '{"n": 1}',
         "status": "completed", "namespace": "ok", "caller": {"type": "program", "caller_id": "p"}},
        {"type": "function_call_output", "call_id": "x1", "status": "completed", "id": "fo_x",
         "caller": {"type": "direct"}, "output": [
             {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
             {"type": "input_image", "image_url": "data:x", "detail": "low"},
             {"type": "input_file", "file_id": "f", "filename": "n", "detail": "high"}]},
    ),
    (
        {"id": "cc_x", "type": "computer_call", "call_id": "x2", "status": "completed", "actions": [
            {"type": "click", "x": 1, "y": 2, "button": "left", "keys": ["ctrl"]},
            {"type": "double_click", "x": 1, "y": 2, "keys": None}, {"type": "move", "x": 1, "y": 2},
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 3, "scroll_y": 4},
            {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
            {"type": "keypress", "keys": ["a"]}, {"type": "type", "text": "t"}, {"type": "wait"},
            {"type": "screenshot"}],
         "pending_safety_checks": [{"id": "sc", "code": "c", "message": None}]},
        {"type": "computer_call_output", "call_id": "x2", "id": "co_x", "status": "completed",
         "output": {"type": "computer_screenshot", "image_url": "data:x", "file_id": None},
         "acknowledged_safety_checks": [{"id": "sc", "code": "c", "message": "m"}]},
    ),
    (
        {"id": "cc_y", "type": "computer_call", "call_id": "x3", "status": "completed",
         "action": {"type": "screenshot"}, "pending_safety_checks": []},
        {"type": "computer_call_output", "call_id": "x3",
         "output": {"type": "computer_screenshot", "file_id": "f"}},
    ),
    (APPROVAL, {"type": "mcp_approval_response", "approval_request_id": "mr_1", "approve": True,
                   "id": "ma_1", "reason": "r"}),
]  # fmt: skip

INPUTS: list[Item] = [
    {"role": "user", "content": "hi"},
    {"role": "developer", "content": [
        {"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_image", "detail": "auto", "image_url": "data:x", "file_id": None},
        {"type": "input_file", "detail": "low", "file_data": "d", "filename": "n"}]},
    {"type": "message", "role": "assistant", "content": "earlier", "phase": "final_answer"},
    {"type": "configuration_update", "text": {"format": {"type": "text"}}},
    {"type": "item_reference", "id": "ref_1"},
]  # fmt: skip

JUNK: list[Any] = [None, 0, 1.5, "", "x", "completed", [], {}, ["x"], {"type": "x"}, "ok", "c1", -1, True]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [path] if path else []
    entries: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        found += _places(entry, (*path, key))
    return found


def tampered(rng: random.Random, value: Any, junk: list[Any] = JUNK) -> Any:
    """A copy with one thing in it replaced, taken out or put in."""
    copied = deepcopy(value)
    path = rng.choice(_places(copied))
    place = copied
    for step in path[:-1]:
        place = place[step]
    how = rng.random()
    if how < 0.7:
        place[path[-1]] = deepcopy(rng.choice(junk))
    elif how < 0.9 and isinstance(place, dict):
        del place[path[-1]]
    elif isinstance(place, dict):
        place["more"] = deepcopy(rng.choice(junk))
    return copied


def altered(rng: random.Random, items: list[Item], share: float) -> list[Item]:
    """The items, each spoilt with a certain probability."""
    return [tampered(rng, item) if rng.random() < share else deepcopy(item) for item in items]
