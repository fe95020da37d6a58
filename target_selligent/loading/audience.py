"""Which Segments the records of one stream join or leave, by the settings of the stream."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from target_selligent.errors import RejectedRecord
from target_selligent.records import read_actions, read_segment_names, style_segment_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_selligent.records import Segments
    from target_selligent.settings import StreamSettings


class Audience:
    """Reads Segments and actions from the records of one stream.

    Args:
        settings: The settings of the stream.
        required: Whether each record must name a Segment.
    """

    def __init__(self, settings: StreamSettings, *, required: bool) -> None:
        self._segment_column = settings.segment_column
        self._action_column = settings.action_column
        self._action_values = settings.action_values
        self._all_leave = settings.segment_data_import_option == "remove"
        self._required = required
        self._underscore = settings.segment_name_style == "underscore"
        self._segment: str | None = None
        if settings.segment is not None:
            self._segment = style_segment_name(settings.segment, underscore=self._underscore)

    @property
    def fixed_segments(self) -> tuple[str, ...]:
        """The Segment of all records, if the settings name one."""
        return () if self._segment is None else (self._segment,)

    @property
    def segment_value(self) -> dict[str, str]:
        """The value of `{segment}` in static fields, if it is the same for all records."""
        return {} if self._segment is None else {"segment": self._segment}

    def read(
        self, read_column: Callable[[str], Sequence[Any]], count: int
    ) -> tuple[Sequence[Segments], Sequence[bool]]:
        """Return what `read_segments` and `read_actions` return."""
        return self.read_segments(read_column, count), self.read_actions(read_column, count)

    def read_segments(self, read_column: Callable[[str], Sequence[Any]], count: int) -> Sequence[Segments]:
        """Return the Segments that each record names; nothing if the stream has no Segments.

        Args:
            read_column: Returns the values of a column, in record order.
            count: How many records there are.

        Raises:
            RejectedRecord: If a record names no Segment and must name one, or has a value that is not a name.
        """
        if self._segment is not None:
            return [self._segment] * count
        if self._segment_column is None:
            return ()
        values = read_column(self._segment_column)
        return read_segment_names(values, self._segment_column, required=self._required, underscore=self._underscore)

    def read_named_segments(self, record: Mapping[str, Any]) -> Segments:
        """Return the Segments that a deleted record names, as far as it still names some.

        Args:
            record: The record.
        """
        if self._segment is not None or self._segment_column is None:
            return self._segment or ()
        value = record.get(self._segment_column)
        with suppress(RejectedRecord):
            return read_segment_names([value], self._segment_column, required=False, underscore=self._underscore)[0]
        return ()

    def read_actions(self, read_column: Callable[[str], Sequence[Any]], count: int) -> Sequence[bool]:
        """Return for each record whether it leaves its Segments; nothing if no record of the stream does.

        Args:
            read_column: Returns the values of a column, in record order.
            count: How many records there are.

        Raises:
            RejectedRecord: If the action of a record has no meaning.
        """
        if self._all_leave:
            return [True] * count
        if self._action_column is None:
            return ()
        return read_actions(read_column(self._action_column), self._action_column, self._action_values)
