"""KIH XML, both ways."""
