"""Commands of `imm` that belong to no single package; each module is imported when its command is called."""
