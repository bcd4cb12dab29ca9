# ruff: noqa: UP007, UP045 - both spellings of a union are part of the corpus.
"""Types whose schemas hold every shape pydantic writes that strict mode cares about."""

from __future__ import annotations

import dataclasses
import enum
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Optional, TypeVar, Union
from uuid import UUID

import pydantic
from pydantic import BaseModel, Field
from typing_extensions import NotRequired, TypedDict

T = TypeVar("T")


class Color(str, enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Point(BaseModel):
    """A place."""

    x: float
    y: float = 0.0


class Plain(BaseModel):
    name: str
    count: int = 3
    ratio: float | None = None
    flag: bool = True


class Described(BaseModel):
    point: Point = Field(description="where it is")
    again: Point = Field(description="where it was", title="Again")
    bare: Point


class Optionals(BaseModel):
    point: Optional[Point] = None
    color: Color | None = None
    color_described: Color | None = Field(default=None, description="a color")
    default_color: Color = Field(default=Color.RED, description="another")


class Enums(BaseModel):
    color: Color
    level: Level
    literal: Literal["a", "b"]
    one: Literal["only"]
    mixed: Literal["a", 1, None]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool = True


class Unions(BaseModel):
    pet: Union[Cat, Dog]
    either: int | str
    many: list[Union[Cat, Dog]] = Field(description="all of them")


class Discriminated(BaseModel):
    pet: Annotated[Union[Cat, Dog], Field(discriminator="kind")]
    others: list[Annotated[Union[Cat, Dog], Field(discriminator="kind")]] = []


class Node(BaseModel):
    value: int
    children: list[Node] = []
    parent: Optional[Node] = None


class Left(BaseModel):
    right: Optional[Right] = None


class Right(BaseModel):
    left: Optional[Left] = None


class Forest(BaseModel):
    tree: Node
    oak: Node = Field(description="a hard one")


class Awkward(BaseModel):
    """Fields named like keywords."""

    format: str
    title: str
    default: int | None = None
    properties: list[str]
    items: dict[str, int] | None = None
    required: bool
    additionalProperties: Point
    ref: str = Field(alias="$ref")
    defs: Point = Field(alias="$defs")


class Limited(BaseModel):
    number: int = Field(ge=1, le=10, multiple_of=2)
    text: str = Field(min_length=1, max_length=5, pattern="^a")
    some: list[int] = Field(min_length=1, max_length=3)
    when: datetime
    day: date
    uid: UUID


class Aliased(BaseModel):
    user_name: str = Field(alias="userName", description="who")
    model_config = pydantic.ConfigDict(populate_by_name=True)


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


class Base(BaseModel):
    a: int


class Derived(Base):
    b: Base
    a: int = 4


class Free(BaseModel):
    anything: Any
    table: dict[str, Point]
    pair: tuple[int, str]


class Open(BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int


class Empty(BaseModel):
    pass


class Listed(pydantic.RootModel[list[Point]]):
    pass


class Rooted(pydantic.RootModel[Point]):
    pass


class Deep(BaseModel):
    a: list[list[dict[str, list[Point]] | None]]


@dataclasses.dataclass
class Address:
    street: str
    zip: int | None = None


@pydantic.dataclasses.dataclass
class Person:
    name: str
    address: Address


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


MODELS: list[type[BaseModel]] = [
    Point,
    Plain,
    Described,
    Optionals,
    Enums,
    Unions,
    Discriminated,
    Node,
    Left,
    Forest,
    Awkward,
    Limited,
    Aliased,
    Page[Point],
    Page[Page[int]],
    Derived,
    Free,
    Open,
    Empty,
    Listed,
    Rooted,
    Deep,
]
OTHERS: list[Any] = [Address, Person, Movie, list[Point], Cat | Dog, int, Point | None]
