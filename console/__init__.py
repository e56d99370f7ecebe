"""The operators' console: pages and API of the parts that may not know the web, which come in as ports."""
