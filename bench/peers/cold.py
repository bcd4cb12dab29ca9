"""What a new process pays: ``python -I cold.py PEER import|cold BASE`` prints CPU seconds and peak bytes.

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


def ask(peer: str, base: str) -> int:
    """Make one small call and read its answer's text."""
    import asyncio

    message = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "Say hello."}]}

    async def untyped() -> int:
        import aiohttp
        import orjson

        headers = {"Authorization": "Bearer sk-bench", "Content-Type": "application/json"}
        url = f"{base}/cold/v1/chat/completions"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, data=orjson.dumps(message)) as answer,
        ):
            return len(orjson.loads(await answer.read())["choices"][0]["message"]["content"])

    async def typed() -> int:
        package = importlib.import_module("oxide" if peer == "oxide" else "openai")
        async with package.AsyncOpenAI(api_key="sk-bench", base_url=f"{base}/cold/v1") as client:
            answer = await client.chat.completions.create(**message)
            return len(answer.choices[0].message.content)

    async def rust() -> int:
        import json

        client = importlib.import_module("openai_oxide").Client(
            api_key="sk-bench", base_url=f"{base}/cold/v1"
        )
        answer = json.loads(await client.create_chat_raw(json.dumps(message)))
        return len(answer["choices"][0]["message"]["content"])

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
    value = ask(peer, base) if kind == "cold" else construct(peer)
    cpu, wall = time.process_time() - START, time.perf_counter() - WALL
    number = value if isinstance(value, int) else 0
    print(f'{{"cpu": {cpu}, "wall": {wall}, "n": 1, "bytes": {peak()}, "value": {number}}}')


if __name__ == "__main__":
    main()
