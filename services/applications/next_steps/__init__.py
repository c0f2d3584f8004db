"""The next step of each application, from all that the portal knows of it."""
