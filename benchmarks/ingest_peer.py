"""What a user would write, as a process: paho's callback, a Point a record, influxdb-client's batching.

python -m benchmarks.ingest_peer PORT MESSAGES URL BUCKET TOKEN_FILE
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import WriteOptions
from influxdb_client.domain.write_precision import WritePrecision
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benchmarks.ingest_load import RECORDS
from contracts.topics import Channel, every


def run(port: int, messages: int, url: str, bucket: str, token: str) -> float:
    """Records a second from the first message to the last write."""
    done = threading.Event()
    written = 0
    began = 0.0

    def on_written(_conf: object, lines: bytes) -> None:
        nonlocal written
        written += lines.count(b"\n") + 1
        if written >= messages * RECORDS:
            done.set()

    with InfluxDBClient(url=url, token=token, org="imm") as influx:
        options = WriteOptions(batch_size=5_000, flush_interval=1_000)
        with influx.write_api(write_options=options, success_callback=on_written) as api:

            def on_message(_client: Client, _userdata: Any, message: MQTTMessage) -> None:
                nonlocal began
                began = began or time.perf_counter()
                device = message.topic.split("/")[4]
                start = 0.0
                for record in json.loads(message.payload):
                    start = record.get("bt", start)
                    point = Point(record["n"]).tag("device", device).field("value", record["v"])
                    moment = round((start + record.get("t", 0.0)) * 1e6)
                    api.write(bucket=bucket, record=point.time(moment, WritePrecision.US))

            client = Client(CallbackAPIVersion.VERSION2, "bench-peer", protocol=MQTTProtocolVersion.MQTTv5)
            client.on_message = on_message
            client.connect("127.0.0.1", port)
            client.subscribe(every(Channel.TELEMETRY), qos=1)
            client.loop_start()
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            if not done.wait(300):
                raise TimeoutError(f"{written} of {messages * RECORDS} records written")
            took = time.perf_counter() - began
            client.loop_stop()
    return messages * RECORDS / took


if __name__ == "__main__":
    rate = run(
        int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], Path(sys.argv[5]).read_text().strip()
    )
    sys.stdout.write(f"{rate}\n")
