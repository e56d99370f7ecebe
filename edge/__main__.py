"""`python -m edge` is `imm-edge`."""

from edge.cli import main

main()
