"""Send events to registered endpoints: queued with their consumption, then sent and recorded."""
