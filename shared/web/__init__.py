"""What do the pages of all services share? Public names are listed in README.md beside this file."""
