"""What does the programme coordinator decide about a partner country, and how does it take effect?"""
