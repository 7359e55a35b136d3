"""Names beside references in the answers of the API."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from customers.people import names_of


@extend_schema_field({"type": "string", "examples": ["Johanna Wolff"]})
class NameOfField(serializers.CharField):
    """The name behind the reference in the attribute `of`; one query for all rows and fields of an answer."""

    def __init__(self, of: str) -> None:
        self.of = of
        super().__init__(source=of, read_only=True)

    def to_representation(self, value: Any) -> str:
        """The name; empty where nobody did."""
        if not value:
            return ""
        names: dict[str, str] = self.context.get("names", {})
        if value not in names:
            names = names_of(self._references())
            cast(dict[str, Any], self.context)["names"] = names
        return str(names.get(value, value))

    def _references(self) -> Iterator[str]:
        fields = cast(Any, self.parent).fields.values()
        columns = [field.of for field in fields if isinstance(field, NameOfField)]
        rows = self.root.instance
        for row in cast(Iterable[Any], rows if isinstance(rows, list | tuple) else [rows]):
            yield from (getattr(row, column) for column in columns)
