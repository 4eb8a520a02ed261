"""How a loaner is lent: its state, what is asked of it, what it hears, and what time does to it."""
