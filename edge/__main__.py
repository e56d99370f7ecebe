"""`python -m edge` is `imm-edge`."""

from edge.updates.launch import main

main()
