"""Files of the city's records: checked by content, cleaned, kept once, shown by short-lived links."""

from city.files.kinds import Kind
from city.files.links import Links
from city.files.records import Draft, File
from city.files.settings import Settings
from city.files.store import Files
from city.files.use import Use

__all__ = ["Draft", "File", "Files", "Kind", "Links", "Settings", "Use"]
