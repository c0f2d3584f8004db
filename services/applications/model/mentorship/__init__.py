"""What may mentee and mentor do in their mentorship? Pure rules: agreement, goals, sessions, course, visit."""
