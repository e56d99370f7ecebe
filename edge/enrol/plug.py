"""Renewal plugged into an agent that has credentials of ours."""

from __future__ import annotations

from edge.control import Control
from edge.enrol.credentials import CURRENT, Credentials
from edge.enrol.renewal import Renewal
from edge.station import Station


def plug(station: Station, control: Control) -> None:
    """Renew what `imm-edge enrol` brought; other credentials are their owner's business."""
    credentials = Credentials(station.home.path)
    if station.device is None or not (credentials.path / CURRENT).exists():
        return
    renewal = Renewal(station.client, station.device.device, credentials, clock=station.clock)
    renewal.plug(control.executor)
    station.service.start("certificate", renewal.watch(station.health))
