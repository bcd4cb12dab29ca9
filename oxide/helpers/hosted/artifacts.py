"""Files that a turn of an agent left: found by their path, read or written to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from oxide.options import not_given

if TYPE_CHECKING:
    from os import PathLike

    from oxide._binary import HttpxBinaryResponseContent
    from oxide.options import Body, Headers, NotGiven, Query
    from oxide.resources.beta.agents.sessions.artifacts import AsyncArtifacts
    from oxide.timeouts import TimeoutTypes
    from oxide.types.beta.agents.sessions.session_artifact import SessionArtifact

    from .results import AgentTurnResult

__all__ = ["ArtifactResults", "AsyncAgentResultArtifacts"]


class ArtifactResults:
    """`for_result`, beside the generated methods of `client.beta.agents.sessions.artifacts`."""

    def for_result(self, result: AgentTurnResult) -> AsyncAgentResultArtifacts:
        """The artifacts of one turn.

        Args:
          result: what `get_final_result` gave.

        Returns:
          What finds them by path.
        """
        return AsyncAgentResultArtifacts(cast("AsyncArtifacts", self), result)


class AsyncAgentResultArtifacts:
    """The artifacts of one turn, by their path.

    Args:
      resource: `client.beta.agents.sessions.artifacts`.
      result: the turn's result.

    Source: same name and methods as in the official SDK; `GET /agents/sessions/{session_id}/artifacts`.
    """

    def __init__(self, resource: AsyncArtifacts, result: AgentTurnResult[Any]) -> None:
        self._resource = resource
        self._session_id = result.session_id
        self._turn_id = result.turn_id

    async def content(
        self,
        path: str,
        *,
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
    ) -> HttpxBinaryResponseContent:
        """Read an artifact.

        Args:
          path: its path, exactly.
          extra_headers: headers of each request.
          extra_query: query parameters of each request.
          extra_body: as with every method; these requests have no body.
          timeout: seconds, or limits, of each attempt.

        Returns:
          Its bytes.

        Raises:
          ValueError: no artifact of this turn has the path, or more than one has.
          APIError: a request failed.
        """
        options: dict[str, Any] = _options(extra_headers, extra_query, extra_body, timeout)
        found = await self._find(path, options)
        return await self._resource.content(found.id, session_id=self._session_id, **options)

    async def download(
        self,
        path: str,
        *,
        to: str | PathLike[str],
        extra_headers: Headers | None = None,
        extra_query: Query | None = None,
        extra_body: Body | None = None,
        timeout: TimeoutTypes | NotGiven = not_given,
    ) -> SessionArtifact:
        """Write an artifact to a file as it arrives.

        Args:
          path: its path, exactly.
          to: the file, which appears once it is complete.
          extra_headers: headers of each request.
          extra_query: query parameters of each request.
          extra_body: as with every method; these requests have no body.
          timeout: seconds, or limits, of each attempt.

        Returns:
          What the API says about it.

        Raises:
          ValueError: no artifact of this turn has the path, or more than one has.
          APIError: a request failed, or the body broke off.
          OSError: the file cannot be written.
        """
        options: dict[str, Any] = _options(extra_headers, extra_query, extra_body, timeout)
        found = await self._find(path, options)
        streaming = self._resource.with_streaming_response
        async with streaming.content(found.id, session_id=self._session_id, **options) as answer:
            await answer.stream_to_file(to)
        return found

    async def _find(self, path: str, options: dict[str, Any]) -> SessionArtifact:
        found: list[SessionArtifact] = []
        async for artifact in self._resource.list(self._session_id, **options):
            if artifact.turn_id == self._turn_id and artifact.path == path:
                found.append(artifact)
        if len(found) != 1:
            raise ValueError(
                f"the turn {self._turn_id} has {len(found) or 'no'} artifacts at {path!r}, one is needed: "
                "list() shows those there are"
            )
        return found[0]


def _options(headers: Any, query: Any, body: Any, timeout: Any) -> dict[str, Any]:
    return {"extra_headers": headers, "extra_query": query, "extra_body": body, "timeout": timeout}
