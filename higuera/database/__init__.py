"""What a database is, what it should be, and whether old code can live with it. Pure."""
