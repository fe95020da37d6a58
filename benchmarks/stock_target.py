"""What one writes on the SDK in an hour: a stock `BatchSink` that posts its batches. Nothing is tuned."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import requests
from singer_sdk.sinks import BatchSink
from singer_sdk.target_base import Target


class StockSink(BatchSink):
    """Posts each batch to the List and the keys of its records to their Segments."""

    session = requests.Session()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Load a batch.

        Args:
            context: Holds its records.
        """
        segment_column = self.config["segment_column"]
        columns = [column for column in self.schema["properties"] if column != segment_column]
        segments: dict[str, list[Any]] = {}
        for record in context["records"]:
            keys = [record[name] for name in self.key_properties]
            segments.setdefault(record[segment_column], []).append(keys)
        self._post("data/load", [[record.get(column) for column in columns] for record in context["records"]])
        for segment, members in segments.items():
            self._post(f"segments/{segment}/data/load", members)

    def _post(self, path: str, rows: list[Any]) -> None:
        config = self.config
        url = f"{config['base_url']}/Portal/Api/organizations/{config['organization']}/lists/{config['list_api_name']}"
        body = json.dumps(rows, default=str)
        answer = self.session.post(f"{url}/{path}", data=body, headers={"Content-Type": "application/json"}, timeout=60)
        answer.raise_for_status()


class StockTarget(Target):
    """A target with nothing but a sink."""

    name = "target-stock"
    default_sink_class = StockSink
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            name: {"type": "string"} for name in ("base_url", "organization", "list_api_name", "segment_column")
        },
    }


if __name__ == "__main__":
    StockTarget.cli()
