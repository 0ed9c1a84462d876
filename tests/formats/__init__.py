"""What each format writes."""
