"""What is measured, and how it is said: catalogue, reading, wire, and simulated homes."""
