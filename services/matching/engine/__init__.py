"""The matching engine: pure integers and numpy arrays; no I/O, no clock, no session (see README.md)."""
