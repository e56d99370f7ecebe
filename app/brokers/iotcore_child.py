"""The iotcore process, `python -m app.brokers.iotcore_child CONFIG`: rumqttd only stops with its process."""

from __future__ import annotations

import logging
import signal
import sys

from iotcore.iotcore import IotCoreBroker


def main() -> None:
    """Run until a signal ends the process."""
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it tells of every packet as an error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # Python's own handler would wait for the broker to return
    broker = IotCoreBroker(config_path=sys.argv[1])
    broker.check_ports()
    broker.run_forever()


if __name__ == "__main__":
    main()
