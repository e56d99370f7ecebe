"""The metric catalogue: what a name means. Metrics not listed are accepted and marked uncatalogued.

Units are of the SenML registry (RFC 8428 12.1, RFC 8798). `/` is a ratio, 0 to 1; the registry's `%` is the
same ratio under a misleading name and is not used.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from contracts.judgements import Text

ALARM: Final = "event.alarm"  # an instance for each name of an alarm


class Kind(StrEnum):
    """How the values of a metric behave."""

    GAUGE = "gauge"  # a number that goes up and down
    COUNTER = "counter"  # a number that only grows, until its device restarts
    COUNT = "count"  # a number of things seen since the sample before
    TEXT = "text"  # a string
    FLAG = "flag"  # a boolean
    SKETCH = "sketch"  # data that only merges, and is shown to nobody: contracts.sketches


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue."""

    name: str
    unit: str = ""
    kind: Kind = Kind.GAUGE
    low: float | None = None  # smallest and greatest value that can be true; beyond them a sample is refused
    high: float | None = None
    text: Text
    reserved: bool = False  # written by the platform itself; a device that sends it is refused

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind not in {Kind.TEXT, Kind.FLAG, Kind.SKETCH}


def _of(  # a row of the table below
    name: str, unit: str, kind: Kind, low: float | None, high: float | None, id_: str, en: str
) -> Metric:
    return Metric(name=name, unit=unit, kind=kind, low=low, high=high, text=Text(id=id_, en=en))


def _own(name: str, id_: str, en: str) -> Metric:
    return Metric(name=name, kind=Kind.TEXT, text=Text(id=id_, en=en), reserved=True)


def _merged(name: str, id_: str, en: str) -> Metric:  # by the store, of what devices sent as sketches
    text = Text(id=id_, en=en)
    return Metric(name=name, unit="count", kind=Kind.GAUGE, low=0, high=1e9, text=text, reserved=True)


_G, _C, _N, _F, _T = Kind.GAUGE, Kind.COUNTER, Kind.COUNT, Kind.FLAG, Kind.TEXT
_T, _S = Kind.TEXT, Kind.SKETCH

