"""The rules of notifications, pure: who is told what and when, in which words, and what falls due."""
