"""What a new process pays: ``python -I cold.py PEER import|chat|responses URL`` prints CPU time and memory.

Imports nothing of the bench, and the peer's own modules only inside the measured part.
"""

import importlib
import sys
import time

START = time.process_time()
WALL = time.perf_counter()


def peak() -> int:
    """Peak resident memory of this process in bytes."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def ask(peer: str, api: str, base: str) -> int:
    """Make one small call and read its answer's text."""
    import asyncio

    message: dict[str, object] = {"model": "gpt-5.4-mini"}
    if api == "chat":
        message["messages"] = [{"role": "user", "content": "Say hello."}]
    else:
        message["input"] = "Say hello."

    def text(answer: dict) -> int:
        if api == "chat":
            return len(answer["choices"][0]["message"]["content"])
        return len(answer["output"][0]["content"][0]["text"])

    async def untyped() -> int:
        import aiohttp
        import orjson

        headers = {"Authorization": "Bearer sk-bench", "Content-Type": "application/json"}
        url = f"{base}/{'chat/completions' if api == 'chat' else 'responses'}"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, data=orjson.dumps(message)) as answer,
        ):
            return text(orjson.loads(await answer.read()))

    async def typed() -> int:
        package = importlib.import_module("oxide" if peer == "oxide" else "openai")
        async with package.AsyncOpenAI(api_key="sk-bench", base_url=base) as client:
            if api == "chat":
                answer = await client.chat.completions.create(**message)
                return len(answer.choices[0].message.content)
            return len((await client.responses.create(**message)).output_text)

    async def rust() -> int:
        import json

        client = importlib.import_module("openai_oxide").Client(api_key="sk-bench", base_url=base)
        if api == "chat":
            return text(json.loads(await client.create_chat_raw(json.dumps(message))))
        return text(json.loads(await client.create_raw(json.dumps(message))))

    return asyncio.run({"aiohttp": untyped, "rust": rust}.get(peer, typed)())


def construct(peer: str) -> object:
    """Import the peer and construct its client."""
    if peer == "aiohttp":
        import asyncio

        import aiohttp
        import orjson

        async def made() -> bytes:
            async with aiohttp.ClientSession():
                return orjson.dumps(None)

        return asyncio.run(made())
    package, name = {"oxide": ("oxide", "AsyncOpenAI"), "rust": ("openai_oxide", "Client")}.get(
        peer, ("openai", "AsyncOpenAI")
    )
    return getattr(importlib.import_module(package), name)(api_key="sk-bench")


def main() -> None:
    """Measure once and print."""
    _, peer, kind, base = sys.argv
    value = construct(peer) if kind == "import" else ask(peer, kind, base)
    cpu, wall = time.process_time() - START, time.perf_counter() - WALL
    number = value if isinstance(value, int) else 0
    print(f'{{"cpu": {cpu}, "wall": {wall}, "n": 1, "bytes": {peak()}, "value": {number}}}')


if __name__ == "__main__":
    main()
