"""Documents that several services make."""
