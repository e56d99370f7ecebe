"""Tables that people bring: CSV and Excel, checked row by row, tried dry, taken in once."""

from city.imports.columns import Column, Layout, Row
from city.imports.problems import Bad, Problem
from city.imports.report import Report
from city.imports.run import Imports, Mode

__all__ = ["Bad", "Column", "Imports", "Layout", "Mode", "Problem", "Report", "Row"]
