"""Why an alert is there: what was seen beside what was expected, drawn, and what else moved at that time."""
