"""Where things are: the city's areas, its sites, and which of them a point belongs to."""

from city.geography.areas import Area, Areas
from city.geography.atlas import Atlas
from city.geography.boundaries import Boundaries
from city.geography.model import KOTA, Near, Site, Spot
from city.geography.settings import Settings

__all__ = ["KOTA", "Area", "Areas", "Atlas", "Boundaries", "Near", "Settings", "Site", "Spot"]
