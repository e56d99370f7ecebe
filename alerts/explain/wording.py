"""What stands in the picture of an alert, in one language."""

from __future__ import annotations

from typing import Final

from alerts.explain.drawing import Words
from alerts.explain.window import View
from contracts import measurements
from contracts.alerts import Alert
from contracts.judgements import Text

_USUAL: Final = Text(id="biasanya", en="usual")
_EXPECTED: Final = Text(id="batas", en="limit")
_WINDOW: Final = Text(id="saat dinilai", en="when judged")
_NONE: Final = Text(id="Tidak ada data pada rentang ini", en="No data in this span")
_CAME: Final = Text(id="sampel diterima", en="samples received")


def words(alert: Alert, shown: View, language: str) -> Words:
    """The words of one picture; `language` is `id` or `en`."""
    value = _CAME if shown.heartbeat else _name(alert)
    return Words(
        title=f"{_in(alert.title, language)} · {alert.device}",
        value=_in(value, language),
        usual=_in(_USUAL, language),
        expected=_in(_EXPECTED, language),
        window=_in(_WINDOW, language),
        none=_in(_NONE, language),
    )


def _name(alert: Alert) -> Text:
    entry = measurements.find(alert.evidence.metric)
    text = entry.text if entry else Text(id=alert.evidence.metric, en=alert.evidence.metric)
    where = f" ({alert.evidence.instance})" if alert.evidence.instance else ""
    return Text(id=text.id + where, en=text.en + where)


def _in(text: Text, language: str) -> str:
    return text.en if language == "en" else text.id
