"""Where the boards read: both sources, by an account that may only read."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from grafana_foundation_sdk.models.dashboard import DataSourceRef


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A data source of Grafana; boards name it by `uid`."""

    uid: str
    name: str
    type: str  # id of Grafana's plugin
    url: str
    user: str
    credential: str  # file in Grafana's container that holds the password
    data: dict[str, Any]
    default: bool = False

    @property
    def ref(self) -> DataSourceRef:
        """How a query names it."""
        return DataSourceRef(type_val=self.type, uid=self.uid)


SAMPLES: Final = Source(
    uid="imm-samples",
    name="IMM samples",
    type="influxdb",
    url="http://influxdb:8086",
    user="grafana",
    credential="/run/secrets/influx-reader",
    data={"version": "InfluxQL", "dbName": "imm", "httpMode": "POST", "timeInterval": "10s"},
    default=True,
)
CITY: Final = Source(
    uid="imm-city",
    name="IMM city",
    type="grafana-postgresql-datasource",
    url="postgres:5432",
    user="grafana",
    credential="/run/secrets/postgres-reader",
    data={"database": "imm", "sslmode": "disable", "postgresVersion": 1500, "maxOpenConns": 4},
)
SOURCES: Final = (SAMPLES, CITY)


def provisioning() -> dict[str, Any]:
    """Content of Grafana's file of data sources."""
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "uid": source.uid,
                "name": source.name,
                "type": source.type,
                "access": "proxy",
                "url": source.url,
                "user": source.user,
                "isDefault": source.default,
                "editable": False,
                "jsonData": source.data,
                "secureJsonData": {"password": f"$__file{{{source.credential}}}"},
            }
            for source in SOURCES
        ],
    }
