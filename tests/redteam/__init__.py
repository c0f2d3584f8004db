"""Attack what a donor can fetch: random programmes, random orders of publishing and restating, integer programming."""
