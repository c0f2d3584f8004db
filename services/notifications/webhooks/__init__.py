"""How do events reach the endpoints that are registered for them? Queued with their consumption, then sent and kept."""
