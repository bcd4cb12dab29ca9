"""Files of hosted agents: `beta.agents.environments.files.prepare`, `prepare_directory` and `upload`.

Each function takes the resource and the parameters of the generated method that calls it. Local files are
checked first, all of them, and read while they are sent; one that changes in between is not sent.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from oxide._files import FileSlice
from oxide.errors import OpenAIError
from oxide.options import Omit
from oxide.resources._base import non_empty

if TYPE_CHECKING:
    from oxide.types.beta.agents.environments.environment_file import EnvironmentFile
    from oxide.types.beta.hosted_environment_file_param import HostedEnvironmentFileParam

__all__ = [
    "AgentFilePreparationError",
    "AgentFileStagingError",
    "PreparedAgentFiles",
    "StagedAgentFile",
    "prepare",
    "prepare_directory",
    "upload",
]


_ROOT = "/workspace/"
_RESERVED = (".codex", ".managed-agents")
_EXTRAS = ("extra_headers", "extra_query", "extra_body", "timeout")
_CHANGED = "was changed after it was selected: prepare it again"


def _no_files() -> list[HostedEnvironmentFileParam]:
    return []


def _no_ids() -> list[str]:
    return []


@dataclass
class PreparedAgentFiles:
    """Uploaded files for a new environment.

    Attributes:
      files: goes into `environments.create(files=...)` as it is.
      uploaded_file_ids: the same files; to delete them is up to the caller.

    Source: same name and attributes as in the official SDK.
    """

    files: list[HostedEnvironmentFileParam] = field(default_factory=_no_files)
    uploaded_file_ids: list[str] = field(default_factory=_no_ids)


@dataclass(frozen=True)
class StagedAgentFile:
    """A file in a running environment.

    Attributes:
      uploaded_file_id: the upload it was copied from; to delete it is up to the caller.
      file: the file in the environment.

    Source: same name and attributes as in the official SDK.
    """

    uploaded_file_id: str
    file: EnvironmentFile


class AgentFilePreparationError(OpenAIError):
    """Not all files could be uploaded; the cause says why.

    Args:
      prepared: those that were, so that they can be deleted.

    Source: same name, argument and attribute as in the official SDK.
    """

    prepared: PreparedAgentFiles

    def __init__(self, prepared: PreparedAgentFiles) -> None:
        done = len(prepared.uploaded_file_ids)
        super().__init__(f"An agent file could not be uploaded; the {done} before it were: see `prepared`")
        self.prepared = prepared


class AgentFileStagingError(OpenAIError):
    """A file was uploaded and could not be put into the environment; the cause says why.

    Args:
      uploaded_file_id: the upload, so that it can be deleted.

    Source: same name, argument and attribute as in the official SDK.
    """

    uploaded_file_id: str

    def __init__(self, uploaded_file_id: str) -> None:
        super().__init__(f"The file was uploaded as {uploaded_file_id}, but not put into the environment")
        self.uploaded_file_id = uploaded_file_id


class _Selected(FileSlice):
    """A file that must be what it was when it was chosen."""

    def __init__(self, path: Path, chosen: os.stat_result) -> None:
        super().__init__(path, 0, chosen.st_size)
        self.name = path.name
        self.identity = _identity(chosen)

    def measure(self) -> None:
        """Refuse it where it is another file by now, or of another size."""
        if _identity(os.lstat(self.path)) != self.identity:
            raise ValueError(f"{os.fspath(self.path)} {_CHANGED}")


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_dev, found.st_ino, found.st_size


def _destination(value: str) -> str:
    """A path in the environment.

    Raises:
      ValueError: it is not below `/workspace`, or in a part of it that is not the application's.
    """
    parts = value.split("/")[2:]
    if not value.startswith(_ROOT) or "\0" in value or "\\" in value:
        raise ValueError(f"{value!r} must be an absolute POSIX path below /workspace")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{value!r} must not have empty parts, '.' or '..'")
    if parts[0] in _RESERVED or parts[0].startswith(".managed-agents-") or parts == ["outputs"]:
        raise ValueError(f"{value!r} is reserved by the environment: choose another destination")
    return value


def _select(source: str | os.PathLike[str] | _Selected) -> _Selected:
    if isinstance(source, _Selected):
        return source
    path = Path(source).absolute()
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path} must be a regular file, not a symbolic link, a directory or a device")
    return _Selected(path, found)


def _selection(files: Mapping[str, Any]) -> list[tuple[str, _Selected]]:
    names = {_destination(name) for name in files}
    for name in names:
        above = next((str(p) for p in PurePosixPath(name).parents if str(p) in names), None)
        if above is not None:
            raise ValueError(f"{above!r} cannot be a file and hold {name!r}")
    return [(name, _select(source)) for name, source in files.items()]


def _check_key(files: Mapping[str, Any], resource: Any, extra: Mapping[str, Any]) -> None:
    headers: dict[str, Any] = {}
    for given in (resource._client.default_headers, extra or {}):
        headers.update({name.lower(): value for name, value in given.items()})
    key = headers.get("idempotency-key")
    if len(files) > 1 and key is not None and not isinstance(key, Omit):
        raise ValueError(
            "one Idempotency-Key cannot serve several uploads: leave it out, or upload one by one"
        )


def _extras(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in _EXTRAS}


async def prepare(resource: Any, params: Mapping[str, Any]) -> PreparedAgentFiles:
    """`prepare`: upload files for an environment that is to be made, one after the other.

    Args:
      resource: `beta.agents.environments.files`.
      params: `files` (destination to local path) and the extras.

    Raises:
      ValueError: a destination or a local file will not do; nothing was uploaded.
      OSError: a local file cannot be found; nothing was uploaded.
      AgentFilePreparationError: an upload failed. Its `prepared` names those before it; so does that of
        CancelledError and the like.
    """
    files: Mapping[str, Any] = params["files"]
    _check_key(files, resource, params["extra_headers"])
    selected = await asyncio.to_thread(_selection, files)
    prepared = PreparedAgentFiles()
    try:
        for destination, source in selected:
            uploaded = await resource._client.files.create(
                file=(source.name, source), purpose="user_data", **_extras(params)
            )
            prepared.uploaded_file_ids.append(uploaded.id)
            prepared.files.append({"type": "file_id", "file_id": uploaded.id, "path": destination})
    except BaseException as error:
        if isinstance(error, Exception):
            raise AgentFilePreparationError(prepared) from error
        _note(error, prepared=prepared)
        raise
    return prepared


def _note(error: BaseException, **known: object) -> None:
    """Keep what was uploaded on an error that stays as it is, such as CancelledError."""
    error.__dict__.update(known)


def _below(root: str | os.PathLike[str], destination: str, include: Sequence[str]) -> dict[str, _Selected]:
    top = Path(root).absolute()
    if isinstance(include, str) or not include:
        raise ValueError("`include` must be a list of patterns, such as ['**/*.py']")
    if top.is_symlink() or not top.is_dir():
        raise ValueError(f"{top} must be a directory, not a symbolic link or a file")
    top = top.resolve()
    destination = destination.rstrip("/") or "/"
    _destination(f"{destination}/a")
    selected: dict[str, _Selected] = {}
    for pattern in include:
        if not pattern or PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise ValueError(f"the pattern {pattern!r} must stay inside the directory")
        for path in sorted(top.glob(pattern)):
            inner = path.relative_to(top)
            if any((top / step).is_symlink() for step in (inner, *inner.parents) if step != Path()):
                raise ValueError(f"{path} must not be, or lie behind, a symbolic link")
            if not path.is_dir():
                selected[f"{destination}/{inner.as_posix()}"] = _select(path)
    if not selected:
        raise ValueError(f"no file below {top} matches {list(include)}")
    return selected


async def prepare_directory(resource: Any, params: Mapping[str, Any]) -> PreparedAgentFiles:
    """`prepare_directory`: upload what patterns select in a directory, as `prepare` does.

    Args:
      resource: `beta.agents.environments.files`.
      params: `root`, `destination`, `include` (glob patterns below the root) and the extras.

    Raises:
      ValueError: a pattern, a destination or a file will not do; nothing was uploaded.
      AgentFilePreparationError: as from `prepare`.
    """
    files = await asyncio.to_thread(_below, params["root"], params["destination"], params["include"])
    return await prepare(resource, {**params, "files": files})


async def upload(resource: Any, params: Mapping[str, Any]) -> StagedAgentFile:
    """`upload`: upload one file and put it into a running environment.

    Args:
      resource: `beta.agents.environments.files`.
      params: `environment_id`, `file`, `path` (in the environment) and the extras.

    Raises:
      ValueError: the destination or the local file will not do; nothing was uploaded.
      AgentFileStagingError: the file was uploaded, but is not in the environment. On CancelledError and the
        like the attribute `uploaded_file_id` tells the same.
    """
    path, environment = _destination(params["path"]), non_empty("environment_id", params["environment_id"])
    file: Any = params["file"]
    parts: tuple[Any, ...] = cast("Any", file) if isinstance(file, tuple) else (None, file)
    if isinstance(parts[1], os.PathLike):
        local = cast("os.PathLike[str]", parts[1])
        chosen = await asyncio.to_thread(_select, local)
        file = (parts[0] if isinstance(file, tuple) else chosen.name, chosen, *parts[2:])
    extras = _extras(params)
    uploaded = await resource._client.files.create(file=file, purpose="user_data", **extras)
    try:
        staged = await resource.create(environment, type="file_id", file_id=uploaded.id, path=path, **extras)
    except BaseException as error:
        if isinstance(error, Exception):
            raise AgentFileStagingError(uploaded.id) from error
        _note(error, uploaded_file_id=uploaded.id)
        raise
    return StagedAgentFile(uploaded_file_id=uploaded.id, file=staged)
