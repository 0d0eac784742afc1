"""`higuera doctor`: what would go wrong in a deploy, told before one. Reads, changes nothing."""
