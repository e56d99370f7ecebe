"""What the API document shows of commands, shadows and rollouts."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from contracts.commands import Type
from contracts.instants import MINUTE
from contracts.shadow import Difference, Reported
from contracts.topics import Kind
from devices.commands import model as orders
from devices.commands.records import Bulk
from devices.commands.service import Preview
from devices.rollouts import model as rollouts
from devices.rollouts.service import Preview as Trial
from devices.rollouts.service import Row
from devices.shadow.model import Change, Told, Version

TIME: Final = 1_795_478_400_000_000
DEVICE: Final = "kiosk-07"
_WHO: Final[dict[str, Any]] = {"by": "0197a9c4-4b11-7f02-8a6d-5c9e0d3b7f20", "by_name": "Sri Wahyuni"}
COMMAND: Final = orders.Record(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e90",
    device=DEVICE,
    site="bima",
    kind=Kind.KIOSK,
    type=Type.RUN_DIAGNOSTICS,
    arguments={"checks": ["disk"]},
    **_WHO,
    why="Layar padam sejak pagi",
    issued=TIME,
    expires=TIME + 5 * MINUTE,
    state=orders.State.DONE,
    since=TIME + 2_400_000,
    progress=100,
    value={"disk": {"free_bytes": 12_884_901_888}},
    number=3,
    heard=TIME + 2_400_000,
    sent=TIME + 40_000,
    asked=TIME + 40_000,
    tries=1,
    deadline=TIME + 22 * MINUTE,
    told=True,
    revision=5,
)
WITHDRAWN: Final = msgspec.structs.replace(
    COMMAND,
    state=orders.State.WITHDRAWN,
    since=TIME + MINUTE,
    reason="Sri Wahyuni took it back: Teknisi sudah di tempat",
    progress=0,
    value={},
    number=0,
    heard=None,
    sent=None,
    asked=None,
    tries=0,
    told=False,
    revision=2,
)
COMMAND_TOLD: Final = orders.Told(
    **msgspec.structs.asdict(COMMAND),
    history=(
        orders.Line(
            time=TIME, state=orders.State.QUEUED, reason="it waits until the device is online", source="desk"
        ),
        orders.Line(time=TIME + 40_000, state=orders.State.SENT, reason="", source="desk"),
        orders.Line(time=TIME + 2_400_000, state=orders.State.DONE, reason="", source="device"),
    ),
)
ORDER: Final[dict[str, Any]] = {
    "type": "run-diagnostics",
    "arguments": {"checks": ["disk"]},
    "why": COMMAND.why,
    "seconds": 300,
}
WHOM: Final[dict[str, Any]] = {"site": "bima", "kind": "kiosk"}
ORDERS: Final[dict[str, Any]] = {**ORDER, "whom": WHOM}
REACHED: Final = Preview(devices=(DEVICE, "kiosk-08"), left_out=())
BULK: Final = Bulk(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e91",
    type="run-diagnostics",
    selector=WHOM,
    **_WHO,
    why=COMMAND.why,
    issued=TIME,
    expires=TIME + 5 * MINUTE,
    total=2,
    states={"done": 1, "queued": 1},
    over=1,
)
SHADOW: Final = Told(
    device=DEVICE,
    site="bima",
    kind=Kind.KIOSK,
    version=4,
    values={"volume": 30, "period": 5.0},
    since={"volume": TIME, "period": TIME - 60 * MINUTE},
    changed=TIME,
    **_WHO,
    why="Keluhan warga",
    reported=Reported(
        version=4,
        values={"volume": 50, "period": 5.0},
        refused={"volume": "there is no loudspeaker"},
        epoch=17,
        time=TIME,
    ),
    heard=TIME + 300_000,
    differences=(
        Difference(
            key="volume",
            desired=30,
            reported=50,
            since=TIME,
            age=10 * MINUTE,
            reason="refused",
            why="there is no loudspeaker",
        ),
    ),
)
VERSION: Final = Version(version=4, values=SHADOW.values, time=TIME, **_WHO, why=SHADOW.why)
CHANGE: Final = Change(key="volume", before=50, after=30)
WISH: Final[dict[str, Any]] = {"values": {"volume": 30}, "why": SHADOW.why}
ROLLOUT: Final = rollouts.Told(
    id="0197b0f2-5d0e-7c4a-9b1f-6a2f7d1c8e92",
    title="Suara lebih pelan",
    patch={"volume": 30},
    selector=WHOM,
    plan=rollouts.Plan(),
    state=rollouts.State.RUNNING,
    stage=1,
    total=40,
    **_WHO,
    why="Keluhan warga",
    created=TIME,
    changed=TIME + 6 * MINUTE,
    revision=5,
    counts={"matched": 3, "set": 1, "waiting": 36},
    steps=(rollouts.Step.PAUSE, rollouts.Step.ABORT, rollouts.Step.LEAVE),
)
ITEM: Final = rollouts.Item(
    rollout=ROLLOUT.id,
    device=DEVICE,
    place=0,
    stage=0,
    state=rollouts.Part.MATCHED,
    before={"volume": 50},
    was=3,
    version=4,
    set=TIME,
    awake=TIME,
    matched=TIME + 400_000,
)
TRIAL: Final[dict[str, Any]] = {"whom": WHOM, "values": {"volume": 30}}
START: Final[dict[str, Any]] = {**TRIAL, "title": ROLLOUT.title, "why": ROLLOUT.why}
PREVIEW: Final = Trial(
    total=40,
    rows=(Row(device=DEVICE, version=3, changes=(CHANGE,)),),
    same=2,
    left_out=(),
    unfit=(),
    busy=(),
    stages=(1, 4, 40),
)
