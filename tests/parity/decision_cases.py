"""Decisions as a server may send them: good ones, and each of their fields gone wrong."""

from __future__ import annotations

from typing import Any

USAGE: dict[str, Any] = {
    "input_tokens": 10,
    "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 3},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}


def answer(choice: Any = "done", **fields: Any) -> dict[str, Any]:
    """A decision; fields given as `...` are left out."""
    chosen: dict[str, Any] = {
        "type": "choice",
        "name": "next_action",
        "choice": choice,
        "confidence": 0.9,
        "probabilities": [{"value": "a", "probability": 0.9}, {"value": "done", "probability": 1}],
        **fields,
    }
    return {"answers": [{k: v for k, v in chosen.items() if v is not ...}], "model": "m", "usage": USAGE}


REFUSAL = {"answers": [{"type": "refusal", "name": "next_action"}], "model": "m", "usage": USAGE}


def spoilt_answers() -> list[Any]:
    found: list[Any] = [answer("unknown"), {}, {**answer(), "answers": None}, {**answer(), "answers": []}]
    found += [{**answer(), "answers": answer()["answers"] * 2}, {**answer(), "answers": "x"}]
    found += [{"answers": answer()["answers"]}, {**answer(), "model": 5}, {**answer(), "usage": None}]
    values: list[Any] = [..., None, 5, 0.5, True, "x", "done", [], {}, [{}], [{"value": "a"}]]
    values += [[{"value": True, "probability": 1}], [{"value": 5, "probability": 1}]]
    values += [[{"value": "a", "probability": None}], [{"value": "a", "probability": False}]]
    for name in ("name", "type", "choice", "confidence", "probabilities"):
        found += [answer(**{name: value}) for value in values]
    found += [answer(type=kind) for kind in ("predicate", "score", "refusal", "later")]
    for name in USAGE:
        # Not "12" and true: oxide's models make numbers of these, as pydantic does.
        for value in (None, 1.5, "x", {}, [], {"cached_tokens": 1}):
            found.append({**answer(), "usage": {**USAGE, name: value}})
    found += [{**REFUSAL, "answers": [{"type": "refusal", "name": name}]} for name in (None, "other", 5)]
    return found
