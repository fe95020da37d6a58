"""The target as it would run: it reads and checks everything, and writes nothing."""

from __future__ import annotations

import logging
from typing import Any

from target_selligent.errors import InputError, TargetSelligentError
from target_selligent.loading import LoadRun, Plan
from target_selligent.target import TargetSelligent


class PlanningTarget(TargetSelligent):
    """A target whose run has a plan. What would end the run is noted, and the run goes on.

    Attributes:
        plan: What the run would do.
    """

    plan: Plan

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the arguments of the SDK's class
        # The log of a run says what it has created and loaded, which would not be true.
        self.logger.setLevel(max(self.logger.getEffectiveLevel(), logging.WARNING))
        self._unusable_streams: set[str] = set()
        super().__init__(**kwargs)

    def process_endofpipe(self) -> None:
        """End the run, and note what is wrong. Nothing is raised, and no STATE is printed."""
        reader = self.message_reader
        if reader.failure is not None:
            self.plan.note_problem("input" if isinstance(reader.failure, InputError) else "run", reader.failure)
        try:
            self.run.finish(complete=reader.failure is None and reader.stop_signal is None)
        except TargetSelligentError as error:
            self.plan.note_problem("run", error)

    def _create_run(self) -> LoadRun:
        self.plan = self._create_plan()
        return LoadRun(self.settings, plan=self.plan)

    def _create_plan(self) -> Plan:
        """Return the plan of the run, before anything is noted in it."""
        return Plan()

    def _open_stream(self, message_dict: dict[str, Any]) -> None:
        """Create the sinks of a stream with a new schema. If this fails, its records are left out."""
        stream = message_dict["stream"]
        self._unusable_streams.discard(stream)
        try:
            super()._open_stream(message_dict)
        except TargetSelligentError as error:
            self._unusable_streams.add(stream)
            self.plan.note_problem(f"stream {stream}", error)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Process a RECORD, unless its stream cannot be loaded."""
        if message_dict.get("stream") not in self._unusable_streams:
            super()._process_record_message(message_dict)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Process a BATCH, unless its stream cannot be loaded."""
        if message_dict.get("stream") not in self._unusable_streams:
            super()._process_batch_message(message_dict)
