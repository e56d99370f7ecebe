"""Follow the platform's events for ever, each at least once.

IMM_API_KEY=imk_… python follow_events.py http://127.0.0.1:8600 place.txt
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SILENT = 60  # seconds without even a heartbeat (one comes every 15) after which the connection is dead
PAUSE = 2  # seconds before it is opened again


def handle(event: dict[str, object]) -> None:
    """Your work. What was handled just before a crash comes again: tell it by `id`."""
    print(event["time"], event["type"], event["subject"], flush=True)


def keep(place: Path, position: str) -> None:
    """Killed at any moment, the file holds this position or the one before, never half of one."""
    beside = place.with_name(f"{place.name}.new")
    beside.write_text(position)
    beside.replace(place)


def resume(place: Path) -> str:
    """The position kept; where there is none yet 0, from the oldest event."""
    position = place.read_text().strip() if place.exists() else "0"
    if not position.isdecimal():  # sent empty it would mean from now on, and miss what came before
        sys.exit(f"{place} is damaged: write the position to go on from into it, or remove it to begin anew")
    return position


def follow(url: str, place: Path) -> None:
    """Read one connection until it ends; the file holds the position of the last event handled."""
    headers = {"Authorization": f"Bearer {os.environ.get('IMM_API_KEY', '')}", "Last-Event-ID": resume(place)}
    request = urllib.request.Request(f"{url}/api/v1/events", headers=headers)
    with urllib.request.urlopen(request, timeout=SILENT) as stream:
        fields: dict[str, str] = {}
        for raw in stream:
            if line := raw.decode().rstrip("\r\n"):
                name, _, value = line.partition(": ")
                fields[name] = value  # of a heartbeat, which is a comment, the name is empty
                continue
            if fields.get("event") == "gap":
                print("some events are no longer kept: read the lists again", file=sys.stderr)
            elif "data" in fields:
                handle(json.loads(fields["data"]))
                keep(place, fields["id"])
            fields = {}


if __name__ == "__main__":
    while True:
        try:
            follow(sys.argv[1], Path(sys.argv[2]))
        except urllib.error.HTTPError as error:
            if error.code in {401, 403}:  # trying again changes nothing
                sys.exit(f"the key in IMM_API_KEY may not: {error}")
            print(f"again in {PAUSE} s: {error}", file=sys.stderr)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            print(f"again in {PAUSE} s: {error}", file=sys.stderr)
        time.sleep(PAUSE)
