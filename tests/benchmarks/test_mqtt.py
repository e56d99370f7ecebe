import pytest

from app.brokers.port import Broker, endpoint
from benchmarks import mqtt


@pytest.mark.system
def test_each_way_is_measured(broker: Broker) -> None:
    figures = mqtt.run(endpoint(broker, 5).port, messages=600)
    assert set(figures) == {
        f"{name}_{figure}"
        for name in ("bare_received", "ours_received", "paho_received", "ours_sent")
        for figure in ("per_s", "cpu_us")
    }
    assert all(value > 0 for value in figures.values())
