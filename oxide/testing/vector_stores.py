"""The built-in behaviour of vector stores: what is put into one is in progress for one look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from ._json import array, obj
from ._refusal import Refusal
from .answers import Answer
from .files import CREATED, Files, Route, listing, parameters, required

if TYPE_CHECKING:
    from .journal import RecordedRequest

__all__ = ["VectorStores"]

POLL_AFTER_MS = 10
"""What the server asks for between two looks."""

_STATES = ("in_progress", "completed", "failed", "cancelled")


class _Store:
    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.files: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, tuple[dict[str, Any], list[str]]] = {}

    def counts(self, names: Iterable[str]) -> dict[str, int]:
        states = [self.files[name]["status"] for name in names if name in self.files]
        return {**{state: states.count(state) for state in _STATES}, "total": len(states)}

    def view(self) -> dict[str, Any]:
        size = sum(file["usage_bytes"] for file in self.files.values())
        return {**self.facts, "file_counts": self.counts(self.files), "usage_bytes": size}


class VectorStores:
    """Vector stores, their files and batches.

    Args:
        files: the files there are.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._stores: dict[str, _Store] = {}
        self._numbers = count(1)

    def routes(self) -> list[Route]:
        """Verbs, paths and what answers them."""
        one = r"/v1/vector_stores/([^/]+)"
        file, batch = f"{one}/files/([^/]+)", f"{one}/file_batches/([^/]+)"
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            ("POST", "/v1/vector_stores", self._create),
            ("GET", "/v1/vector_stores", self._list),
            ("GET", one, self._retrieve),
            ("DELETE", one, self._delete),
            ("POST", f"{one}/files", self._add_file),
            ("GET", f"{one}/files", self._list_files),
            ("GET", file, self._retrieve_file),
            ("DELETE", file, self._delete_file),
            ("POST", f"{one}/file_batches", self._add_batch),
            ("GET", batch, self._retrieve_batch),
            ("POST", f"{batch}/cancel", self._cancel_batch),
            ("GET", f"{batch}/files", self._list_batch),
        ]
        return [(method, re.compile(path), handler) for method, path, handler in table]

    def clear(self) -> None:
        """Forget every store."""
        self._stores.clear()

    def _find(self, name: str) -> _Store:
        found = self._stores.get(name)
        if found is None:
            raise Refusal(404, f"No vector store found with id '{name}'.", param="vector_store_id")
        return found

    # -- stores ------------------------------------------------------------------------------------

    def _create(self, record: RecordedRequest) -> Answer:
        body = parameters(record)
        facts: dict[str, Any] = {
            "id": f"vs_{next(self._numbers)}",
            "object": "vector_store",
            "created_at": CREATED,
            "last_active_at": CREATED,
            "name": body.get("name", ""),
            "status": "completed",
            "metadata": body.get("metadata", {}),
        }
        store = self._stores[facts["id"]] = _Store(facts)
        for file in array(body.get("file_ids")):
            self._put(store, {"file_id": file})
        return Answer.json(store.view())

    def _list(self, record: RecordedRequest) -> Answer:
        return listing(record, [store.view() for store in self._stores.values()])

    def _retrieve(self, record: RecordedRequest, name: str) -> Answer:
        return Answer.json(self._find(name).view())

    def _delete(self, record: RecordedRequest, name: str) -> Answer:
        self._find(name)
        del self._stores[name]
        return Answer.json({"id": name, "object": "vector_store.deleted", "deleted": True})

    # -- files of a store --------------------------------------------------------------------------

    def _put(self, store: _Store, given: dict[str, Any]) -> dict[str, Any]:
        required(given, "file_id")
        name = given["file_id"]
        self._files.find(name)
        facts: dict[str, Any] = {
            "id": name,
            "object": "vector_store.file",
            "created_at": CREATED,
            "vector_store_id": store.facts["id"],
            "status": "in_progress",
            "last_error": None,
            "usage_bytes": self._files.size(name),
            "attributes": given.get("attributes", {}),
            "chunking_strategy": given.get("chunking_strategy", {"type": "other"}),
        }
        store.files[name] = facts
        return facts

    @staticmethod
    def _look(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As they are; the next look finds them done."""
        seen = [dict(fact) for fact in facts]
        for fact in facts:
            if fact["status"] == "in_progress":
                fact["status"] = "completed"
        return seen

    @staticmethod
    def _polled(value: dict[str, Any]) -> Answer:
        return Answer.json(value, headers={"openai-poll-after-ms": str(POLL_AFTER_MS)})

    def _file(self, store: _Store, name: str) -> dict[str, Any]:
        if name not in store.files:
            raise Refusal(404, f"No file found with id '{name}' in vector store.", param="file_id")
        return store.files[name]

    def _add_file(self, record: RecordedRequest, name: str) -> Answer:
        return Answer.json(self._put(self._find(name), parameters(record)))

    def _list_files(self, record: RecordedRequest, name: str) -> Answer:
        return listing(record, self._find(name).files.values())

    def _retrieve_file(self, record: RecordedRequest, name: str, file: str) -> Answer:
        return self._polled(self._look([self._file(self._find(name), file)])[0])

    def _delete_file(self, record: RecordedRequest, name: str, file: str) -> Answer:
        store = self._find(name)
        self._file(store, file)
        del store.files[file]
        return Answer.json({"id": file, "object": "vector_store.file.deleted", "deleted": True})

    # -- batches -----------------------------------------------------------------------------------

    def _add_batch(self, record: RecordedRequest, name: str) -> Answer:
        store, body = self._find(name), parameters(record)
        shared: dict[str, Any] = {
            key: body[key] for key in ("attributes", "chunking_strategy") if key in body
        }
        given = [obj(file) for file in array(body.get("files"))]
        given += [{"file_id": file, **shared} for file in array(body.get("file_ids"))]
        if not given:
            raise Refusal(400, "One of 'file_ids' and 'files' must be given.")
        names = [self._put(store, file)["id"] for file in given]
        facts: dict[str, Any] = {
            "id": f"vsfb_{next(self._numbers)}",
            "object": "vector_store.files_batch",
            "created_at": CREATED,
            "vector_store_id": name,
            "status": "in_progress",
        }
        store.batches[facts["id"]] = (facts, names)
        return Answer.json({**facts, "file_counts": store.counts(names)})

    def _batch(self, store: _Store, name: str) -> tuple[dict[str, Any], list[str]]:
        if name not in store.batches:
            raise Refusal(404, f"No file batch found with id '{name}'.", param="batch_id")
        return store.batches[name]

    def _retrieve_batch(self, record: RecordedRequest, name: str, batch: str) -> Answer:
        store = self._find(name)
        facts, names = self._batch(store, batch)
        counts = store.counts(names)
        if facts["status"] == "in_progress" and not counts["in_progress"]:
            facts["status"] = "completed"
        view = {**facts, "file_counts": counts}
        self._look([store.files[file] for file in names if file in store.files])
        return self._polled(view)

    def _cancel_batch(self, record: RecordedRequest, name: str, batch: str) -> Answer:
        store = self._find(name)
        facts, names = self._batch(store, batch)
        for file in names:
            if file in store.files and store.files[file]["status"] == "in_progress":
                store.files[file]["status"] = "cancelled"
        facts["status"] = "cancelled"
        return Answer.json({**facts, "file_counts": store.counts(names)})

    def _list_batch(self, record: RecordedRequest, name: str, batch: str) -> Answer:
        store = self._find(name)
        _, names = self._batch(store, batch)
        return listing(record, [store.files[file] for file in names if file in store.files])
