"""The served page: who may read it, what it shows, and what it hears while it is open."""
