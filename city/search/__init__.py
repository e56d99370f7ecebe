"""One search over what the city's programmes hold: the same answers on SQLite and PostgreSQL."""

from city.search.engines import engine
from city.search.finding import Finder
from city.search.index import Index
from city.search.model import PUBLIC, Document, Found, Hit, Kind, Query, Segment, Sight, Source
from city.search.settings import Settings

__all__ = [
    "PUBLIC",
    "Document",
    "Finder",
    "Found",
    "Hit",
    "Index",
    "Kind",
    "Query",
    "Segment",
    "Settings",
    "Sight",
    "Source",
    "engine",
]
