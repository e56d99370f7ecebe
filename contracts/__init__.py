"""Everything that crosses a process or package boundary: pure records, codecs and protocols, no I/O."""
