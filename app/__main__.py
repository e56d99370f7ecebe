"""`python -m app` is `imm`."""

from app.cli import main

main()
