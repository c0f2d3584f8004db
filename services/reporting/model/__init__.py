"""What are the rules of outcomes and figures? Pure: no store, no clock, no request."""
