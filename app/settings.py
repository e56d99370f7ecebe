"""Settings of the platform's processes: one TOML file and the environment; a group belongs to its package."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import click
import msgspec

import alerts.cap.settings
import alerts.settings
import alerts.watch.settings
import analytics.jobs.settings
import city.audit.settings
import city.documents.settings
import city.files.settings
import city.geography.settings
import city.idempotency.settings
import city.identity.settings
import city.notifications.settings
import city.outbox.settings
import city.privacy.settings
import city.protected.settings
import city.schedule.settings
import city.search.settings
import city.webhooks.settings
import devices.presence.settings
import devices.settings
import devices.sitekeys.settings
import ingest.settings
import programmes.tangi.settings
import store.settings
import web.account.settings
import web.settings
from city import db
from contracts.judgements import Text
from runtime import calendar, mqtt
from runtime import settings as runtime_settings
from runtime.settings import Wrong

_HOME: Final = Path(__file__).resolve().parents[1]  # the checkout; its deploy/ holds the Bima area's files


class Broker(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which broker `imm up` brings along; the processes of `imm run` only connect to `[mqtt]`."""

    choice: Literal["auto", "mosquitto", "iotcore", "external"] = "auto"  # auto: Mosquitto where installed
    access: Literal["open", "accounts"] = "open"  # accounts: the desk keeps those of devices at the broker
    trust: Path | None = None  # folder where the desk writes ca.pem and crl.pem for the broker; none: nowhere
    port_311: int = 0  # of MQTT 3.1.1 clients, for a broker that has one version a port; 0: the next one up


class Api(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the API and the console answer: plain HTTP, so on loopback, behind whatever brings TLS."""

    host: str = "127.0.0.1"
    port: int = 8600
    names: tuple[str, ...] = ()  # further host names under which it answers, behind a proxy
    proxies: tuple[str, ...] = ("127.0.0.1",)  # whose word counts on who asks and whether by https
    limits: web.settings.Limits = web.settings.Limits()


class Monitor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a process other than `api` answers `/healthz`, `/readyz`, `/metrics`; port 0: nowhere."""

    host: str = "127.0.0.1"
    port: int = 0


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an administrator may set. Relative paths of data lie under `data`."""

    data: Path = Path("data")
    roster: Path = _HOME / "deploy/roster/bima.toml"
    worker: str = "w1"  # name of this process among its like: unique for each `imm run ingest`
    workers: int = 2  # of ingest that `imm up` starts on InfluxDB; the embedded store has one
    thanks: tuple[Text, ...] = ()  # to whom data is owed, at the foot of the console's page
    mqtt: mqtt.Settings = mqtt.Settings()
    broker: Broker = Broker()
    ingest: ingest.settings.Settings = ingest.settings.Settings()
    analytics: analytics.jobs.settings.Settings = analytics.jobs.settings.Settings(
        rules=(_HOME / "deploy/rules/bima.yaml",)
    )
    store: store.settings.Settings = store.settings.Settings()
    watch: alerts.watch.settings.Settings = alerts.watch.settings.Settings()
    cap: alerts.cap.settings.Settings = alerts.cap.settings.Settings()
    alerts: alerts.settings.Settings = alerts.settings.Settings()
    presence: devices.presence.settings.Settings = devices.presence.settings.Settings()
    keys: devices.sitekeys.settings.Settings = devices.sitekeys.settings.Settings()
    devices: devices.settings.Settings = devices.settings.Settings()
    tangi: programmes.tangi.settings.Settings = programmes.tangi.settings.Settings()
    outbox: city.outbox.settings.Settings = city.outbox.settings.Settings()
    audit: city.audit.settings.Settings = city.audit.settings.Settings()
    privacy: city.privacy.settings.Settings = city.privacy.settings.Settings()
    protected: city.protected.settings.Settings = city.protected.settings.Settings()
    identity: city.identity.settings.Settings = city.identity.settings.Settings()
    webhooks: city.webhooks.settings.Settings = city.webhooks.settings.Settings()
    idempotency: city.idempotency.settings.Settings = city.idempotency.settings.Settings()
    notifications: city.notifications.settings.Settings = city.notifications.settings.Settings()
    schedule: city.schedule.settings.Settings = city.schedule.settings.Settings()
    files: city.files.settings.Settings = city.files.settings.Settings()
    documents: city.documents.settings.Settings = city.documents.settings.Settings()
    search: city.search.settings.Settings = city.search.settings.Settings()
    geography: city.geography.settings.Settings = city.geography.settings.Settings()
    calendar: calendar.Settings = calendar.Settings()
    city: db.Settings = db.Settings()
    oidc: web.account.settings.Oidc = web.account.settings.Oidc()
    api: Api = Api()
    monitor: Monitor = Monitor()


def load(context: click.Context) -> Settings:
    """Settings of the command's `--config` and the environment. Raises Wrong."""
    return resolve(runtime_settings.load(Settings, context.find_root().obj))


def resolve(settings: Settings) -> Settings:
    """Put relative paths of data under `data`, which is created. Raises Wrong."""
    data = settings.data.expanduser().absolute()
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Wrong(
            "data", data, error.strerror or str(error), "name a folder that this user may write"
        ) from None
    kept = settings.store
    replace = msgspec.structs.replace
    return replace(
        settings,
        data=data,
        city=replace(settings.city, url=_under(data, settings.city.url)),
        store=replace(
            kept,
            embedded=replace(kept.embedded, path=data / kept.embedded.path),
            frames=replace(kept.frames, path=data / kept.frames.path),
            ledger=replace(kept.ledger, url=_under(data, kept.ledger.url)),
        ),
        audit=replace(settings.audit, witness=data / settings.audit.witness),
        privacy=replace(settings.privacy, keys_file=data / settings.privacy.keys_file),
        identity=_reached(settings),
        devices=replace(settings.devices, versions=data / settings.devices.versions),
        files=replace(
            settings.files,
            place=_folder(data, settings.files.place),
            links_file=data / settings.files.links_file,
        ),
    )


def _reached(settings: Settings) -> city.identity.settings.Settings:
    """Identities at the port where the API answers, where no other address is set."""
    if settings.identity.address != city.identity.settings.ADDRESS or not settings.api.port:
        return settings.identity
    return msgspec.structs.replace(settings.identity, address=f"http://localhost:{settings.api.port}")


def _under(data: Path, url: str) -> str:
    """Address of a database; a relative SQLite file lies under the data folder."""
    kind, slashes, path = url.partition(":///")
    return f"{kind}:///{data / path}" if slashes and kind.startswith("sqlite") else url


def _folder(data: Path, place: str) -> str:
    """Where files lie; a relative folder lies under the data folder."""
    return place if "://" in place else str(data / place)
