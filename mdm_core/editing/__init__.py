"""Changing a part of a motion: masks, and the constraints that samplers impose. No network lives here."""
