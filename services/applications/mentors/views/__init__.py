"""Read mentors' profiles: one with all its page shows, lists, and the words for their fields."""
