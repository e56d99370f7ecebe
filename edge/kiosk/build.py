"""The sources of one kiosk, as its settings choose them. A library is loaded only for what is chosen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from edge.health.boot import boot
from edge.kiosk.boots import Boots
from edge.kiosk.cameras import cameras
from edge.kiosk.contacts import Contacts
from edge.kiosk.host import Host
from edge.kiosk.power import power
from edge.kiosk.screen import screen
from edge.kiosk.tree import Blocking, Tree
from edge.kiosk.wear import wear
from edge.recorder import Reading
from edge.settings import Settings
from edge.state import Folder
from edge.station import Source
from runtime.clock import Clock


@contextlib.contextmanager
def watching(settings: Settings, clock: Clock, *, root: Path = Path("/")) -> Iterator[list[Source]]:
    """Everything that this kiosk is watched by, for as long as the context lasts. Raises OSError."""
    tree = Tree(root)
    folder = Folder(settings.home)
    folder.prepare()
    with contextlib.ExitStack() as stack:
        boots = Boots(folder, tree, clock, boot=boot())
        stack.callback(boots.close)
        contacts = Contacts(settings.kiosk.contacts)
        stack.callback(contacts.close)
        parts = Blocking("parts", lambda: _parts(tree, boots, contacts))
        yield [Host(settings.disks), parts, *_more(settings, tree, clock, stack)]


def _parts(tree: Tree, boots: Boots, contacts: Contacts) -> Iterator[Reading]:
    """What is read from small files, in one go."""
    yield from boots.look()
    yield from wear(tree)
    yield from screen(tree)
    yield from power(tree)
    yield from cameras(tree)
    yield from contacts.look()


def _more(settings: Settings, tree: Tree, clock: Clock, stack: contextlib.ExitStack) -> Iterator[Source]:
    chosen = settings.kiosk
    if chosen.player:
        from edge.kiosk.player import Health

        yield Blocking("player", Health(chosen.player, clock).look)
    if chosen.touch:
        from edge.kiosk.touch import Touch

        touch = Touch(tree, clock, idle=chosen.touch_idle)
        stack.callback(touch.close)
        yield touch
    if chosen.printers:
        from edge.kiosk.printers import Printers

        yield Printers(clock)
    if chosen.ups:
        from edge.kiosk.ups import Ups

        ups = Ups(chosen.ups, chosen.ups_names)
        stack.callback(ups.close)
        yield ups
