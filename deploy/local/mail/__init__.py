"""Catch the local run's mail: take every mail by SMTP and show it in the browser."""
