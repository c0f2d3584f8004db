"""Let hosts and mentors put anonymous candidates in order, or say that they are not suitable."""
