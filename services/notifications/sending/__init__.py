"""How a message becomes mail: contacts from the portal, the letter, the mail server, and the loop that does it."""
