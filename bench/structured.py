"""The type that the structured answer is of; apart from shapes.py, which runs where pydantic is not."""

from __future__ import annotations

from pydantic import BaseModel


class Row(BaseModel):
    """One finding."""

    id: int
    title: str
    tags: list[str]
    scores: list[float]
    note: str | None


class Report(BaseModel):
    """Everything found."""

    name: str
    rows: list[Row]
