"""What are the rules? Pure functions and values: no I/O, no clock, no session."""
