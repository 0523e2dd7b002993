"""Motion as the numbers that a network sees, and back to joint positions."""