_METRICS: Final = (
    # the device itself, an instance where it has several disks, sensors
    _of("cpu.utilization", "/", _G, 0, 1, "Pemakaian prosesor", "Processor in use"),
    _of("cpu.load", "count", _G, 0, 100_000, "Proses yang menunggu, rata-rata 1 menit", "Load, 1 min mean"),
    _of("cpu.frequency", "Hz", _G, 0, 1e11, "Frekuensi prosesor", "Processor frequency"),
    _of("memory.total", "B", _G, 0, 1e15, "Memori terpasang", "Memory installed"),
    _of("memory.used", "B", _G, 0, 1e15, "Memori terpakai", "Memory used"),
    _of("memory.available", "B", _G, 0, 1e15, "Memori tersedia", "Memory available"),
    _of("memory.utilization", "/", _G, 0, 1, "Pemakaian memori", "Memory in use"),
    _of("swap.used", "B", _G, 0, 1e15, "Memori tukar terpakai", "Swap used"),
    _of("disk.total", "B", _G, 0, 1e18, "Ukuran disk", "Disk size"),
    _of("disk.used", "B", _G, 0, 1e18, "Disk terpakai", "Disk used"),
    _of("disk.free", "B", _G, 0, 1e18, "Sisa disk", "Disk free"),
    _of("disk.utilization", "/", _G, 0, 1, "Pemakaian disk", "Disk in use"),
    _of("disk.read", "B", _C, 0, None, "Terbaca dari disk", "Read from disk"),
    _of("disk.written", "B", _C, 0, None, "Tertulis ke disk", "Written to disk"),
    _of("temperature", "Cel", _G, -60, 200, "Suhu", "Temperature"),
    _of("humidity", "%RH", _G, 0, 100, "Kelembapan udara", "Relative humidity"),
    _of("fan.speed", "1/min", _G, 0, 100_000, "Putaran kipas", "Fan speed"),
    _of("battery.level", "%EL", _G, 0, 100, "Isi baterai", "Battery level"),
    _of("disk.wear", "/", _G, 0, 1, "Keausan disk", "Share of the disk's life that is used"),
    _of("disk.worn", "", _F, None, None, "Disk perlu diganti", "The disk's spare blocks run out"),
    _of("host.uptime", "s", _G, 0, 1e10, "Waktu sejak perangkat menyala", "Time since the device started"),
    _of("process.count", "count", _G, 0, 1e7, "Jumlah proses", "Processes"),
    _of("boot.count", "count", _C, 0, None, "Kali perangkat dinyalakan", "Times the device was started"),
    _of("boot.reason", "", _T, None, None, "Sebab perangkat menyala", "Why the device was started"),
    # a kiosk's parts; an instance where there are several
    _of("screen.connected", "", _F, None, None, "Layar tersambung", "A screen is connected"),
    _of("screen.on", "", _F, None, None, "Layar menyala", "The screen is on"),
    _of("screen.mode", "", _T, None, None, "Resolusi layar", "Resolution of the screen"),
    _of("screen.brightness", "/", _G, 0, 1, "Terang layar", "Brightness of the screen"),
    _of("player.up", "", _F, None, None, "Pemutar berjalan", "The player runs"),
    _of("player.age", "s", _G, 0, 1e9, "Usia tanda hidup pemutar", "Age of the player's heartbeat"),
    _of("player.memory", "B", _G, 0, 1e15, "Memori pemutar", "Memory of the player"),
    _of("touch.sessions", "count", _N, 0, 1e6, "Kunjungan di layar sentuh", "Sessions at the touch screen"),
    _of("touch.touches", "count", _N, 0, 1e6, "Sentuhan", "Touches"),
    _of("touch.active", "", _F, None, None, "Layar sedang dipakai", "Somebody uses the screen"),
    _of("printer.ready", "", _F, None, None, "Pencetak siap", "The printer is ready"),
    _of("printer.jobs", "count", _G, 0, 1e6, "Cetakan yang menunggu", "Print jobs that wait"),
    _of("camera.count", "count", _G, 0, 1_000, "Kamera terpasang", "Cameras that are there"),
    _of("door.open", "", _F, None, None, "Pintu terbuka", "The door is open"),
    _of("power.mains", "", _F, None, None, "Listrik tersedia", "Mains are there"),
    _of("power.on-battery", "", _F, None, None, "Berjalan dengan baterai", "Running on battery"),
    _of("power.battery-low", "", _F, None, None, "Baterai hampir habis", "The battery is nearly empty"),
    _of("power.battery-worn", "", _F, None, None, "Baterai perlu diganti", "The battery needs replacement"),
    _of("power.undervoltage", "", _F, None, None, "Tegangan kurang", "The voltage is too low"),
    _of("power.runtime", "s", _G, 0, 1e7, "Sisa waktu baterai", "Time that the battery lasts"),
    _of("power.voltage", "V", _G, 0, 1_000, "Tegangan masuk", "Input voltage"),
    _of("power.load", "/", _G, 0, 2, "Beban catu daya", "Load of the supply"),
    # the network, an interface an instance
    _of("network.received", "B", _C, 0, None, "Data diterima", "Bytes received"),
    _of("network.sent", "B", _C, 0, None, "Data dikirim", "Bytes sent"),
    _of("network.packets.received", "count", _C, 0, None, "Paket diterima", "Packets received"),
    _of("network.packets.sent", "count", _C, 0, None, "Paket dikirim", "Packets sent"),
    _of("network.errors", "count", _C, 0, None, "Kesalahan jaringan", "Network errors"),
    _of("network.drops", "count", _C, 0, None, "Paket terbuang", "Packets dropped"),
    _of("network.up", "", _F, None, None, "Antarmuka jaringan menyala", "Interface is up"),
    _of("network.speed", "Mbit/s", _G, 0, 1e7, "Kecepatan antarmuka", "Speed of the interface"),
    _of("network.enabled", "", _F, None, None, "Antarmuka diaktifkan pengelola", "Interface is switched on"),
    _of("network.rate.received", "bit/s", _G, 0, 1e13, "Laju data diterima", "Data rate received"),
    _of("network.rate.sent", "bit/s", _G, 0, 1e13, "Laju data dikirim", "Data rate sent"),
    # public Wi-Fi, a radio or network an instance
    _of("wifi.clients", "count", _G, 0, 100_000, "Perangkat tersambung", "Clients connected"),
    _of("wifi.signal", "dBm", _G, -150, 50, "Kuat sinyal", "Signal strength"),
    _of("wifi.quality", "/", _G, 0, 1, "Mutu sambungan", "Quality of the link"),
    _of("wifi.joins", "count", _C, 0, None, "Penyambungan perangkat", "Associations of clients"),
    _of("wifi.failures", "count", _C, 0, None, "Penyambungan yang gagal", "Joins or sessions that failed"),
    _of("wifi.signal.clients", "count", _G, 0, 100_000, "Perangkat menurut kuat sinyal", "Clients by signal"),
    _of("wifi.throughput.down", "bit/s", _G, 0, 1e13, "Laju data ke perangkat", "Data rate to the clients"),
    _of("wifi.throughput.up", "bit/s", _G, 0, 1e13, "Laju data dari perangkat", "Data rate from the clients"),
    _of("wifi.retries", "/", _G, 0, 1, "Bagian kiriman ulang", "Share of transmissions that were repeats"),
    _of("wifi.lost", "/", _G, 0, 1, "Bagian kiriman yang gagal", "Share of frames given up"),
    _of("wifi.channel.busy", "/", _G, 0, 1, "Kanal terpakai", "Time that the channel is taken"),
    _of("wifi.channel.frequency", "Hz", _G, 0, 1e12, "Frekuensi kanal", "Frequency of the channel"),
    _of("wifi.channel.noise", "dBm", _G, -150, 50, "Derau kanal", "Noise on the channel"),
    _of("wifi.sessions", "count", _C, 0, None, "Sesi yang dimulai", "Sessions begun"),
    _of("wifi.sessions.ended", "count", _C, 0, None, "Sesi yang berakhir", "Sessions ended"),
    _of(
        "wifi.sessions.forgotten", "count", _C, 0, None, "Sesi tanpa akhir", "Sessions whose end nobody told"
    ),
    _of("wifi.sessions.open", "count", _G, 0, 1e6, "Sesi berjalan", "Sessions under way"),
    _of("wifi.sessions.stale", "count", _G, 0, 1e6, "Sesi tanpa kabar", "Sessions not heard of lately"),
    _of("wifi.sessions.received", "B", _C, 0, None, "Data dari pengguna", "Bytes from the users"),
    _of("wifi.sessions.sent", "B", _C, 0, None, "Data ke pengguna", "Bytes to the users"),
    _of("radius.requests", "count", _C, 0, None, "Kabar akuntansi diterima", "Accounting requests taken"),
    _of("radius.repeated", "count", _C, 0, None, "Kabar akuntansi berulang", "Accounting requests repeated"),
    _of("radius.refused", "count", _C, 0, None, "Kabar akuntansi ditolak", "Accounting requests refused"),
    # reachability as the device sees it, an instance for each thing it tries to reach
    _of("reachability.up", "/", _G, 0, 1, "Terjangkau (1) atau tidak (0)", "Reached (1) or not (0)"),
    _of("reachability.time", "ms", _G, 0, 3_600_000, "Waktu jangkau", "Time to reach it"),
    _of(
        "reachability.open", "/", _G, 0, 1, "Internet terbuka (1), portal (0)", "Open (1), captive portal (0)"
    ),
    _of("reachability.throughput", "bit/s", _G, 0, 1e13, "Laju unduh", "Download rate"),
    _of("reachability.loss", "/", _G, 0, 1, "Bagian percobaan yang gagal", "Share of attempts that failed"),
    # what an agent reads, a source an instance
    _of("source.up", "/", _G, 0, 1, "Sumber terbaca (1) atau tidak (0)", "Source read (1) or not (0)"),
    _of("source.time", "ms", _G, 0, 3_600_000, "Waktu baca sumber", "Time to read the source"),
    # people
    _of(
        "people.count", "count", _N, 0, 1e6, "Orang yang lewat sejak hitungan sebelumnya", "People who passed"
    ),
    _of("people.present", "count", _G, 0, 1e6, "Orang di tempat", "People present"),
    # visitors without identities; the instance says of what, or over which time
    _of("visitors.sketch", "", _S, None, None, "Sketsa pengunjung", "Sketch of visitors"),
    _of(
        "visitors.counting", "", _T, None, None, "Keadaan hitungan pengunjung", "Whether visitors are counted"
    ),
    _of("visitors.randomised", "/", _G, 0, 1, "Bagian alamat acak", "Share of randomised addresses"),
    _merged("visitors.unique", "Pengunjung berbeda", "Unique visitors"),
    _merged("visitors.unique.low", "Pengunjung berbeda, paling sedikit", "Unique visitors, at least"),
    _merged("visitors.unique.high", "Pengunjung berbeda, paling banyak", "Unique visitors, at most"),
    _merged("visitors.users", "Nama pengguna berbeda", "Unique user names"),
    _merged("visitors.users.low", "Nama pengguna berbeda, paling sedikit", "Unique user names, at least"),
    _merged("visitors.users.high", "Nama pengguna berbeda, paling banyak", "Unique user names, at most"),
    _own("visitors.state", "Keadaan angka pengunjung", "State of the visitors' figures"),
    # the agent itself
    _of(
        "agent.spooled",
        "count",
        _G,
        0,
        1e9,
        "Kiriman yang menunggu tanda terima",
        "Batches awaiting a receipt",
    ),
    _of(
        "agent.stride", "count", _G, 1, 1_000, "Satu dari sekian bacaan dicatat", "One of so many is recorded"
    ),
    _of("clock.offset", "s", _G, None, None, "Selisih jam mesin", "The machine's clock is ahead by"),
    _of("clock.drift", "/", _G, -1, 1, "Laju penyimpangan jam", "Part of the time by which the clock errs"),
    _of("clock.leaps", "count", _C, 0, None, "Lompatan jam mesin", "Times the machine's clock was thrown"),
    _of("clock.synchronized", "", _F, None, None, "Jam tersinkron", "The machine's clock is synchronised"),
    _of("agent.spool.size", "B", _G, 0, 1e15, "Ukuran antrean kirim", "Size of the spool"),
    # written by ingest from events and status messages; values are JSON
    _own("status", "Keadaan perangkat", "State of the device"),
    _own(ALARM, "Alarm dari perangkat", "Alarm of the device"),
    _own("event.gap", "Data yang dinyatakan hilang", "Declared gap"),
    _own("event.tally", "Hitungan perangkat", "The device's count"),
    _own("event.probe", "Uji jalur", "Probe of the path"),
)

CATALOGUE: Final = {metric.name: metric for metric in _METRICS}


def find(name: str) -> Metric | None:
    """The catalogue's entry for a metric, or None where it is uncatalogued."""
    return CATALOGUE.get(name)
