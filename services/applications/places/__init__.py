"""Let officers browse the published placements and mentors of an open call before they apply."""
