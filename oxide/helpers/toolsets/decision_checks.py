"""What a decisions run is given, checked before anything follows from it: parameters, candidates, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from oxide.errors import mapping_of
from oxide.models.convert import brief

from ..replay import finite

if TYPE_CHECKING:
    from oxide.types.decision import Decision

    from .decisions import DecisionObservation, DecisionsRunnerParams

__all__ = [
    "Candidate",
    "Reason",
    "Refusal",
    "checked_params",
    "chosen",
    "owned_candidates",
    "owned_observation",
]

Reason: TypeAlias = Literal[
    "invalid_params",
    "invalid_candidates",
    "invalid_answer",
    "async_executor",
    "invalid_verification",
    "verification_failed",
    "step_limit",
    "failed",
    "cancelled",
]

QUESTION = "next_action"
"""Name of the one question that is asked."""

_PARAMS = ("model", "input", "safety_identifier")
_KEYS = frozenset(("id", "description", "done", "execute"))
_DETAILS = (None, "low", "high", "auto", "original")
_MOST = 255
_COUNTS = (
    ("input_tokens",),
    ("output_tokens",),
    ("total_tokens",),
    ("input_tokens_details", "cache_write_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
)


class Refusal(Exception):
    """A run cannot go on; inside the runner only, which adds what had been done by then.

    Args:
      reason: of which kind.
      detail: the place and what is there, never a text that a callback or the API gave.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Candidate:
    """One thing the model can choose; without `execute` it is that the task is done."""

    id: str
    description: str
    execute: Callable[..., Any] | None


def checked_params(params: DecisionsRunnerParams, max_steps: int) -> dict[str, Any]:
    """The parameters of a run, copied.

    Args:
      params: as given to `run`.
      max_steps: as given to `run`.

    Raises:
      Refusal: one is missing, of another type, or not the run's to set.
    """
    if type(max_steps) is not int or max_steps < 1:
        raise Refusal("invalid_params", f"max_steps={max_steps!r} is not an integer from 1 on")
    given = dict(mapping_of(params))
    unknown = sorted(map(str, given.keys() - set(_PARAMS)))
    if unknown:
        raise Refusal("invalid_params", f"params has {', '.join(unknown)}; it may have {', '.join(_PARAMS)}")
    for name in _PARAMS:
        value = given.get(name)
        if not isinstance(value, str) and not (name == "safety_identifier" and value is None):
            raise Refusal("invalid_params", f"params[{name!r}]: expected str, got {brief(value)}")
    return given


def owned_observation(observation: DecisionObservation) -> str | list[dict[str, Any]]:
    """What was observed, copied, so that a callback that changes it changes its own only.

    Args:
      observation: text, or parts; an iterator is read here.

    Raises:
      Refusal: a part is neither text nor image.
    """
    if isinstance(observation, str):
        return observation
    parts = cast("list[Any]", deepcopy(list(observation)))
    for position, part in enumerate(parts):
        if not isinstance(part, dict):
            raise Refusal(
                "failed", f"the observation's part {position} is no dict, but {type(part).__name__}"
            )
        fields = cast("dict[str, object]", part)
        kind = fields.get("type")
        text = kind == "input_text" and isinstance(fields.get("text"), str)
        image = kind == "input_image" and isinstance(fields.get("image_url"), str)
        if not text and not (image and fields.get("detail") in _DETAILS):
            raise Refusal(
                "failed", f"the observation's part {position} is neither input_text nor input_image"
            )
    return parts


def owned_candidates(values: object) -> list[Candidate]:
    """The candidates as they are now; what is done to the list later is no matter.

    Args:
      values: what `candidates` gave.

    Raises:
      Refusal: it is no list, too long or too short, or one of them lacks what it needs.
    """
    if not isinstance(values, list):
        raise Refusal("invalid_candidates", f"candidates() gave {type(values).__name__}, not list")
    listed = cast("list[object]", values)
    if not 1 <= len(listed) <= _MOST:
        raise Refusal("invalid_candidates", f"candidates() gave {len(listed)}; there may be 1 to {_MOST}")
    found: dict[str, Candidate] = {}
    for position, value in enumerate(listed):
        candidate = _candidate(f"candidates()[{position}]", value)
        if candidate.id in found:
            raise Refusal("invalid_candidates", f"candidates()[{position}] has the id of an earlier one")
        found[candidate.id] = candidate
    done = sum(candidate.execute is None for candidate in found.values())
    if done != 1:
        raise Refusal("invalid_candidates", f"{done} of them have done=True; exactly one has to")
    return list(found.values())


