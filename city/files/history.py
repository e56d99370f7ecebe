"""The tables of files, for city.db's migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from city.db import History
from city.files.tables import contents, files, strays

HISTORY: Final = History(name="files", folder=Path(__file__).parent, tables=(files, contents, strays))
