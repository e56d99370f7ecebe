"""Reasons that the desk and agents write down in English, as pages say them in the reader's language."""

from __future__ import annotations

import re
from typing import Final

from contracts.errors import Refused
from contracts.judgements import Text
from web.forms import Form

_STATES: Final = {"accepted": "diterima", "running": "berjalan", "sent": "terkirim", "queued": "menunggu"}
_STEPS: Final = {
    "pause": "dijeda",
    "resume": "dilanjutkan",
    "abort": "dibatalkan dan dikembalikan",
    "leave": "dihentikan, perangkat dibiarkan",
}
_STAGES: Final = {"canary": "pertama", "some": "sebagian", "all": "semua"}

# English, with a name for each part that varies → Indonesian.
_SENTENCES: Final = (
    # commands
    (r"it waits until the device is online", "menunggu sampai perangkat tersambung"),
    (
        r"it was never sent: the device was not online before it expired",
        "tidak pernah terkirim: perangkat tidak tersambung sebelum masa berlakunya habis",
    ),
    (
        r"it was sent once, and the device said nothing; it is asked again when it comes back",
        "terkirim sekali, dan perangkat diam; ditanyakan lagi saat perangkat kembali",
    ),
    (
        (
            r"it was sent (?P<times>\d+) times, and the device said nothing; "
            r"it is asked again when it comes back"
        ),
        "terkirim {times} kali, dan perangkat diam; ditanyakan lagi saat perangkat kembali",
    ),
    (
        r"the device said that it was (?P<state>\w+), and nothing after that; it is asked again",
        "perangkat bilang {state}, lalu diam; ditanyakan lagi",
    ),
    (r"(?P<who>.+) took it back: (?P<why>.*)", "ditarik kembali oleh {who}: {why}"),
    (r"only a command that is queued can be taken back", "hanya perintah yang menunggu bisa ditarik"),
    (r"this device cannot do (?P<what>[\w-]+)", "perangkat ini tidak bisa melakukan {what}"),
    (r"it took more than (?P<seconds>[\d.]+) s", "makan waktu lebih dari {seconds} detik"),
    # what a device should be like
    (r"the device has reported nothing yet", "perangkat belum melapor"),
    (
        r"the device has dealt with version (?P<seen>\d+) of (?P<newest>\d+)",
        "perangkat baru sampai versi {seen} dari {newest}",
    ),
    (r"the device says otherwise", "perangkat melaporkan yang lain"),
    # rollouts
    (r"somebody has changed it since", "sesudah itu ada yang mengubahnya"),
    (r"the device is gone", "perangkat sudah tidak ada"),
    (r"it raised an alert: (?P<alert>.*)", "memicu peringatan: {alert}"),
    (r"it comes and goes since the change", "putus-sambung sejak perubahan"),
    (r"it went offline after the change", "putus sesudah perubahan"),
    (r"no data came from it after the change", "tidak ada data darinya sesudah perubahan"),
    (
        r"it was online, and did not become so within (?P<seconds>\d+) s",
        "tersambung, tetapi tidak menjadi demikian dalam {seconds} detik",
    ),
    (
        (
            r"(?P<failed>\d+) of (?P<all>\d+) failed in stage (?P<stage>canary|some|all); "
            r"(?P<device>[^:]+): (?P<reason>.*)"
        ),
        "{failed} dari {all} gagal di tahap {stage}; {device}: {reason}",
    ),
    (
        r"(?P<count>\d+) devices are asleep, and will be so when they come back",
        "{count} perangkat sedang tidur, dan akan menjadi demikian saat kembali",
    ),
    (
        r"no device of the first stage came online within (?P<seconds>\d+) s",
        "tidak satu pun perangkat tahap pertama tersambung dalam {seconds} detik",
    ),
    (r"as in version (?P<version>\d+)", "seperti di versi {version}"),
    (r"taken back: (?P<reason>.*)", "dikembalikan: {reason}"),
    (r"(?P<step>pause|resume|abort|leave) by (?P<who>[^:]+): (?P<why>.*)", "{step} oleh {who}: {why}"),
    (
        r"(?P<device>\S+): it is part of rollout (?P<rollout>\S+), which is not over",
        "{device}: masih dalam peluncuran {rollout} yang belum selesai",
    ),
    (r"no device is like this", "tidak ada perangkat yang seperti ini"),
    (r"say what is to change", "sebutkan yang hendak diubah"),
    (r"none of these devices has such keys", "tidak satu pun perangkat ini punya setelan itu"),
    (
        r"(?P<step>pause|resume|abort|leave|fail|finish) is not possible; possible: (?P<allowed>.*)",
        "langkah ini tidak mungkin sekarang",
    ),
    # steps of a device's life
    (r"it is gone(?: for good)?", "perangkat ini sudah pensiun"),
    (r"it is not shut out", "perangkat ini tidak sedang dimatikan"),
    (r"it gets no credentials", "perangkat ini tidak diberi kredensial"),
    (
        r"an enrolled device stays a (?P<kind>\w+): retire it, plan another",
        "perangkat yang terdaftar tetap {kind}: pensiunkan, lalu rencanakan yang lain",
    ),
    (r"longitude and latitude go together", "bujur dan lintang harus diisi keduanya"),
    (r"this window is over already", "jadwal ini sudah berakhir"),
    (r"it is over already: nothing would be quiet", "sudah lewat: tidak ada yang didiamkan"),
    (r"at most (?P<days>\d+) days: plan another then", "paling lama {days} hari: rencanakan lagi nanti"),
    (r"at most a day ago", "paling lama sehari yang lalu"),
    (r"at most a year ahead", "paling lama setahun ke depan"),
    (
        r"at most (?P<most>\d+) windows: call one off first",
        "paling banyak {most} jadwal: batalkan salah satu dahulu",
    ),
    (r"it must end after its start", "selesainya harus sesudah mulainya"),
    (r"a part of the platform is called so", "nama ini dipakai oleh platform sendiri"),
    (r"ids are unique in the city, and this one is taken", "Id ini sudah dipakai"),
    (r"it is needed for the whole city", "izinnya diperlukan untuk seluruh kota"),
    (r"it is needed for (?P<unit>\S+)", "izinnya diperlukan untuk unit {unit}"),
    (r"say something", "tulis sesuatu"),
    (r"leave out what cannot be seen", "buang tanda yang tidak tampak"),
    (r"at most (?P<most>\d+) characters", "paling banyak {most} karakter"),
    (r"there is no such device", "tidak ada perangkat ini"),
    (r"there is no such (?P<what>unit)", "tidak ada unit ini"),
    (r"its command is gone", "perintahnya sudah tidak ada"),
    (r"it says that it has another certificate", "perangkat bilang memakai sertifikat lain"),
    (r"the certificate is to be renewed", "sertifikatnya perlu diperbarui"),
)
_KNOWN: Final = tuple((re.compile(pattern, re.DOTALL), said) for pattern, said in _SENTENCES)
_WORDS: Final = {"state": _STATES, "step": _STEPS, "stage": _STAGES}


def told(reason: str) -> Text:
    """The reason in both languages; what nobody here has written stays as it came."""
    for pattern, said in _KNOWN:
        if match := pattern.fullmatch(reason):
            parts = {name: _part(name, value) for name, value in match.groupdict().items()}
            return Text(id=said.format(**parts), en=reason)
    return Text(id=reason, en=reason)


def faulty(form: Form, error: Refused) -> Form:
    """The form with what was refused: at its field, or above where the form has none of that name."""
    return form.but(error.field if error.field in form.values else "", told(error.reason))


def _part(name: str, value: str) -> str:
    return told(value).id if name == "reason" else _WORDS.get(name, {}).get(value, value)
