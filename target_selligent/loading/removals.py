"""The removals of a run: done at its end, when everything else is loaded, or not at all.

Nobody leaves unless the whole run went well. Members of mirrored Segments are read only then, so nobody who stays is
ever missing. STATEs that cover a removal wait for it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from target_selligent.errors import RunStoppedError, TooManyRemovalsError
from target_selligent.loading.left_behind import decide, find_stranger
from target_selligent.loading.list_removals import ListRemovals
from target_selligent.loading.removal_loads import RemovalParts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_selligent.api import SelligentClient
    from target_selligent.batches import Route
    from target_selligent.loading.checkpoints import Checkpoints
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.report import RunReport
    from target_selligent.loading.stream_removals import RemovalPolicy, StreamRemovals
    from target_selligent.records import Key
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_MAX_NAMED = 10


class Removals:
    """The removals of a run. The reading thread uses it.

    Args:
        client: Calls Selligent.
        settings: The run's settings.
        rejects: Receives the removals that Selligent refuses.
        report: Receives the counts.
        checkpoints: Keeps the STATEs back that cover a removal.
        before: Called with a route and keys of records before they are changed, if it is given.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        client: SelligentClient,
        settings: Settings,
        rejects: Rejects,
        report: RunReport,
        checkpoints: Checkpoints,
        before: Callable[[Route, Sequence[Key]], None] | None = None,
    ) -> None:
        self._parts = RemovalParts(client, settings, rejects, report, before)
        self._checkpoints = checkpoints
        self._settings = settings
        self._ticket: int | None = None
        self._lists: dict[tuple[str, tuple[str, ...]], ListRemovals] = {}

    def open_stream(self, route: Route, destination: ListDestination, policy: RemovalPolicy) -> StreamRemovals:
        """Return what notes the members of a stream.

        Args:
            route: The route of the stream.
            destination: Its List.
            policy: How its members leave.

        Raises:
            DestinationError: If its removal fields are not fields of the List, or not those of another stream.
            FatalApiError: If members must be read, and the service account has no right to do so.
        """
        place = route.list_api_name.casefold(), route.key_fields
        if place not in self._lists:
            self._lists[place] = ListRemovals(self._parts, route, destination)
        if policy.mirror:
            logger.info(
                "Stream %s is mirrored: members that this run does not name leave at its end. "
                "A stream must not be mirrored if the tap reads only what has changed",
                route.stream,
            )
            self.defer_state()
        return self._lists[place].open_stream(route, policy, self.defer_state)

    def defer_state(self) -> None:
        """Keep all STATEs from now on back until the removals are done."""
        if self._ticket is None:
            self._ticket = self._checkpoints.open()

    def warn_of_skipped(self) -> None:
        """Log that removals are not done, because the run was cut short."""
        if any(one.has_work for one in self._lists.values()):
            logger.warning("Nobody was removed from a Segment or List: the run was cut short")

    def finish(self) -> None:
        """Do all removals, once everything else of a whole run is loaded, and let its STATEs go on.

        Raises:
            TooManyRemovalsError: If more would leave than `max_removals` allows. Then nobody leaves.
            RunStoppedError: If some cannot be removed; the others are removed. Also if members of a mirrored Segment
                cannot be compared, or if no stream came although one is mirrored. Then nobody leaves.
            ApiError: If Selligent refuses a call.
        """
        if not self._lists and any(one.segment_data_import_option == "mirror" for one in self._settings.all_streams):
            raise RunStoppedError(
                "nobody was removed: streams are mirrored, but the run read no stream: look at the tap"
            )
        streams = self._streams_by_list()
        for some in streams.values():
            if stranger := find_stranger(some):
                raise RunStoppedError(f"nobody was removed: {stranger}")
        self._decide_versions(streams)
        lists = [one for one in self._lists.values() if one.has_work]
        problems = [problem for one in lists for problem in one.plan()]
        if problems:
            more = f"; and {len(problems) - _MAX_NAMED:,} more" if len(problems) > _MAX_NAMED else ""
            raise TooManyRemovalsError(f"nobody was removed: {'; '.join(problems[:_MAX_NAMED])}{more}")
        refused = sum(one.execute() for one in lists)
        if refused:
            raise RunStoppedError(
                f"{refused:,} members or records could not be removed: see the warnings above for the reasons. "
                "The others are removed"
            )
        if self._ticket is not None:
            self._checkpoints.acknowledge(self._ticket)
            self._ticket = None

    def _streams_by_list(self) -> dict[str, list[StreamRemovals]]:
        streams: dict[str, list[StreamRemovals]] = {}
        for (list_api_name, _), one in self._lists.items():
            streams.setdefault(list_api_name, []).extend(one.streams)
        return streams

    def _decide_versions(self, streams: Mapping[str, Sequence[StreamRemovals]]) -> None:
        """Decide of which streams the activated versions leave records behind, List by List."""
        came = {stream.route.stream for some in streams.values() for stream in some}
        for list_api_name, some in streams.items():
            # Which streams have the name of a pattern is not known, so it is not known whether all have come.
            absent = [
                name
                for name in self._settings.streams
                if name not in came and self._settings.for_stream(name).list_api_name.casefold() == list_api_name
            ]
            for stream, reason in decide(some, absent):
                log = logger.info if stream.versions.bookmarks else logger.warning
                log("ACTIVATE_VERSION of stream %s has no effect, so nobody leaves: %s", stream.route.stream, reason)
