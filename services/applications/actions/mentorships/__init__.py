"""What do mentee and mentor do in their mentorship, and what do they see of it? One module a thing."""
