"""Keep people from deciding on their own case, or on that of somebody they manage or are managed by."""