def _candidate(place: str, value: object) -> Candidate:
    if not isinstance(value, dict):
        raise Refusal("invalid_candidates", f"{place} is no dict, but {type(value).__name__}")
    fields = cast("dict[str, object]", value)
    if fields.keys() - _KEYS:
        raise Refusal("invalid_candidates", f"{place} has other keys than {', '.join(sorted(_KEYS))}")
    named, description = (_text(place, fields, name) for name in ("id", "description"))
    done = fields.get("done", False)
    if done is True:
        if "execute" in fields:
            raise Refusal("invalid_candidates", f"{place} has done=True and execute; done does nothing")
        return Candidate(named, description, None)
    execute = fields.get("execute")
    if done is not False or not callable(execute):
        raise Refusal("invalid_candidates", f"{place} needs done=True, or an execute that can be called")
    return Candidate(named, description, execute)


def _text(place: str, fields: Mapping[str, object], name: str) -> str:
    text = fields.get(name)
    if not isinstance(text, str) or not text.strip():
        raise Refusal("invalid_candidates", f"{place}[{name!r}]: expected text, got {brief(text)}")
    return text


def chosen(decision: Decision, candidates: Iterable[Candidate]) -> Candidate | None:
    """What a decision says to do next.

    Args:
      decision: the answer, as it came.
      candidates: what it was to choose from.

    Returns:
      The candidate, or None where the model refused to choose.

    Raises:
      Refusal: the decision is malformed, answers something else, or chooses what there is not.
    """
    data = decision.to_dict(warnings=False)
    answers = _list_of("answers", data.get("answers"))
    _expect("answers", len(answers) == 1, "one", answers)
    answer = mapping_of(answers[0])
    if answer.get("name") != QUESTION:
        raise Refusal(
            "invalid_answer", f"answers[0].name: expected {QUESTION!r}, got {brief(answer.get('name'))}"
        )
    _expect("model", isinstance(data.get("model"), str), "str", data.get("model"))
    for path in _COUNTS:
        value: object = data.get("usage")
        for name in path:
            value = mapping_of(value).get(name)
        _expect(f"usage.{'.'.join(path)}", type(value) is int, "int", value)
    kind = answer.get("type")
    if kind == "refusal":
        return None
    _expect("answers[0].type", kind == "choice", "'choice' or 'refusal'", kind)
    _expect_numbers("answers[0]", answer)
    choice = answer.get("choice")
    for candidate in candidates:
        if candidate.id == choice:
            return candidate
    raise Refusal("invalid_answer", f"answers[0].choice is {brief(choice)}, which is no candidate's id")


def _expect_numbers(place: str, answer: Mapping[str, Any]) -> None:
    _expect(
        f"{place}.confidence", finite(answer.get("confidence")), "a finite number", answer.get("confidence")
    )
    chances = _list_of(f"{place}.probabilities", answer.get("probabilities"))
    for position, chance in enumerate(chances):
        there = f"{place}.probabilities[{position}]"
        value, probability = (mapping_of(chance).get(name) for name in ("value", "probability"))
        _expect(f"{there}.value", isinstance(value, (str, bool)), "str or bool", value)
        _expect(f"{there}.probability", finite(probability), "a finite number", probability)


def _list_of(place: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise Refusal("invalid_answer", f"{place}: expected a list, got {brief(value)}")
    return cast("list[object]", value)


def _expect(place: str, fits: bool, expected: str, received: object) -> None:
    if not fits:
        raise Refusal("invalid_answer", f"{place}: expected {expected}, got {brief(received)}")
