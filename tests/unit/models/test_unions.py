"""Long unions are known by a table of their tags, so that an answer imports only the members it holds."""

# As the types write them.
# ruff: noqa: UP006, UP007, UP035, UP045

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated, Any, Dict, List, Optional, TypeVar, Union

import pytest

import oxide
from oxide._backend import NATIVE
from oxide.errors import APIResponseValidationError
from oxide.models import PropertyInfo, build
from oxide.models.shapes import ADAPTER, Shape, shape_of
from oxide.models.unions import known_union, spelled_out, stand_in, tags_of
from oxide.types._unions import UNIONS

OUTPUT_ITEM = "oxide.types.responses.response_output_item:ResponseOutputItem"


def facts(shape: Shape) -> object:
    return (
        shape.kind,
        shape.optional,
        shape.tag,
        [model.cls for model in shape.models],
        {value: member.cls for value, member in shape.variants.items()},
        [member and member.describe() for member in shape.by_kind],
        shape.describe(),
    )


@pytest.mark.parametrize("reference", UNIONS)
def test_the_table_says_what_the_union_says(reference: str) -> None:
    brief = stand_in(reference)
    union = spelled_out(brief)
    assert facts(shape_of(brief)) == facts(shape_of(union))
    assert facts(shape_of(Optional[brief])) == facts(shape_of(Optional[union]))


def test_the_long_unions_of_answers_are_in_the_table() -> None:
    assert OUTPUT_ITEM in UNIONS
    assert "oxide.types.responses.tool:Tool" in UNIONS


def test_what_stands_for_a_type_gives_way_to_it() -> None:
    other = TypeVar("other")
    brief = stand_in(OUTPUT_ITEM)
    union: Any = oxide.types.responses.ResponseOutputItem
    assert stand_in(OUTPUT_ITEM) is brief is known_union(OUTPUT_ITEM)
    assert known_union("oxide.types.responses.response:Response") is None
    assert (tags_of(brief), tags_of(other), tags_of(List[brief])) == (UNIONS[OUTPUT_ITEM], None, None)
    assert spelled_out(brief) == union
    assert spelled_out(Union[str, List[brief], None]) == Union[str, List[union], None]
    assert spelled_out(Dict[str, Optional[brief]]) == Dict[str, Optional[union]]
    assert spelled_out(Annotated[List[brief], PropertyInfo(alias="a")]).__args__ == (List[union],)
    for untouched in (int, List[int], other, List[other], oxide.types.responses.Response):  # type: ignore[valid-type]
        assert spelled_out(untouched) == untouched


def test_beside_other_members_a_union_is_looked_at_itself() -> None:
    brief = stand_in("oxide.types.responses.tool:Tool")
    union: Any = oxide.types.responses.Tool
    assert facts(shape_of(Union[str, brief, None])) == facts(shape_of(Union[str, union, None]))
    # What only pydantic can check is shown to it with the types themselves.
    keyed = shape_of(Dict[int, brief])
    assert keyed.kind == ADAPTER
    made = keyed.adapter.validate_python({1: {"type": "local_shell"}})
    assert type(made[1]).__name__ == "LocalShell"


def read(output: list[Any]) -> Any:
    body = json.dumps({"id": "r", "output": output}).encode()
    return build(oxide.types.responses.Response, body + bytes(64), len(body)).output


PROGRAM = {"type": "program", "id": "p", "call_id": "c", "code": "x", "fingerprint": "f"}


def test_members_of_a_union_are_what_they_were() -> None:
    items = read([PROGRAM, {"type": "custom_tool_call_output"}, {"type": "new", "n": 1}])
    names = [type(item).__name__ for item in items]
    assert names == ["Program", "ResponseCustomToolCallOutputItem", "UnknownModel"]
    assert items[0] == oxide.types.responses.response_output_item.Program.construct(**PROGRAM)
    assert items[2].n == 1


def test_what_has_no_tag_is_looked_at_as_before() -> None:
    message = {"id": "m", "content": [], "role": "assistant", "status": "completed"}
    assert type(read([message])[0]).__name__ == "ResponseOutputMessage"
    with pytest.raises(APIResponseValidationError, match=r"ResponseOutputMessage \| .*, got int 3"):
        read([3])


def test_an_answer_imports_only_the_members_it_holds() -> None:
    program = """
import sys
from oxide.models import build
from oxide.types.responses import Response
body = b'{"id": "r", "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}]}'
made = build(Response, body + bytes(64), len(body))
assert made.output_text == "hello"
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("oxide.types.responses.")))
assert made.model_dump()["output"][0]["type"] == "message"
assert "oxide.types.responses.response_output_item" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "response_output_message" in loaded
    if NATIVE:
        assert "response_output_item" not in loaded
        assert "response_function_tool_call" not in loaded
        assert len(loaded) < 20


def test_a_stream_imports_only_the_events_it_brings() -> None:
    program = """
import asyncio, sys
from oxide import AsyncOpenAI
from oxide.testing import Server

async def main():
    async with Server() as server, AsyncOpenAI(api_key="k", base_url=server.base_url) as client:
        async for event in await client.responses.create(model="m", input="Hi.", stream=True):
            assert type(event).__name__ != "UnknownModel"

asyncio.run(main())
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("oxide.types.responses.")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "response_text_delta_event" in loaded
    assert "response_stream_event" not in loaded
    assert "response_mcp_call_failed_event" not in loaded
