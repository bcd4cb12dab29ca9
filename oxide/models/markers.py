"""Annotations that carry facts about the wire: `PropertyInfo` and the modes of validation."""

from __future__ import annotations

from typing import Literal

__all__ = ["PropertyInfo", "ValidationMode"]

ValidationMode = Literal["lazy", "eager", "off"]
"""When a value that came from the API is checked against its annotation.

`lazy` checks a field when it is first read, `eager` the whole object when it is built, `off` never.
"""

PropertyFormat = Literal["iso8601", "base64", "custom"]


class PropertyInfo:
    """Facts about a property, for use inside `Annotated`.

    Args:
        alias: name of the property on the wire, where it differs from the Python name.
        format: how a value is written on the wire: `iso8601` for dates, `base64` for binary data,
            `custom` together with `format_template`.
        format_template: `strftime` template for `format="custom"`.
        discriminator: name of the property whose value selects the member of a union.

    Source: same name and arguments as the marker of the official SDK.
    """

    __slots__ = ("alias", "discriminator", "format", "format_template")

    def __init__(
        self,
        *,
        alias: str | None = None,
        format: PropertyFormat | None = None,
        format_template: str | None = None,
        discriminator: str | None = None,
    ) -> None:
        self.alias = alias
        self.format: PropertyFormat | None = format
        self.format_template = format_template
        self.discriminator = discriminator

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PropertyInfo):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return (
            f"PropertyInfo(alias={self.alias!r}, format={self.format!r}, "
            f"format_template={self.format_template!r}, discriminator={self.discriminator!r})"
        )

    def _facts(self) -> tuple[str | None, str | None, str | None, str | None]:
        return (self.alias, self.format, self.format_template, self.discriminator)
