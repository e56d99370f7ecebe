"""The one web shell: routes, pages, events and looks of every package come together here."""
