"""Read placements: one with all its page shows, lists, and the words for their fields."""
