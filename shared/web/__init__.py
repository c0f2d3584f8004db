"""Hold what the pages of all services share; the public names are listed in README.md beside this file."""
