"""Read calls: their terms, what they ask of an officer, and what is being written."""
