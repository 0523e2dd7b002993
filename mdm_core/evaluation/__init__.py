"""Measuring models. Nothing of it is needed to generate."""
