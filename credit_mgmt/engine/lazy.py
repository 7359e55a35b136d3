"""Values that are made when they are first looked at.

A night's evaluation decides on a hundred thousand orders and shows a few of them. What only explains a decision, its
trace and its figures, is therefore worked out on demand, from the very facts and by the very code that decided.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

Item = TypeVar("Item")


class LazyTuple(Sequence[Item]):
    """A tuple that `make` makes when it is first looked at."""

    __slots__ = ("_items",)
    _items: tuple[Item, ...] | None

    @abstractmethod
    def make(self) -> tuple[Item, ...]:
        """The items; called once."""

    def _made(self) -> tuple[Item, ...]:
        if self._items is None:
            self._items = self.make()
        return self._items

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        return self._made()[index]

    def __iter__(self) -> Iterator[Item]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def __eq__(self, other: object) -> bool:
        return self._made() == (other._made() if isinstance(other, LazyTuple) else other)

    def __hash__(self) -> int:
        return hash(self._made())

    def __repr__(self) -> str:
        return repr(self._made())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._made(),)


class LazyMapping(Mapping[str, Item]):
    """A mapping that `make` makes when it is first looked at."""

    __slots__ = ("_items",)
    _items: dict[str, Item] | None

    @abstractmethod
    def make(self) -> dict[str, Item]:
        """The items; called once."""

    def _made(self) -> dict[str, Item]:
        if self._items is None:
            self._items = self.make()
        return self._items

    def __getitem__(self, key: str) -> Item:
        return self._made()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())

    def __repr__(self) -> str:
        return repr(self._made())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self._made(),)
