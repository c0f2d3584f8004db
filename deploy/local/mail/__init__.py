"""Where does the local run's mail go? Into a catcher that takes every mail by SMTP and shows it in the browser."""
