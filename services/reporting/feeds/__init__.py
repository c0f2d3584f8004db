"""Publish figures as files. Each format takes figures that have passed disclosure control, and nothing else."""
