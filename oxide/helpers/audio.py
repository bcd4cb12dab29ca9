"""Transcriptions and translations: what a request gives depends on the format it asks for."""

from __future__ import annotations

from typing import Any

from oxide.options import NotGiven, Omit
from oxide.resources._base import Endpoint

__all__ = ["transcription_endpoint", "translation_endpoint"]

_TEXT = ("text", "srt", "vtt")


def _endpoint(path: str, result: str, stream: str = "") -> Endpoint[Any]:
    return Endpoint("POST", path, result, stream=stream, files=(("file",),))


_EVENT = "oxide.types.audio.transcription_stream_event:TranscriptionStreamEvent"
_TRANSCRIPTIONS: dict[object, Endpoint[Any]] = {
    name: _endpoint("/audio/transcriptions", result, _EVENT)
    for name, result in (
        ("json", "oxide.types.audio.transcription:Transcription"),
        ("verbose_json", "oxide.types.audio.transcription_verbose:TranscriptionVerbose"),
        ("diarized_json", "oxide.types.audio.transcription_diarized:TranscriptionDiarized"),
        *((name, "builtins:str") for name in _TEXT),
    )
}
_TRANSLATIONS: dict[object, Endpoint[Any]] = {
    name: _endpoint("/audio/translations", result)
    for name, result in (
        ("json", "oxide.types.audio.translation:Translation"),
        ("verbose_json", "oxide.types.audio.translation_verbose:TranslationVerbose"),
        *((name, "builtins:str") for name in _TEXT),
    )
}


def _chosen(table: dict[object, Endpoint[Any]], body: dict[str, object]) -> Endpoint[Any]:
    wanted = body.get("response_format")
    if wanted is None or isinstance(wanted, (Omit, NotGiven)):
        return table["json"]
    found = table.get(wanted) if isinstance(wanted, str) else None
    if found is None:
        import logging

        # A format newer than this version: most likely JSON.
        logging.getLogger("oxide").warning(
            "response_format=%r is not known to this version; the answer is read as JSON", wanted
        )
        return table["json"]
    return found


def transcription_endpoint(body: dict[str, object]) -> Endpoint[Any]:
    """The operation `POST /audio/transcriptions` for a request.

    Args:
        body: the request.

    Returns:
        The operation: its result is a Transcription, TranscriptionVerbose or TranscriptionDiarized, or a str
        for the formats ``text``, ``srt`` and ``vtt``.
    """
    return _chosen(_TRANSCRIPTIONS, body)


def translation_endpoint(body: dict[str, object]) -> Endpoint[Any]:
    """The operation `POST /audio/translations` for a request.

    Args:
        body: the request.

    Returns:
        The operation: its result is a Translation or TranslationVerbose, or a str for the formats ``text``,
        ``srt`` and ``vtt``.
    """
    return _chosen(_TRANSLATIONS, body)
